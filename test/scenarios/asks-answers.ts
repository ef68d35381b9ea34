import type { Instance } from '../helpers/instance.ts'
import { insist, type Product } from './product.ts'

export type Port = 'approved' | 'rejected'

export interface Ask {
  id: string
  title: string
  run: { id: string }
  status: 'open' | 'answered' | 'expired' | 'over'
  answer: string | null
  decidedBy: string | null
}

/** The owner, signed in: who answers on the page, and sees the links. */
export async function answerer({ baseUrl, adminEmail: email, adminPassword: password }: Instance, product: Product) {
  const cookie = await insist(() => signIn(baseUrl, { email, password }))
  const signedIn = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(baseUrl + path, {
      method,
      headers: { cookie, origin: baseUrl, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const read = async <T>(path: string): Promise<T> => {
    const response = await signedIn('GET', path)
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
  const list = async (state: string): Promise<Ask[]> => {
    const all: Ask[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { data: Ask[]; nextCursor: string | null } = await read(
        `/v1/asks?state=${state}&limit=200${cursor && `&cursor=${cursor}`}`,
      )
      all.push(...page.data)
      cursor = page.nextCursor
    }
    return all
  }
  const linkOf = async (ask: Ask): Promise<string> => {
    const { steps } = await read<{ steps: Array<{ id: string; output: { link?: string } | null }> }>(
      `/v1/runs/${ask.run.id}`,
    )
    const link = steps.find(({ id }) => id === 'ask')?.output?.link
    if (link === undefined) throw new Error(`${ask.title} has no link yet.`)
    return new URL(link).pathname
  }
  const byLink = async (ask: Ask, port: Port): Promise<Response> => {
    const path = await insist(() => linkOf(ask), 300_000)
    return fetch(baseUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ decision: port, name: 'Ada', comment: port }).toString(),
      signal: AbortSignal.timeout(20_000),
    })
  }
  const byPage = (ask: Ask, port: Port) =>
    signedIn('POST', `/v1/asks/${ask.id}/answer`, { decision: port, comment: port })
  return {
    open: () => list('open'),
    over: async () => (await list('over')).length,
    ofRun: async (id: string) => (await product.api<{ data: Ask[] }>('GET', `/v1/runs/${id}/asks`)).data,
    /** Says it until it is taken or refused, as whoever presses the button again does. @returns whether it was taken */
    say: (ask: Ask, { port, by }: { port: Port; by: 'page' | 'link' }): Promise<boolean> =>
      insist(async () => {
        const { status } = await (by === 'link' ? byLink(ask, port) : byPage(ask, port))
        if (status !== 200 && status !== 409) throw new Error(`${ask.title} by ${by}: ${status}`)
        return status === 200
      }, 300_000),
  }
}

async function signIn(baseUrl: string, who: { email: string; password: string }): Promise<string> {
  const response = await fetch(`${baseUrl}/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: baseUrl },
    body: JSON.stringify(who),
  })
  if (!response.ok) throw new Error(`Signing in answered ${response.status}: ${await response.text()}`)
  return response.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
}
