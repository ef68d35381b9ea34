import type { OpenedConnection } from '../../nodes/define.ts'
import { intercomSandbox } from '../../nodes/intercom/sandbox/app.ts'
import { type RunningSandbox, startSandboxHost } from '../../nodes/sandbox/host.ts'

/** A record as the control paths show it; the tests know what is in it. */
export interface ShownRecord {
  id: string
  external_id: string | null
  email: string | null
  name: string | null
  event_name: string
  created_at: number
  archived: boolean
  custom_attributes: { [name: string]: unknown }
  metadata: { [name: string]: unknown }
  tags: Array<{ id: string; name: string }>
  accessToken: string
}

/** Intercom's stand-in alone, in memory. */
export const startIntercom = (now?: () => number): Promise<RunningSandbox> =>
  startSandboxHost({ apps: [intercomSandbox], port: 0, dataDir: null, ...(now ? { now } : {}) })

/** Calls a control path. @throws Error when it is refused */
export async function control(
  sandbox: RunningSandbox,
  ...[method, path, body]: ['POST' | 'DELETE', string, unknown?]
): Promise<{ data: ShownRecord }> {
  const response = await fetch(`${sandbox.url}/_sandbox/intercom/${path}`, requestOf(method, body))
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text === '' ? '{}' : text) as { data: ShownRecord }
}

/** The records of a type, oldest first. */
export async function records(sandbox: RunningSandbox, type: string): Promise<ShownRecord[]> {
  const response = await fetch(`${sandbox.url}/_sandbox/intercom/records/${type}`)
  return ((await response.json()) as { data: ShownRecord[] }).data
}

/** A connection with a token that works. */
export async function openIntercom(sandbox: RunningSandbox): Promise<OpenedConnection> {
  const { data } = await control(sandbox, 'POST', 'tokens')
  return {
    id: 'intercom-test',
    app: 'intercom',
    credentials: { accessToken: data.accessToken },
    settings: { baseUrl: `${sandbox.url}/intercom` },
  }
}

/** A plain call of the vendor's API, as any program could make it. */
export function call(
  { credentials, settings }: OpenedConnection,
  ...[method, path, body]: [string, string, unknown?]
): Promise<Response> {
  const init = requestOf(method, body)
  return fetch(`${String(settings.baseUrl)}${path}`, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${credentials.accessToken}` },
  })
}

function requestOf(
  method: string,
  body: unknown,
): { method: string; headers: { [name: string]: string }; body?: string } {
  if (body === undefined) return { method, headers: {} }
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
