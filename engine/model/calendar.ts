import { DAY, HOUR } from './duration.ts'
import type { CalendarUnit, CalendarWindow, Instant } from './rule.ts'

/**
 * Periods of the calendar in a zone. Every unit is a row of instants that never goes back, so that a period is what
 * lies from one to the next: also where clocks are changed at midnight, or a zone leaves a day out. Zones come from
 * `Intl`, which the workflow's isolate and the browser have as well.
 */

/** The years 100 to 9998: enough for any data, and `Date.UTC` reads smaller years as of the last century. */
const FIRST = Date.UTC(100, 0, 1)
const LAST = Date.UTC(9999, 0, 1)

/** Whether a moment lies in the years that clocks can be told in. */
export const inYearsOfData = (at: Instant): boolean => at >= FIRST && at < LAST

interface Zone {
  /** Local time less UTC, in ms. */
  offsetAt: (at: Instant) => number
  /** First instants of days, by days since 1970-01-01. */
  days: Map<number, Instant>
  hours: Map<number, Instant>
}

const MOST_KEPT = 20_000
const zones = new Map<string, Zone>()

function zoneOf(name: string): Zone {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone: Zone = { offsetAt: offsetIn(name), days: new Map(), hours: new Map() }
  if (zones.size >= 1000) zones.clear()
  zones.set(name, zone)
  return zone
}

/** Whether the name is one of the IANA time zone database, e.g. `Europe/Berlin`. */
export function isZone(name: string): boolean {
  // Newer engines take offsets (`+02:00`) as well; those know no daylight saving and are no names.
  if (name === '' || /^[+-]/.test(name)) return false
  if (zones.has(name)) return true
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

const SHOWN = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/

function offsetIn(name: string): (at: Instant) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (at) => {
    const shown = SHOWN.exec(format.format(at))
    if (shown === null) throw new Error(`The time in ${name} cannot be read from ${format.format(at)}.`)
    const [, month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = shown.map(Number)
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000
  }
}

/** The first instant whose local date is this one or a later one. @param day days since 1970-01-01 */
function startOfDay(zone: Zone, day: number): Instant {
  const known = zone.days.get(day)
  if (known !== undefined) return known
  const start = reach(zone, day * DAY)
  if (zone.days.size >= MOST_KEPT) zone.days.clear()
  zone.days.set(day, start)
  return start
}

/** When the clocks of a zone first show a time or a later one. @param local the time as if the zone were UTC */
function reach({ offsetAt }: Zone, local: number): Instant {
  const before = offsetAt(local - DAY)
  const after = offsetAt(local + DAY)
  // The earlier of two such times where clocks are put back over it.
  const [early, late] = before > after ? [before, after] : [after, before]
  if (offsetAt(local - early) === early) return local - early
  if (offsetAt(local - late) === late) return local - late
  // Clocks are put forward over it: what that change leaves out begins with it.
  let low = local - early
  let high = local - late
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (middle + offsetAt(middle) >= local) high = middle
    else low = middle
  }
  return high
}

function dayOf(zone: Zone, at: Instant): number {
  let day = Math.floor(at / DAY) + 1
  while (startOfDay(zone, day) > at) day -= 1
  return day
}

/**
 * The date that clocks in a zone show, in days since 1970-01-01; where they go back over midnight, the later of the two.
 * @throws RangeError where the zone does not exist, as all of these
 */
export const localDay = (zone: string, at: Instant): number => dayOf(zoneOf(zone), at)

/** What clocks in a zone show, in ms as if the zone were UTC. */
export const localTime = (zone: string, at: Instant): number => at + zoneOf(zone).offsetAt(at)

/**
 * The moment that a local time means: the first where it comes twice, the end of the gap where clocks leave it out.
 * @param local ms as if the zone were UTC
 */
export const momentOf = (zone: string, local: number): Instant =>
  modulo(local, DAY) === 0 ? startOfDay(zoneOf(zone), local / DAY) : reach(zoneOf(zone), local)

/** Hours are 60 minutes long; where they begin hangs on the part of an hour by which the zone is off UTC. */
function startOfHour(zone: Zone, hour: number): Instant {
  const known = zone.hours.get(hour)
  if (known !== undefined) return known
  const start = hour * HOUR - modulo(zone.offsetAt(hour * HOUR), HOUR)
  if (zone.hours.size >= MOST_KEPT) zone.hours.clear()
  zone.hours.set(hour, start)
  return start
}

function hourOf(zone: Zone, at: Instant): number {
  let hour = Math.floor(at / HOUR) + 1
  while (startOfHour(zone, hour) > at) hour -= 1
  return hour
}

