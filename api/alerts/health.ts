/** When something counts as gone wrong, and when as well again. Pure: what was seen comes in, what follows goes out. */

/** One ended run, for the health of its playbook. */
export interface EndedRun {
  failed: boolean
  /** Milliseconds since 1970. */
  endedAt: number
}

export interface AlertLimits {
  /** Whether one failure after a success is enough. */
  firstFailure: boolean
  /** Of the runs that ended lately. */
  failedPercent: number
}

export const DEFAULT_LIMITS: AlertLimits = { firstFailure: true, failedPercent: 20 }

/** What ended longer ago says nothing of now. */
export const LATELY_MS = 24 * 3_600_000
/** Of fewer runs no share is told. */
const FEWEST = 10
/** So long nothing may have failed before it counts as well again: it would come and go with every run. */
const STEADY_MS = 10 * 60_000

export interface Health {
  /** `unsure`: neither failing nor steadily well: what it was before stays. */
  state: 'failing' | 'well' | 'unsure'
  failed: number
  ended: number
}

/** @param runs the latest that ended; those that were cancelled are none */
export function healthOf(runs: readonly EndedRun[], limits: AlertLimits, now: number): Health {
  const lately = runs.filter(({ endedAt }) => endedAt > now - LATELY_MS)
  const failed = lately.filter((run) => run.failed)
  const counts = { failed: failed.length, ended: lately.length }
  const newest = Math.max(...lately.map(({ endedAt }) => endedAt))
  const newestFailed = failed.some(({ endedAt }) => endedAt === newest)
  const share = lately.length >= FEWEST && failed.length * 100 >= limits.failedPercent * lately.length
  if (share || (limits.firstFailure && newestFailed)) return { state: 'failing', ...counts }
  const steady = failed.every(({ endedAt }) => endedAt <= now - STEADY_MS)
  return { state: steady ? 'well' : 'unsure', ...counts }
}

/** What came back so soon after it was told is told again only when it lasts. */
const REST_MS = 15 * 60_000

/** When a new alert is to be sent. @param lastTold when its forerunner was told of; null: never */
export const dueAt = (now: number, lastTold: number | null): number =>
  lastTold === null ? now : Math.max(now, lastTold + REST_MS)

const FIRST_RETRY_MS = 30_000
const LONGEST_RETRY_MS = 3_600_000
const MOST_ATTEMPTS = 12

/** When to send again after a failure; null: not any more. @param attempts that were made */
export const retryAt = (now: number, attempts: number): number | null =>
  attempts >= MOST_ATTEMPTS ? null : now + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1))
