/**
 * A fault is what went wrong with one step, said so that a person can act: who has to act, how to mend it, and
 * whether trying again can help. Connectors classify vendor errors into faults; they never loop.
 */

export type FaultCode =
  | 'AUTH_EXPIRED' // the grant is gone: a person reconnects
  | 'CONNECTION_PAUSED' // a person paused it, and opens it again
  | 'FORBIDDEN' // the grant lacks a permission
  | 'RATE_LIMITED' // the vendor said when to come back
  | 'QUOTA_EXHAUSTED' // a daily allowance is used up
  | 'VENDOR_UNAVAILABLE' // 5xx, connection refused: the call did not land
  | 'VENDOR_BUSY' // row locks and the like: soon again
  | 'OUTCOME_UNKNOWN' // the answer was lost after the call may have landed
  | 'NOT_FOUND' // the record is not there
  | 'DUPLICATE' // the vendor refused a duplicate
  | 'INVALID_INPUT' // the vendor or our schema refused the values
  | 'TEMPLATE_FAILED' // a {{ }} expression could not be worked out
  | 'CONNECTION_MISSING' // the step names a connection that is not there
  | 'CONFIGURATION' // the connection or the vendor account is set up wrongly
  | 'REFUSED_BY_POLICY' // consent, allow-list, network policy
  | 'INTERNAL' // our own defect

export type FaultActor = 'user' | 'vendor' | 'operator' | 'signalbox'

/** What the shell does about a fault; decided by `engine/run/retry.ts` from the code alone. */
export type RetryClass = 'never' | 'backoff' | 'after' | 'pause-connection' | 'settle'

export interface Fault {
  code: FaultCode
  who: FaultActor
  /** What happened, one sentence, with the vendor's own words where they help. Never a secret. */
  message: string
  /** What to do about it, one sentence in the imperative. */
  fix: string
  /** Milliseconds the vendor asked us to wait (Retry-After, X-RateLimit-Reset). */
  retryAfterMs?: number
  vendor?: { status?: number; code?: string; requestId?: string }
}

/** Thrown by clients and actions; the one way a fault leaves a connector. */
export class FaultError extends Error {
  readonly fault: Fault
  constructor(fault: Fault, options?: ErrorOptions) {
    super(`${fault.code}: ${fault.message} ${fault.fix}`, options)
    this.name = 'FaultError'
    this.fault = fault
  }
}
