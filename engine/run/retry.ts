import type { Fault, FaultCode, RetryClass } from '../../nodes/fault.ts'
import type { Instant } from '../model/rule.ts'

/** The one table from what went wrong to what is done about it. Connectors classify; only this decides. */
const RETRY: { [code in FaultCode]: RetryClass } = {
  AUTH_EXPIRED: 'pause-connection',
  QUOTA_EXHAUSTED: 'pause-connection',
  RATE_LIMITED: 'after',
  VENDOR_UNAVAILABLE: 'backoff',
  VENDOR_BUSY: 'backoff',
  // Ours to mend, and a release mends it: failing thousands of runs meanwhile would not.
  INTERNAL: 'backoff',
  OUTCOME_UNKNOWN: 'settle',
  FORBIDDEN: 'never',
  NOT_FOUND: 'never',
  DUPLICATE: 'never',
  INVALID_INPUT: 'never',
  TEMPLATE_FAILED: 'never',
  CONNECTION_MISSING: 'never',
  CONFIGURATION: 'never',
  REFUSED_BY_POLICY: 'never',
}

export const retryOf = (code: FaultCode): RetryClass => RETRY[code]

const FIRST_WAIT_MS = 1_000
/** So that a mended vendor is noticed within five minutes. */
const LONGEST_WAIT_MS = 5 * 60_000
/** At the longest wait this is about a day, so that a run outlives an outage of hours. */
const MOST_ATTEMPTS = 300
/** A limit is no failure: the vendor is well and has said when to come. Only an endless loop is cut off. */
const MOST_LIMITED_ATTEMPTS = 5_000

export type NextAttempt =
  | { kind: 'retry'; at: Instant }
  | { kind: 'failed' }
  /** Until its connection works again. */
  | { kind: 'held' }
  /** Whether it landed is unknown: the action's repeat mode decides; where it may act or look again, at `at`. */
  | { kind: 'settle'; at: Instant }

/**
 * When to try again after a fault.
 * @param attempt the one that failed; the first is 1
 * @param chance `random` in [0, 1) spreads the retries of many runs, so that they do not return as one wave
 */
export function nextAttempt(fault: Fault, attempt: number, chance: { now: Instant; random: number }): NextAttempt {
  switch (retryOf(fault.code)) {
    case 'never':
      return { kind: 'failed' }
    case 'pause-connection':
      return { kind: 'held' }
    case 'settle':
      return attempt >= MOST_ATTEMPTS
        ? { kind: 'failed' }
        : { kind: 'settle', at: afterBackoff(fault, attempt, chance) }
    case 'backoff':
      return attempt >= MOST_ATTEMPTS ? { kind: 'failed' } : { kind: 'retry', at: afterBackoff(fault, attempt, chance) }
    case 'after':
      if (attempt >= MOST_LIMITED_ATTEMPTS) return { kind: 'failed' }
      return { kind: 'retry', at: afterLimit(fault, attempt, chance) }
  }
}

function afterBackoff(fault: Fault, attempt: number, { now, random }: { now: Instant; random: number }): Instant {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt - 1, 20))
  return now + Math.max(fault.retryAfterMs ?? 0, Math.round(full * (0.5 + random / 2)))
}

/** Never before the vendor's own time; a little after it, spread. */
function afterLimit(fault: Fault, attempt: number, chance: { now: Instant; random: number }): Instant {
  if (fault.retryAfterMs === undefined) return afterBackoff(fault, attempt, chance)
  const spread = Math.min(5_000, Math.max(250, fault.retryAfterMs * 0.1))
  return chance.now + Math.ceil(fault.retryAfterMs + chance.random * spread)
}
