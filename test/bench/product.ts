import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { postgresUrl } from '../../bin/embedded/postgres.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { LoggedRequest } from '../../nodes/sandbox/requests.ts'
import type { Instance } from '../helpers/instance.ts'

const DATABASE = 'signalbox'

/** A running product, used as its customers use it: over HTTP, with a key or a session. */
export interface Product {
  instance: Instance
  /** @throws Error with the problem, when it is refused */
  rest<T>(method: string, path: string, body?: unknown): Promise<T>
  /** One call on a kept connection, answering its status only: costs the caller as little as can be. */
  send(path: string, body: unknown): Promise<number>
  /** Saves, publishes and turns on. */
  publish(slug: string, document: PlaybookDocument): Promise<void>
  /** Of a signed-in owner, as `name=value` pairs. */
  cookies(): Promise<Array<{ name: string; value: string }>>
  sandbox<T>(method: string, path: string, body?: unknown): Promise<T>
  /** The calls a sandbox answered, newest first. */
  calls(app: string, limit: number): Promise<LoggedRequest[]>
  /** Connects both sandboxes under the slugs `intercom` and `salesforce`. */
  connectSandboxes(): Promise<void>
  /** Resolves when every event that was accepted has been worked through. */
  untilDispatched(): Promise<void>
  close(): Promise<void>
}

export function productOf(instance: Instance): Product {
  const authorization = `Bearer ${instance.apiKey}`
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  const port = new URL(instance.baseUrl).port
  const origin = `http://localhost:${port}`
  const database = new pg.Client({ connectionString: databaseUrl(instance) })
  const connected = database.connect()

  const rest = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    json(`${instance.baseUrl}${path}`, { method, body, headers: { authorization } })
  const sandbox = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    json(`${instance.sandboxUrl}/_sandbox/${path}`, { method, body, headers: {} })
  const cookies = async () => {
    const response = await fetch(`${instance.baseUrl}/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ email: instance.adminEmail, password: instance.adminPassword }),
    })
    if (!response.ok) throw new Error(`The sign-in was refused: ${response.status} ${await response.text()}`)
    return response.headers.getSetCookie().map((line) => {
      const [pair = ''] = line.split(';', 1)
      const at = pair.indexOf('=')
      return { name: pair.slice(0, at), value: decodeURIComponent(pair.slice(at + 1)) }
    })
  }
  return {
    instance,
    rest,
    sandbox,
    cookies,
    send: (path, body) => post({ agent, port, path, authorization, text: JSON.stringify(body) }),
    async publish(slug, document) {
      await rest('PUT', `/v1/playbooks/${slug}`, document)
      await rest('POST', `/v1/playbooks/${slug}/publish`)
      const { status } = await rest<{ status: string }>('GET', `/v1/playbooks/${slug}`)
      if (status !== 'on') await rest('POST', `/v1/playbooks/${slug}/resume`, {})
    },
    calls: async (app, limit) =>
      (await sandbox<{ data: LoggedRequest[] }>('GET', `${app}/requests?limit=${limit}`)).data,
    async connectSandboxes() {
      const { data } = await rest<{ data: Array<{ slug: string }> }>('GET', '/v1/connections')
      const cookie = (await cookies()).map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join('; ')
      for (const app of ['intercom', 'salesforce']) {
        if (data.some(({ slug }) => slug === app)) continue
        const token = await sandbox<{ data: { accessToken: string } }>('POST', `${app}/tokens`, {})
        const { accessToken } = token.data
        const body = { app, slug: app, name: app, credentials: { accessToken }, sandbox: true }
        await json(`${instance.baseUrl}/trpc/connections.createToken`, {
          method: 'POST',
          body,
          headers: { cookie, origin },
        })
      }
    },
    async untilDispatched() {
      await connected
      for (;;) {
        const { rowCount } = await database.query(`SELECT 1 FROM events WHERE status = 'pending' LIMIT 1`)
        if (rowCount === 0) return
        await sleep(25)
      }
    },
    async close() {
      agent.destroy()
      await database.end()
    },
  }
}

/** Where a bench looks whether events are still to be worked through, and what came of them. */
export function databaseUrl({ dataDir }: Instance): string {
  const ports: { postgres: number } = JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8'))
  const password = readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim()
  return postgresUrl({ port: ports.postgres, password }, DATABASE)
}

async function json<T>(
  url: string,
  { method, body, headers }: { method: string; body: unknown; headers: Record<string, string> },
): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers: { ...headers, ...type }, ...sent })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${response.status} ${text.slice(0, 1000)}`)
  return (text === '' ? null : JSON.parse(text)) as T
}

interface Post {
  agent: Agent
  port: string
  path: string
  authorization: string
  text: string
}

function post({ agent, port, path, authorization, text }: Post): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(text)
    const headers = { authorization, 'content-type': 'application/json', 'content-length': length }
    const call = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    call.once('error', reject)
    call.end(text)
  })
}

/** Runs `work` over the items, so many at a time. @throws the first error of any */
export async function inLanes<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next]
      next += 1
      if (item !== undefined) await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
}
