import { randomUUID } from 'node:crypto'
import type { ActionContext, ClientEnvironment, OpenedConnection, SubjectRef } from '../define.ts'
import { FaultError } from '../fault.ts'
import type { Json } from '../manifest.ts'
import { type RunningSandbox, startSandboxHost } from '../sandbox/host.ts'
import type { LoggedRequest } from '../sandbox/requests.ts'
import { salesforceClient } from './client.ts'
import { salesforceSandbox } from './sandbox/salesforce-sandbox.ts'
import type { SalesforceClient } from './types.ts'

export type Body = { [name: string]: Json }

/** A running stand-in with one connection to it: what the tests of this folder stand on. */
export interface SandboxSetup {
  host: RunningSandbox
  connection: OpenedConnection
  /** How often the budget was drawn on. */
  metered(): number
  /** How often a fresh grant was asked for. */
  refreshed(): number
  client(more?: Partial<ClientEnvironment>): Promise<SalesforceClient>
  /** A control path of the stand-in. @returns its `data` */
  control(method: string, path: string, body?: Body): Promise<Json>
  records(type: string): Promise<Body[]>
  put(type: string, body: Body): Promise<Body & { Id: string }>
  fault(rule: Body): Promise<void>
  /** Newest first, `GET /services/data/v66.0/…`. */
  calls(): Promise<string[]>
}

/** Starts a stand-in in memory on a free port, and a grant in it. */
export async function setUpSandbox(): Promise<SandboxSetup> {
  const host = await startSandboxHost({ apps: [salesforceSandbox], port: 0, dataDir: null })
  const control = async (method: string, path: string, body?: Body): Promise<Json> => {
    const response = await fetch(`${host.url}/_sandbox/salesforce${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text).data
  }
  const tokens = (await control('POST', '/tokens', {})) as { [name: string]: string }
  const connection: OpenedConnection = { id: randomUUID(), app: 'salesforce', credentials: tokens, settings: {} }
  const counts = { metered: 0, refreshed: 0 }
  return {
    host,
    connection,
    control,
    metered: () => counts.metered,
    refreshed: () => counts.refreshed,
    records: async (type) => (await control('GET', `/records/${type}`)) as Body[],
    put: async (type, body) => (await control('POST', `/records/${type}`, body)) as Body & { Id: string },
    fault: async (rule) => void (await control('POST', '/faults', rule)),
    calls: async () =>
      ((await control('GET', '/requests')) as unknown as LoggedRequest[]).map(({ method, path }) =>
        `${method} ${path}`.replace('/salesforce', ''),
      ),
    client: (more = {}) =>
      salesforceClient(connection, {
        meter: async () => void (counts.metered += 1),
        timeoutMs: 5_000,
        signal: new AbortController().signal,
        refresh: async () => {
          counts.refreshed += 1
          return renew(host, connection)
        },
        ...more,
      }),
  }
}

/** A refresh as the connections do it: rotation stored, a dead grant told apart. */
async function renew(host: RunningSandbox, connection: OpenedConnection): Promise<OpenedConnection> {
  const form = {
    grant_type: 'refresh_token',
    refresh_token: connection.credentials['refreshToken'] ?? '',
    client_id: 'test',
  }
  const response = await fetch(`${host.url}/salesforce/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const answer = await response.json()
  if (!response.ok)
    throw new FaultError({
      code: 'AUTH_EXPIRED',
      who: 'user',
      message: String(answer.error),
      fix: 'Reconnect Salesforce.',
    })
  const credentials = {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    instanceUrl: answer.instance_url,
  }
  connection.credentials = credentials
  return { ...connection, credentials }
}

/** A subject as the engine would look it up. */
export function subjectRef(kind: 'contact' | 'account', more: Partial<SubjectRef> = {}): SubjectRef {
  return { kind, id: randomUUID(), externalId: null, email: null, name: null, links: {}, properties: {}, ...more }
}

/** What the engine hands an action; links made are remembered on the subjects, as the store does. */
export function actionContext<I>(more: {
  input: I
  client: SalesforceClient
  subjects: SubjectRef[]
  key?: string
  intendedAt?: Date
}): ActionContext<I, SalesforceClient> {
  const { subjects, ...rest } = more
  const find = (kind: string, id: string): SubjectRef => {
    const found = subjects.find((subject) => subject.kind === kind && subject.id === id)
    if (!found)
      throw new FaultError({ code: 'NOT_FOUND', who: 'user', message: `No ${kind} ${id}.`, fix: 'Name another one.' })
    return found
  }
  return {
    key: `${randomUUID()}:step:1`,
    intendedAt: new Date(),
    ...rest,
    consent: () => Promise.resolve({ unsubscribed: false, unsubscribeUrl: null }),
    subject: async (kind, id) => find(kind, id),
    link: async (kind, id, vendorId) => {
      find(kind, id).links['salesforce'] = vendorId
    },
    signal: new AbortController().signal,
  }
}

/** The fault a promise ends with. @throws Error when it does not end with one */
export async function faultOf(work: Promise<unknown>): Promise<FaultError['fault']> {
  try {
    await work
  } catch (error) {
    if (error instanceof FaultError) return error.fault
    throw error
  }
  throw new Error('A fault was expected, and there was none.')
}
