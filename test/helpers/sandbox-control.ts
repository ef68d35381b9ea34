import type { Instance } from './instance.ts'

/** A record as the sandbox keeps it. */
export type SandboxRecord = { [field: string]: unknown }

/** What a test asks of a sandbox behind the vendor's own API. */
export interface SandboxControl {
  records(type: string): Promise<SandboxRecord[]>
  add(type: string, body: SandboxRecord): Promise<SandboxRecord>
  /** @see nodes/sandbox/faults.ts for the form of a rule */
  fault(rule: { [field: string]: unknown }): Promise<void>
  clearFaults(): Promise<void>
  /** Ends the grants given so far: `access` tokens only, or `refresh` tokens with them. */
  expire(what: 'access' | 'refresh'): Promise<void>
}

/** Tells a sandbox something at one of its control paths: `/intercom/expire`. */
export const tellSandbox = ({ url }: { url: string }, path: string, body: object = {}): Promise<Response> =>
  fetch(`${url}/_sandbox${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

export function sandboxControl(
  instance: Pick<Instance, 'sandboxUrl'>,
  vendor: 'intercom' | 'salesforce',
): SandboxControl {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${instance.sandboxUrl}/_sandbox/${vendor}${path}`, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} of the ${vendor} sandbox: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
  const data = (answer: unknown): unknown => (answer as { data: unknown }).data
  return {
    records: async (type) => data(await call('GET', `/records/${type}`)) as SandboxRecord[],
    add: async (type, body) => data(await call('POST', `/records/${type}`, body)) as SandboxRecord,
    fault: async (rule) => void (await call('POST', '/faults', rule)),
    clearFaults: async () => void (await call('DELETE', '/faults')),
    expire: async (what) => void (await call('POST', '/expire', { what })),
  }
}
