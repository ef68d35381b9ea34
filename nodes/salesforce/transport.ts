import { PassThrough } from 'node:stream'
import type { HttpRequest, HttpResponse } from '@jsforce/jsforce-node'
import { FaultError } from '../fault.ts'
import type { ClientEnvironment } from '../define.ts'
import { faultOfAnswer, faultOfLostAnswer, OAUTH_TOKEN_WORDS } from './faults.ts'

/** Where calls go and with what; replaced as a whole when the grant is renewed. */
export interface Grant {
  accessToken: string
  /** Without a trailing slash. */
  instanceUrl: string
}

export interface TransportSetup {
  environment: ClientEnvironment
  /** The grant in force now: another call may have renewed it. */
  grant(): Grant
  /** What no fault may tell. */
  secrets(): string[]
  /** Asks for a fresh grant and makes it the one in force. @throws FaultError AUTH_EXPIRED */
  renew(): Promise<Grant>
}

/**
 * One HTTP call of the SDK: drawn from the budget first, given up in time, renewed once when the session has expired,
 * and its failure classified. It stands in for the SDK's own transport because that one repeats calls by itself (five
 * times, unmetered), waits half an hour, and lets a connection that breaks in mid-answer end the process.
 * @throws FaultError
 */
export async function sendCall(request: HttpRequest, setup: TransportSetup): Promise<HttpResponse> {
  const sent = setup.grant()
  const answer = await sendOnce(request, sent, setup.environment)
  if (!isExpired(answer)) return accepted(request, answer, setup)
  // Another call may have renewed the grant while this one was under way.
  const current = setup.grant()
  const grant = current.accessToken === sent.accessToken ? await setup.renew() : current
  const moved = { ...request, url: grant.instanceUrl + request.url.slice(sent.instanceUrl.length) }
  return accepted(request, await sendOnce(moved, grant, setup.environment), setup)
}

async function sendOnce(request: HttpRequest, grant: Grant, environment: ClientEnvironment): Promise<HttpResponse> {
  if (!request.url.startsWith(`${grant.instanceUrl}/`))
    throw new Error('A Salesforce call was about to leave the instance of its connection.')
  if (request.body !== undefined && request.body !== null && typeof request.body !== 'string')
    throw new Error('Salesforce calls carry text bodies only.')
  await environment.meter()
  environment.signal.throwIfAborted()
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers, Authorization: `Bearer ${grant.accessToken}` },
      body: request.body ?? null,
      redirect: 'manual',
      signal: AbortSignal.any([environment.signal, AbortSignal.timeout(environment.timeoutMs)]),
    })
    // Read within the same deadline: an answer that breaks off is a lost answer.
    const body = await response.text()
    return { statusCode: response.status, headers: Object.fromEntries(response.headers), body }
  } catch (error) {
    throw lost(request.method, error)
  }
}

/** The data API says 401; the identity service says 403 and two words. */
const isExpired = ({ statusCode, body }: HttpResponse): boolean =>
  statusCode === 401 || (statusCode === 403 && OAUTH_TOKEN_WORDS.test(body))

function accepted(request: HttpRequest, answer: HttpResponse, setup: TransportSetup): HttpResponse {
  if (answer.statusCode >= 300 && answer.statusCode < 400) throw redirected(answer.statusCode)
  if (answer.statusCode < 400) return answer
  throw faultOfAnswer({
    method: request.method,
    status: answer.statusCode,
    body: setup.secrets().reduce((body, secret) => body.replaceAll(secret, '[token]'), answer.body),
    retryAfter: answer.headers['retry-after'],
    now: Date.now(),
  })
}

function redirected(status: number): FaultError {
  return new FaultError({
    code: 'CONFIGURATION',
    who: 'user',
    message: `Salesforce answered ${status} and sent the call to another address.`,
    fix: "Reconnect Salesforce with the org's own address (My Domain).",
    vendor: { status },
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

function lost(method: string, error: unknown): FaultError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = codeOf(cause)
  if (error instanceof DOMException) return faultOfLostAnswer(method, true, reasonOfAbort(error))
  return faultOfLostAnswer(method, !NOT_SENT.has(code), code)
}

function reasonOfAbort(error: DOMException): string {
  return error.name === 'TimeoutError' ? 'no answer in time' : 'the call was given up'
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}

/** The SDK asks for a stream beside each promise; we never use its streams. */
export const noStream = (): PassThrough => new PassThrough()
