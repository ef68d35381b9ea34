import type { Instant } from '../model/rule.ts'

/**
 * When an answer may change with no new data. Every function may say a time too early, never one too late:
 * whoever sleeps until then and looks again has missed nothing. `null` means never.
 */
export type ValidUntil = Instant | null

/** The answer hangs on each of them: it may change as soon as one does. */
export function soonest(times: readonly ValidUntil[]): ValidUntil {
  let best: ValidUntil = null
  for (const time of times) if (time !== null && (best === null || time < best)) best = time
  return best
}

/** The answer stands while any of them stands: it can change only once all have. One that never changes: never. */
export function latest(times: readonly ValidUntil[]): ValidUntil {
  let best: ValidUntil = null
  for (const time of times) {
    if (time === null) return null
    if (best === null || time > best) best = time
  }
  return best
}

/** `at` lies in (now − ms, now]: becomes true when `at` comes, false when it has left the window. */
export function withinLastUntil(at: Instant, ms: number, now: Instant): ValidUntil {
  if (at > now) return at
  return at + ms > now ? at + ms : null
}

/** `at` lies in (now, now + ms]: becomes true when the window reaches it, false when `at` comes. */
export function withinNextUntil(at: Instant, ms: number, now: Instant): ValidUntil {
  if (at <= now) return null
  return at - ms > now ? at - ms : at
}

/** `at` is before now: becomes true one millisecond after it. */
export const beforeNowUntil = (at: Instant, now: Instant): ValidUntil => (at < now ? null : at + 1)

/** `at` is after now: becomes false when it comes. */
export const afterNowUntil = (at: Instant, now: Instant): ValidUntil => (at > now ? at : null)

export interface EventWindow {
  /** Occurrence times, ascending. */
  times: readonly Instant[]
  /** Width in ms; null: for ever. */
  ms: number | null
  /** Whether a count satisfies the rule. */
  holds: (count: number) => boolean
}

/** How many of the times lie in (now − ms, now]. */
export function countWithin(window: EventWindow, now: Instant): number {
  return firstAfter(window.times, now) - (window.ms === null ? 0 : firstAfter(window.times, now - window.ms))
}

/** The exact moment at which the count's answer flips, events of the future included. */
export function eventsUntil(window: EventWindow, now: Instant): ValidUntil {
  const { times, ms, holds } = window
  let enter = firstAfter(times, now)
  let leave = ms === null ? 0 : firstAfter(times, now - ms)
  const before = holds(enter - leave)
  for (;;) {
    const entering = times[enter]
    const first = times[leave]
    const leaving = ms === null || first === undefined ? undefined : first + ms
    const moment = entering === undefined ? leaving : leaving === undefined ? entering : Math.min(entering, leaving)
    if (moment === undefined) return null
    while (times[enter] !== undefined && (times[enter] ?? 0) <= moment) enter += 1
    if (ms !== null) while (times[leave] !== undefined && (times[leave] ?? 0) + ms <= moment) leave += 1
    if (holds(enter - leave) !== before) return moment
  }
}

/** Index of the first time after `at`, by halving. */
function firstAfter(times: readonly Instant[], at: Instant): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low
}
