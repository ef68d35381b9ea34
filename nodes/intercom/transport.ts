import type { ClientEnvironment, OpenedConnection } from '../define.ts'
import { FaultError } from '../fault.ts'
import { refuseAddress, STANDARD_ADDRESS } from './address.ts'
import { faultOfAnswer, faultOfLostAnswer } from './faults.ts'

/** The contact asked for lives on as another one. */
export class MergedError extends Error {
  readonly into: string
  constructor(into: string) {
    super(`The contact was merged into ${into}.`)
    this.name = 'MergedError'
    this.into = into
  }
}

/** @throws FaultError CONFIGURATION naming what is missing */
export function tokenOf({ credentials }: OpenedConnection): string {
  if (!credentials.accessToken) throw misconfigured('The Intercom connection has no access token.')
  return credentials.accessToken
}

/** Without a trailing slash. @throws FaultError CONFIGURATION */
export function addressOf({ settings }: OpenedConnection): string {
  const address = settings.baseUrl ?? STANDARD_ADDRESS
  const refusal = typeof address === 'string' ? refuseAddress(address) : 'It is no text.'
  if (typeof address !== 'string' || refusal !== null)
    throw misconfigured(`The API address of the Intercom connection is refused. ${refusal}`)
  return address.replace(/\/+$/, '')
}

const misconfigured = (message: string): FaultError =>
  new FaultError({ code: 'CONFIGURATION', who: 'user', message, fix: 'Reconnect Intercom in Connections.' })

/**
 * A `fetch` for the SDK: each call is drawn from the budget first, ends within the time limit including its body, is
 * made once more when the connection had a newer token, and fails with a FaultError or a MergedError.
 */
export function transport(connection: OpenedConnection, environment: ClientEnvironment): typeof fetch {
  let token = tokenOf(connection)
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    await environment.meter()
    if (environment.signal.aborted)
      throw faultOfLostAnswer({ ...kindOf(url, init), sent: false, reason: 'the call was given up before it was made' })
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    return once(url, { ...init, headers }, environment)
  }
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input)
    const sent = token
    let response = await send(url, init)
    if (response.status === 401) {
      // A person may have reconnected meanwhile. Intercom's tokens do not expire, so the same one is no use.
      if (token === sent) token = tokenOf(await environment.refresh())
      if (token !== sent) response = await send(url, init)
    }
    if (response.ok) return response
    throw await refused(response, { ...kindOf(url, init), secrets: [sent, token] })
  }
}

interface Kind {
  method: string
  write: boolean
}

/** What was called, for the words and the class of a fault. Searches are POSTs that only read. */
function kindOf(url: string, { method = 'GET' }: RequestInit): Kind {
  const reads = method === 'GET' || method === 'HEAD' || new URL(url).pathname.endsWith('/search')
  return { method, write: !reads }
}

async function once(url: string, init: RequestInit, environment: ClientEnvironment): Promise<Response> {
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.any([environment.signal, AbortSignal.timeout(environment.timeoutMs)]),
    })
    // Read here: a body that stops half-way is a lost answer too.
    const body = await response.text()
    const bodiless = response.status === 204 || response.status === 304
    return new Response(bodiless ? null : body, { status: response.status, headers: response.headers })
  } catch (error) {
    throw lost(kindOf(url, init), error)
  }
}

async function refused(response: Response, call: Kind & { secrets: string[] }): Promise<Error> {
  const { status, headers } = response
  if (status >= 300 && status < 400)
    return misconfigured(`Intercom answered ${status} and sent the call to another address.`)
  const survivor = status === 410 ? /<\/contacts\/([^>/]+)>;\s*rel="canonical"/.exec(headers.get('link') ?? '') : null
  if (survivor?.[1]) return new MergedError(survivor[1])
  const text = await response.text()
  const body = call.secrets.reduce((left, secret) => left.replaceAll(secret, '[token]'), text)
  return faultOfAnswer({
    method: call.method,
    write: call.write,
    status,
    body,
    header: (name) => headers.get(name),
    now: Date.now(),
  })
}

/** Failures before a connection stood: nothing can have landed. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function lost(kind: Kind, error: unknown): FaultError {
  if (error instanceof DOMException) {
    const reason = error.name === 'TimeoutError' ? 'no answer in time' : 'the call was given up'
    return faultOfLostAnswer({ ...kind, sent: true, reason })
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const reason = codeOf(cause)
  return faultOfLostAnswer({ ...kind, sent: !NOT_SENT.has(reason), reason })
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}
