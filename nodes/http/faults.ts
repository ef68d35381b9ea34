import { type Fault, FaultError } from '../fault.ts'

/** What is known of a call that went wrong. `landed`: whether a write may have been carried out. */
export interface Failed {
  /** e.g. `POST https://api.example.com/orders`: no query, no credentials. */
  what: string
  write: boolean
  hasSecret: boolean
}

const OWN_STATUS: { [status: number]: Pick<Fault, 'code' | 'who' | 'fix'> } = {
  403: { code: 'FORBIDDEN', who: 'user', fix: 'Give the caller the permission there, or call another address.' },
  404: { code: 'NOT_FOUND', who: 'user', fix: 'Correct the address in the step.' },
  408: { code: 'VENDOR_BUSY', who: 'vendor', fix: 'Wait; the call is repeated.' },
  409: { code: 'DUPLICATE', who: 'user', fix: 'Look whether the record exists there already.' },
  410: { code: 'NOT_FOUND', who: 'user', fix: 'Correct the address in the step: this one is gone.' },
  425: { code: 'VENDOR_BUSY', who: 'vendor', fix: 'Wait; the call is repeated.' },
}

/** The fault for an answer that is no success. @param words an excerpt of the answer, already free of secrets */
export function faultOfStatus(
  call: Failed,
  answer: { status: number; retryAfter: string | undefined; words: string },
): Fault {
  const { status } = answer
  const message = `${call.what} answered ${status}${answer.words === '' ? '.' : `: “${answer.words}”.`}`
  const wait = retryAfterMs(answer.retryAfter, new Date())
  const rest = { message, ...(wait !== null && { retryAfterMs: wait }), vendor: { status } }
  if (status === 429)
    return { code: 'RATE_LIMITED', who: 'vendor', fix: 'Wait; the call is repeated in time.', ...rest }
  if (status === 503) return { code: 'VENDOR_UNAVAILABLE', who: 'vendor', fix: 'Wait; the call is repeated.', ...rest }
  if (status >= 500)
    return call.write
      ? { code: 'OUTCOME_UNKNOWN', who: 'user', fix: 'Look in that system whether the call took effect.', ...rest }
      : { code: 'VENDOR_UNAVAILABLE', who: 'vendor', fix: 'Wait; the call is repeated.', ...rest }
  if (status === 401)
    return call.hasSecret
      ? { code: 'AUTH_EXPIRED', who: 'user', fix: 'Enter a new secret in Connections.', ...rest }
      : { code: 'FORBIDDEN', who: 'user', fix: 'Choose a connection with a secret for this address.', ...rest }
  const own = OWN_STATUS[status] ?? { code: 'INVALID_INPUT', who: 'user', fix: 'Correct the step’s fields.' }
  return { ...own, ...rest }
}

/** The fault for a call that got no whole answer. @param reached whether the connection stood, so that it may have landed */
export function faultOfLoss(call: Failed, reached: boolean, error: Error): FaultError {
  const reason = 'code' in error && typeof error.code === 'string' ? error.code : error.message
  if (reached && call.write)
    return new FaultError(
      {
        code: 'OUTCOME_UNKNOWN',
        who: 'user',
        message: `${call.what}: the answer was lost (${reason}), so the call may have taken effect.`,
        fix: 'Look in that system whether it did.',
      },
      { cause: error },
    )
  return new FaultError(
    {
      code: 'VENDOR_UNAVAILABLE',
      who: 'vendor',
      message: `${call.what} could not be reached (${reason}).`,
      fix: 'Check the host name; the call is repeated.',
    },
    { cause: error },
  )
}

/** Milliseconds until `Retry-After` (RFC 9110 §10.2.3: seconds or a date), or null where it says nothing usable. */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime())
}
