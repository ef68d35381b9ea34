import { type Fault, type FaultActor, type FaultCode, FaultError } from '../fault.ts'

/** An answer that is no success. */
export interface RefusedCall {
  method: string
  /** Whether the call changes anything: Intercom's searches are POSTs. */
  write: boolean
  status: number
  /** The body as it came, without secrets. */
  body: string
  header(name: string): string | null
  /** Now, in milliseconds since 1970: the vendor's times are absolute. */
  now: number
}

interface Row {
  code: FaultCode
  who: FaultActor
  fix: string
}
const row = (code: FaultCode, who: FaultActor, fix: string): Row => ({ code, who, fix })

const FIX_WAIT = 'Nothing to do: Signalbox tries again shortly.'
const invalid = row('INVALID_INPUT', 'user', "Correct the step's values to what Intercom takes.")
const missing = row('NOT_FOUND', 'user', 'Check that the record still exists in Intercom, then run the step again.')
const unavailable = row('VENDOR_UNAVAILABLE', 'vendor', FIX_WAIT)
const unknown = row('OUTCOME_UNKNOWN', 'signalbox', 'Nothing to do: Signalbox sends it again, which is safe here.')
const forbidden = row(
  'FORBIDDEN',
  'user',
  "Tick the missing permission for the app in Intercom's Developer Hub, then reconnect Intercom in Connections.",
)

/** Intercom's own codes, where they say more than the status. */
const CODES: { [code: string]: Row } = {
  api_plan_restricted: row(
    'FORBIDDEN',
    'user',
    'Move the Intercom workspace to a plan that includes this part of the API.',
  ),
  intercom_version_invalid: row('CONFIGURATION', 'operator', 'Update Signalbox: this Intercom API version is retired.'),
}

const STATUSES: { [status: number]: Row } = {
  401: row('AUTH_EXPIRED', 'user', 'Reconnect Intercom in Connections.'),
  403: forbidden,
  404: missing,
  406: row('INTERNAL', 'signalbox', 'Report this to the maintainers of Signalbox with the text above.'),
  408: unknown,
  409: row('DUPLICATE', 'user', 'Use the contact that Intercom names, or change the external id or e-mail.'),
  410: missing,
  423: row('VENDOR_BUSY', 'vendor', FIX_WAIT),
  429: row('RATE_LIMITED', 'vendor', FIX_WAIT),
  // "Service unavailable" is said before the work; 500, 502 and 504 may come after it.
  503: unavailable,
}

/** The fault an answer means. One table: Intercom's code first, then the status. */
export function faultOfAnswer(call: RefusedCall): FaultError {
  const { code, message, requestId } = errorIn(call.body)
  const found = (code === undefined ? undefined : CODES[code]) ?? rowOfStatus(call)
  const said = message ?? excerpt(call.body)
  const fault: Fault = {
    code: found.code,
    who: found.who,
    message: `Intercom answered ${call.status}${code ? ` (${code})` : ''}${said ? `: ${said.replace(/\.$/, '')}` : ''}.`,
    fix: found.fix,
    vendor: {
      status: call.status,
      ...(code === undefined ? {} : { code }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  }
  const wait = retryAfterMs(call)
  if (wait !== undefined) fault.retryAfterMs = wait
  return new FaultError(fault)
}

/**
 * The fault of a call without an answer.
 * @param call `sent`: whether the request may have reached Intercom
 */
export function faultOfLostAnswer(call: { method: string; write: boolean; sent: boolean; reason: string }): FaultError {
  const mayHaveLanded = call.sent && call.write
  const found = mayHaveLanded ? unknown : unavailable
  const message = mayHaveLanded
    ? `Intercom's answer to a ${call.method} was lost (${call.reason}), so whether it was done is not known.`
    : `Intercom could not be reached (${call.reason}).`
  return new FaultError({ code: found.code, who: found.who, message, fix: found.fix })
}

function rowOfStatus({ status, write }: RefusedCall): Row {
  const found = STATUSES[status] ?? (status >= 500 ? unknown : invalid)
  return found === unknown && !write ? unavailable : found
}

/** `Retry-After` in seconds or as a date, else `X-RateLimit-Reset` in seconds since 1970 when the call was limited. */
function retryAfterMs({ header, now, status }: RefusedCall): number | undefined {
  const after = header('retry-after')
  if (after !== null && /^\d+$/.test(after)) return Number(after) * 1000
  if (after !== null && !Number.isNaN(Date.parse(after))) return Math.max(0, Date.parse(after) - now)
  const reset = header('x-ratelimit-reset')
  // The header is on every answer; only a limited call has to heed it.
  if (status !== 429 || reset === null || !/^\d+$/.test(reset)) return undefined
  // Reset may lie in the past by our clock; the next window is at most one away.
  return Math.min(Math.max(Number(reset) * 1000 - now, 100), 60_000)
}

function errorIn(body: string): { code?: string; message?: string; requestId?: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return {} // a proxy's HTML page, or nothing: the status alone decides
  }
  if (!isRecord(parsed)) return {}
  const first: unknown = Array.isArray(parsed.errors) ? parsed.errors[0] : undefined
  return {
    ...(isRecord(first) && typeof first.code === 'string' ? { code: first.code } : {}),
    ...(isRecord(first) && typeof first.message === 'string' ? { message: first.message } : {}),
    ...(typeof parsed.request_id === 'string' ? { requestId: parsed.request_id } : {}),
  }
}

const isRecord = (value: unknown): value is { [name: string]: unknown } => typeof value === 'object' && value !== null

function excerpt(body: string): string {
  return body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
}