const modulo = (n: number, by: number): number => ((n % by) + by) % by

const MONTHS = { month: 1, quarter: 3, year: 12 }

/** The number of the period that an instant lies in; the next has the next number. */
function periodOf(unit: CalendarUnit, zone: Zone, at: Instant): number {
  if (unit === 'hour') return hourOf(zone, at)
  const day = dayOf(zone, at)
  if (unit === 'day') return day
  // 1970-01-01 was a Thursday.
  if (unit === 'week') return Math.floor((day + 3) / 7)
  const date = new Date(day * DAY)
  return Math.floor((date.getUTCFullYear() * 12 + date.getUTCMonth()) / MONTHS[unit])
}

function startOf(unit: CalendarUnit, zone: Zone, period: number): Instant {
  if (unit === 'hour') return startOfHour(zone, period)
  if (unit === 'day') return startOfDay(zone, period)
  if (unit === 'week') return startOfDay(zone, period * 7 - 3)
  const month = period * MONTHS[unit]
  return startOfDay(zone, Date.UTC(Math.floor(month / 12), modulo(month, 12), 1) / DAY)
}

/** From `after` (exclusive) to `until` (inclusive), both in ms. */
export interface Bounds {
  after: Instant
  until: Instant
}

interface Running extends Bounds {
  /** The period that runs: from its first instant to that of the next. */
  from: Instant
  to: Instant
}

const running = new WeakMap<CalendarWindow, Running>()

function runningAt(window: CalendarWindow, now: Instant): Running {
  const known = running.get(window)
  if (known !== undefined && known.from <= now && now < known.to) return known
  const zone = zoneOf(window.zone)
  const unit = window.calendar
  const period = periodOf(unit, zone, now)
  const newest = period - (window.ago ?? 0)
  const found = {
    from: startOf(unit, zone, period),
    to: startOf(unit, zone, period + 1),
    after: startOf(unit, zone, newest - (window.count ?? 1) + 1) - 1,
    until: startOf(unit, zone, newest + 1) - 1,
  }
  running.set(window, found)
  return found
}

/**
 * Where the periods of a window lie at a moment: the whole periods. Of the one that runs, what lies after `now` has not
 * happened; whoever counts events takes the smaller of `until` and `now`.
 * @throws RangeError where the zone does not exist: `isZone` asks first
 */
export const windowAt = (window: CalendarWindow, now: Instant): Bounds => runningAt(window, now)

/** The moment the window moves on: when the next period begins. */
export const nextPeriod = (window: CalendarWindow, now: Instant): Instant => runningAt(window, now).to

const previous = new WeakMap<CalendarWindow, CalendarWindow>()

/** The same number of periods before those of the window: what a trend compares with. */
export function windowBefore(window: CalendarWindow): CalendarWindow {
  const known = previous.get(window)
  if (known !== undefined) return known
  const before = { ...window, ago: (window.ago ?? 0) + (window.count ?? 1) }
  previous.set(window, before)
  return before
}

/**
 * When the window begins and stops to hold a moment: it holds it at every `now` from `from` (inclusive) to `to`
 * (exclusive). Infinite for moments in years no data has.
 */
export function heldBy(window: CalendarWindow, at: Instant): Held {
  const known = held.get(window)
  if (known !== undefined && known.first <= at && at < known.next) return known
  if (at >= LAST) return { from: Infinity, to: Infinity }
  if (!(at >= FIRST)) return { from: -Infinity, to: -Infinity }
  const zone = zoneOf(window.zone)
  const unit = window.calendar
  const period = periodOf(unit, zone, at)
  const from = period + (window.ago ?? 0)
  const found = {
    first: startOf(unit, zone, period),
    next: startOf(unit, zone, period + 1),
    from: startOf(unit, zone, from),
    to: startOf(unit, zone, from + (window.count ?? 1)),
  }
  held.set(window, found)
  return found
}

interface Held {
  from: Instant
  to: Instant
}

/** The answer for the period that was last asked about: events come in order, many to a period. */
const held = new WeakMap<CalendarWindow, Held & { first: Instant; next: Instant }>()

const LONGEST: { [unit in CalendarUnit]: number } = {
  hour: HOUR,
  day: DAY,
  week: 7 * DAY,
  month: 31 * DAY,
  quarter: 92 * DAY,
  year: 366 * DAY,
}

/** How far back the window can reach from now at the most, in ms. */
export const longestReach = (window: CalendarWindow): number =>
  // Two days more for changes of clocks, and of the date where a zone crosses the date line.
  ((window.count ?? 1) + (window.ago ?? 0)) * LONGEST[window.calendar] + 2 * DAY
