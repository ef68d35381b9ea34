import type { Fault, FaultCode, RetryClass } from '../../nodes/fault.ts'
import type { RetryPolicy } from '../model/plan.ts'
import type { Instant } from '../model/rule.ts'

/** The one table from what went wrong to what is done about it. Connectors classify; only this decides. */
const RETRY: { [code in FaultCode]: RetryClass } = {
  AUTH_EXPIRED: 'pause-connection',
  CONNECTION_PAUSED: 'pause-connection',
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

/** Whether an attempt that ended so is one of those that the author allowed: at a limit nothing has failed. */
export const countsAsFailed = (code: FaultCode): boolean => RETRY[code] !== 'after'

/** The longest so that a mended vendor is noticed within five minutes. */
const BACKOFF = { initialMs: 1_000, coefficient: 2, maximumMs: 5 * 60_000 }
/** At the longest wait this is about a day, so that a run outlives an outage of hours. */
const MOST_ATTEMPTS = 300
/** A limit is no failure: the vendor is well and has said when to come. Only an endless loop is cut off. */
const MOST_LIMITED_ATTEMPTS = 5_000

/** A step's policy, when the attempts began that it counts, and how many of them have failed before this one. */
export interface RetryLimits extends RetryPolicy {
  since: Instant
  failed: number
}

export type NextAttempt =
  | { kind: 'retry'; at: Instant }
  /** `gaveUp`: a repeat might have helped, and the author's limits are used up. */
  | { kind: 'failed'; gaveUp?: string }
  /** Until its connection works again. */
  | { kind: 'held' }
  /** Whether it landed is unknown: the action's repeat mode decides; where it may act or look again, at `at`. */
  | { kind: 'settle'; at: Instant }

interface Chance {
  now: Instant
  /** In [0, 1): spreads the retries of many runs, so that they do not return as one wave. */
  random: number
  /** Left out: as for any fault. */
  limits?: RetryLimits
}

/**
 * When to try again after a fault. A policy narrows what the table allows: how many attempts may fail, and until when
 * one may begin. Finding out whether a write landed is no repeat; only the policy's end of time ends it too.
 * @param attempt the one that failed; the first is 1
 */
export function nextAttempt(fault: Fault, attempt: number, chance: Chance): NextAttempt {
  switch (retryOf(fault.code)) {
    case 'never':
      return { kind: 'failed' }
    case 'pause-connection':
      return { kind: 'held' }
    case 'settle':
      return attempt >= MOST_ATTEMPTS
        ? { kind: 'failed' }
        : inTime({ kind: 'settle', at: afterBackoff(fault, attempt, chance) }, chance)
    case 'backoff':
      return afterFailure(fault, attempt, chance)
    case 'after':
      if (attempt >= MOST_LIMITED_ATTEMPTS) return { kind: 'failed' }
      return inTime({ kind: 'retry', at: afterLimit(fault, attempt, chance) }, chance)
  }
}

function afterFailure(fault: Fault, attempt: number, chance: Chance): NextAttempt {
  const { limits } = chance
  if (limits === undefined)
    return attempt >= MOST_ATTEMPTS ? { kind: 'failed' } : { kind: 'retry', at: afterBackoff(fault, attempt, chance) }
  const failed = limits.failed + 1
  if (failed >= limits.attempts)
    return {
      kind: 'failed',
      gaveUp: failed === 1 ? 'The step is not tried again.' : `Given up after ${failed} attempts.`,
    }
  return inTime({ kind: 'retry', at: afterBackoff(fault, failed, chance) }, chance)
}

/** Nothing is begun after the policy's end. */
function inTime(next: NextAttempt & { at: Instant }, { limits }: Chance): NextAttempt {
  if (limits === undefined || limits.withinMs === null || next.at <= limits.since + limits.withinMs) return next
  return { kind: 'failed', gaveUp: 'Given up: the time that the step gives its attempts is over.' }
}

function afterBackoff(fault: Fault, attempt: number, { now, random, limits }: Chance): Instant {
  const { initialMs, coefficient, maximumMs } = limits?.backoff ?? BACKOFF
  // Beyond any maximum long before the power would overflow.
  const full = Math.min(maximumMs, initialMs * coefficient ** Math.min(attempt - 1, 50))
  return now + Math.max(fault.retryAfterMs ?? 0, Math.round(full * (0.5 + random / 2)))
}

/** Never before the vendor's own time; a little after it, spread. */
function afterLimit(fault: Fault, attempt: number, chance: Chance): Instant {
  if (fault.retryAfterMs === undefined) return afterBackoff(fault, attempt, chance)
  const spread = Math.min(5_000, Math.max(250, fault.retryAfterMs * 0.1))
  return chance.now + Math.ceil(fault.retryAfterMs + chance.random * spread)
}
