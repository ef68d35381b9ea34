import type { Instant } from '../model/rule.ts'
import { countUpTo, type Sliding } from './windows.ts'

/**
 * When an answer may change with no new data. Every function may say a time too early, never one too late:
 * whoever sleeps until then and looks again has missed nothing. `null` means never.
 */
export type ValidUntil = Instant | null

/** What data says of later years is never awaited: no calendar has them, and neither has the database. */
const END_OF_TIME: Instant = Date.UTC(9999, 0, 1)

export const awaited = (time: ValidUntil): ValidUntil => (time === null || time < END_OF_TIME ? time : null)

/** The answer hangs on each of them: it may change as soon as one does. */
export function soonest(times: readonly ValidUntil[]): ValidUntil {
  let best: ValidUntil = null
  for (const time of times) if (time !== null && (best === null || time < best)) best = time
  return best
}

/** The answer stands until so many of them have changed: the moment of the last of these. @param needed at least 1 */
export function nthSoonest(times: readonly ValidUntil[], needed: number): ValidUntil {
  const known: Instant[] = []
  for (const time of times) if (time !== null) known.push(time)
  return known.toSorted((a, b) => a - b)[needed - 1] ?? null
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

/** `at` is before now − ms: becomes true one millisecond after that much time. */
export const moreThanAgoUntil = (at: Instant, ms: number, now: Instant): ValidUntil =>
  at + ms < now ? null : at + ms + 1

/** `at` is after now + ms: becomes false when only that much time is left. */
export const moreThanAheadUntil = (at: Instant, ms: number, now: Instant): ValidUntil =>
  at - ms > now ? at - ms : null

/** True from `from` (inclusive) to `to` (exclusive). */
export function heldUntil({ from, to }: { from: Instant; to: Instant }, now: Instant): ValidUntil {
  if (from >= to || to <= now) return null
  const next = now < from ? from : to
  return Number.isFinite(next) ? next : null
}

/** How many of the times, which ascend, lie in the window. */
export const countWithin = (times: readonly Instant[], sliding: Sliding, now: Instant): number =>
  Math.max(0, countUpTo(times, sliding.until(now)) - countUpTo(times, sliding.after(now)))

/** The exact moment at which the count's answer flips, events of the future included. */
export function countUntil(
  times: readonly Instant[],
  sliding: Sliding,
  { now, holds }: { now: Instant; holds: (count: number) => boolean },
): ValidUntil {
  let enter = countUpTo(times, sliding.until(now))
  let leave = Math.min(enter, countUpTo(times, sliding.after(now)))
  const before = holds(enter - leave)
  const entersAt = (i: number): Instant => (i < times.length ? sliding.enters(times[i] ?? 0) : Infinity)
  const leavesAt = (i: number): Instant => (i < times.length ? sliding.leaves(times[i] ?? 0) : Infinity)
  let entering = entersAt(enter)
  let leaving = leavesAt(leave)
  for (;;) {
    const moment = Math.min(entering, leaving)
    if (moment === Infinity) return null
    while (entering <= moment) entering = entersAt((enter += 1))
    while (leaving <= moment) leaving = leavesAt((leave += 1))
    if (holds(enter - leave) !== before) return moment
  }
}

/** Beyond so many moments an answer that may not have changed is asked again: early, and no long search. */
export const MOST_MOMENTS = 64

/**
 * Looks at one moment after the other until the answer is another one.
 * @param look.next the next moment after `at` at which it may change
 */
export function scanUntil(
  now: Instant,
  before: boolean,
  look: { next: (at: Instant) => ValidUntil; holds: (at: Instant) => boolean },
): ValidUntil {
  let at = now
  for (let moments = 1; ; moments += 1) {
    const next = awaited(look.next(at))
    if (next === null || moments >= MOST_MOMENTS || look.holds(next) !== before) return next
    at = next
  }
}
