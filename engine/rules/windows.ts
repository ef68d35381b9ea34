import { heldBy, windowAt, windowBefore } from '../model/calendar.ts'
import { parseDuration } from '../model/duration.ts'
import type { Instant, Window } from '../model/rule.ts'

/**
 * A window that slides along with now. Of a moment it says when it begins and stops to lie in the window, which is all
 * that `validUntil` needs; both never go back as the moment goes on.
 */
export interface Sliding {
  /** Exclusive; −Infinity: for ever. */
  after: (now: Instant) => Instant
  /** Inclusive, never later than now. */
  until: (now: Instant) => Instant
  /** The first now at which the window holds the moment. */
  enters: (at: Instant) => Instant
  /** The first now at which it no longer does; Infinity: never. */
  leaves: (at: Instant) => Instant
}

export const EVER: Sliding = {
  after: () => -Infinity,
  until: (now) => now,
  enters: (at) => at,
  leaves: () => Infinity,
}

const MOST_KEPT = 10_000

/** Remembers what texts and windows mean: every evaluation of a rule asks again. */
const durations = new Map<string, number | null>()
const byText = new Map<string, { within: Sliding; before: Sliding } | null>()
const byWindow = new WeakMap<object, { within: Sliding; before: Sliding }>()

/** @returns milliseconds, or null where the text is no duration */
export function durationMs(text: string): number | null {
  const known = durations.get(text)
  if (known !== undefined) return known
  const parsed = parseDuration(text)
  if (durations.size >= MOST_KEPT) durations.clear()
  const ms = parsed.ok ? parsed.ms : null
  durations.set(text, ms)
  return ms
}

/** @returns null where the window is none, which `checkRule` refuses */
export function slidingOf(window: Window | undefined): Sliding | null {
  return window === undefined ? EVER : (pairOf(window)?.within ?? null)
}

/** The window before it, of the same length: what a trend compares with. */
export const slidingBefore = (window: Window): Sliding | null => pairOf(window)?.before ?? null

function pairOf(window: Window): { within: Sliding; before: Sliding } | null {
  if (typeof window === 'string') {
    const known = byText.get(window)
    if (known !== undefined) return known
    const ms = durationMs(window)
    const pair = ms === null ? null : { within: rolling(0, ms), before: rolling(ms, ms) }
    if (byText.size >= MOST_KEPT) byText.clear()
    byText.set(window, pair)
    return pair
  }
  const known = byWindow.get(window)
  if (known !== undefined) return known
  const pair = { within: calendar(window), before: calendar(windowBefore(window)) }
  byWindow.set(window, pair)
  return pair
}

const rolling = (ago: number, ms: number): Sliding => ({
  after: (now) => now - ago - ms,
  until: (now) => now - ago,
  enters: (at) => at + ago,
  leaves: (at) => at + ago + ms,
})

const calendar = (window: Exclude<Window, string>): Sliding => ({
  after: (now) => windowAt(window, now).after,
  until: (now) => Math.min(windowAt(window, now).until, now),
  enters: (at) => Math.max(heldBy(window, at).from, at),
  leaves: (at) => heldBy(window, at).to,
})

/** The bounds in words for a trace; a rolling window's follow from the rule. */
export function boundsNote(window: Window | undefined, now: Instant): string | undefined {
  if (window === undefined || typeof window === 'string') return undefined
  const { after, until } = windowAt(window, now)
  return `from ${new Date(after + 1).toISOString()} to ${new Date(Math.min(until, now)).toISOString()}`
}

/** How many of the times, which ascend, are not later than `at`: the index of the first that is. */
export function countUpTo(times: readonly Instant[], at: Instant): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** The earliest moment after `now` at which one of the times enters or leaves the window; null: none ever does. */
export function nextMove(times: readonly Instant[], sliding: Sliding, now: Instant): Instant | null {
  const entering = firstBeyond(times, sliding.enters, now)
  const leaving = firstBeyond(times, sliding.leaves, now)
  const next = Math.min(entering, leaving)
  return next === Infinity ? null : next
}

/** The smallest `when(time)` that is later than now; `when` never goes back along the times. */
function firstBeyond(times: readonly Instant[], when: (at: Instant) => Instant, now: Instant): Instant {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (when(times[middle] ?? 0) <= now) low = middle + 1
    else high = middle
  }
  const found = times[low]
  return found === undefined ? Infinity : when(found)
}
