import { localDay, momentOf } from './calendar.ts'
import { DAY, MINUTE } from './duration.ts'
import { isDateAlone, parseInstant } from './instant.ts'
import type { Instant } from './rule.ts'

/** Times of day and weekly hours by the clocks of a zone; `calendar.ts` says what happens where those are changed. */

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** Open from `from` until before `to`, local time, on each of the days. */
export interface OpenWindow {
  /** The days on which it begins. */
  days: Weekday[]
  /** `HH:MM` */
  from: string
  /** `HH:MM` or `24:00`. One that is not after `from` is on the day after: 22:00 to 06:00. */
  to: string
}

export interface Hours {
  windows: OpenWindow[]
  /** Local dates (`2026-12-25`) that are closed from midnight to midnight, also for a window of the day before. */
  pauses: string[]
  /** IANA name. */
  zone: string
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/

/** Minutes since midnight of `HH:MM`. @throws RangeError where it is no time of day */
export function minuteOfDay(time: string): number {
  const found = TIME.exec(time)
  if (found === null) throw new RangeError(`${JSON.stringify(time)} is no time of day: write HH:MM, such as 09:00.`)
  return Number(found[1]) * 60 + Number(found[2])
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): Weekday => WEEKDAYS[(((day + 3) % 7) + 7) % 7] ?? 'mon'

const startOf = (zone: string, day: number): Instant => momentOf(zone, day * DAY)

/**
 * The next moment, after `at`, at which clocks show the time on one of the days.
 * @returns null where no day is named
 */
export function nextTimeOfDay(
  at: Instant,
  { time, days = [...WEEKDAYS], zone }: { time: string; days?: readonly Weekday[]; zone: string },
): Instant | null {
  const minute = minuteOfDay(time)
  const today = localDay(zone, at)
  // Two weeks: a zone may leave out a date, and that is the one day asked for.
  for (let day = today - 1; day <= today + 14; day += 1) {
    if (!days.includes(weekdayOf(day))) continue
    const moment = momentOf(zone, day * DAY + minute * MINUTE)
    if (moment > at && startOf(zone, day) < startOf(zone, day + 1)) return moment
  }
  return null
}

/**
 * The first moment, at or after `at`, that lies in a window and on no date of pause.
 * @returns null where there never is one
 */
export function nextOpen(at: Instant, { windows, pauses, zone }: Hours): Instant | null {
  const closed = new Set(pauses.map(dayNamed))
  const today = localDay(zone, at)
  // Each pause puts off a window by a week at the most; a change of clocks, or a date left out, by one more.
  for (let day = today; day <= today + 7 * (closed.size + 3); day += 1) {
    if (closed.has(day)) continue
    const opening = partsOf(windows, day).flatMap(([from, to]) => {
      const end = momentOf(zone, day * DAY + to * MINUTE)
      const start = Math.max(at, momentOf(zone, day * DAY + from * MINUTE))
      return start < end ? [start] : []
    })
    if (opening.length > 0) return Math.min(...opening)
  }
  return null
}

/** What of the windows lies within a day, in minutes since its midnight. */
function partsOf(windows: readonly OpenWindow[], day: number): Array<[from: number, to: number]> {
  return windows.flatMap(({ days, from, to }) => {
    const [begin, end] = [minuteOfDay(from), to === '24:00' ? 24 * 60 : minuteOfDay(to)]
    const across = end <= begin
    const parts: Array<[number, number]> = []
    if (days.includes(weekdayOf(day))) parts.push([begin, across ? 24 * 60 : end])
    if (across && days.includes(weekdayOf(day - 1))) parts.push([0, end])
    return parts
  })
}

/** @throws RangeError where it is no date */
function dayNamed(date: string): number {
  const at = isDateAlone(date) ? parseInstant(date) : null
  if (at === null) throw new RangeError(`${JSON.stringify(date)} is no date: write it as 2026-12-25.`)
  return at / DAY
}
