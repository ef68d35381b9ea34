import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Hours,
  minuteOfDay,
  nextOpen,
  nextTimeOfDay,
  type OpenWindow,
  WEEKDAYS,
  type Weekday,
} from './business-hours.ts'
import { DAY, MINUTE } from './duration.ts'

const iso = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString().replace(':00.000Z', 'Z')

describe('nextTimeOfDay', () => {
  const next = (at: string, time: string, more: { zone: string; days?: Weekday[] }) =>
    iso(nextTimeOfDay(Date.parse(at), { time, ...more }))

  it('is later today, or tomorrow', () => {
    expect(next('2026-07-01T06:59:59.999Z', '09:00', { zone: 'Europe/Berlin' })).toBe('2026-07-01T07:00Z')
    expect(next('2026-07-01T07:00:00.001Z', '09:00', { zone: 'Europe/Berlin' })).toBe('2026-07-02T07:00Z')
  })

  it('is tomorrow where it is that time now: a run waits, however quick its steps are', () => {
    expect(next('2026-07-01T07:00:00Z', '09:00', { zone: 'Europe/Berlin' })).toBe('2026-07-02T07:00Z')
  })

  it('goes by the date in the zone, not in UTC', () => {
    // Wednesday 23:30 in UTC is Thursday in Tokyo and still Wednesday in New York.
    expect(next('2026-07-01T23:30:00Z', '09:00', { zone: 'Asia/Tokyo', days: ['thu'] })).toBe('2026-07-02T00:00Z')
    expect(next('2026-07-01T23:30:00Z', '21:00', { zone: 'America/New_York', days: ['wed'] })).toBe('2026-07-02T01:00Z')
  })

  it.each([
    // 02:30 is left out: 03:00 summer time.
    { zone: 'Europe/Berlin', from: '2026-03-28T12:00:00Z', time: '02:30', at: '2026-03-29T01:00Z' },
    { zone: 'America/New_York', from: '2026-03-08T01:00:00Z', time: '02:30', at: '2026-03-08T07:00Z' },
    // At 2:00 clocks jump to 2:30.
    { zone: 'Australia/Lord_Howe', from: '2026-10-03T12:00:00Z', time: '02:10', at: '2026-10-03T15:30Z' },
    { zone: 'Australia/Lord_Howe', from: '2026-10-03T12:00:00Z', time: '02:30', at: '2026-10-03T15:30Z' },
    // 02:30 comes twice: the first.
    { zone: 'Europe/Berlin', from: '2026-10-24T12:00:00Z', time: '02:30', at: '2026-10-25T00:30Z' },
    { zone: 'America/New_York', from: '2026-10-31T12:00:00Z', time: '01:30', at: '2026-11-01T05:30Z' },
    { zone: 'Australia/Lord_Howe', from: '2026-04-04T12:00:00Z', time: '01:45', at: '2026-04-04T14:45Z' },
    // Between the two: not the second, but tomorrow.
    { zone: 'Europe/Berlin', from: '2026-10-25T01:00:00Z', time: '02:30', at: '2026-10-26T01:30Z' },
    // The day after each change, at the same time by the clock.
    { zone: 'Europe/Berlin', from: '2026-03-29T07:00:00Z', time: '09:00', at: '2026-03-30T07:00Z' },
    { zone: 'Europe/Berlin', from: '2026-10-24T07:00:00Z', time: '09:00', at: '2026-10-25T08:00Z' },
    { zone: 'Asia/Kolkata', from: '2026-10-24T07:00:00Z', time: '09:00', at: '2026-10-25T03:30Z' },
    // 30 December 2011 was left out, and nothing was done on it.
    { zone: 'Pacific/Apia', from: '2011-12-30T06:00:00Z', time: '09:00', at: '2011-12-30T19:00Z' },
  ])('in $zone from $from, $time is at $at', ({ zone, from, time, at }) => {
    expect(next(from, time, { zone })).toBe(at)
  })

  it('waits a week where the one day asked for has no such date', () => {
    expect(next('2011-12-29T22:00:00Z', '09:00', { zone: 'Pacific/Apia', days: ['fri'] })).toBe('2012-01-05T19:00Z')
  })

  it('never comes where no day is named', () => {
    expect(next('2026-07-01T00:00:00Z', '09:00', { zone: 'UTC', days: [] })).toBeNull()
  })

  it('refuses what is no time of day', () => {
    for (const time of ['9:00', '24:00', '09:60', '09:00:00', '', 'noon'])
      expect(() => minuteOfDay(time)).toThrow(/write HH:MM, such as 09:00/)
  })
})

describe('nextOpen', () => {
  const office: OpenWindow[] = [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }]
  const night: OpenWindow[] = [{ days: ['fri'], from: '22:00', to: '06:00' }]
  const open = (at: string, windows: OpenWindow[], more: Partial<Hours> = {}) =>
    iso(nextOpen(Date.parse(at), { windows, pauses: [], zone: 'Europe/Berlin', ...more }))

  it('is now while a window is open, and when it opens next while none is', () => {
    expect(open('2026-07-01T12:00:00Z', office)).toBe('2026-07-01T12:00Z')
    expect(open('2026-07-01T07:00:00Z', office)).toBe('2026-07-01T07:00Z')
    expect(open('2026-07-01T15:00:00Z', office)).toBe('2026-07-02T07:00Z')
    expect(open('2026-07-03T16:00:00Z', office)).toBe('2026-07-06T07:00Z')
  })

  it('knows a window across midnight from either side of it', () => {
    expect(open('2026-07-03T19:00:00Z', night)).toBe('2026-07-03T20:00Z')
    expect(open('2026-07-03T21:30:00Z', night)).toBe('2026-07-03T21:30Z')
    expect(open('2026-07-04T03:59:00Z', night)).toBe('2026-07-04T03:59Z')
    expect(open('2026-07-04T04:00:00Z', night)).toBe('2026-07-10T20:00Z')
    // Early on Friday it is Thursday's night, and that is not open.
    expect(open('2026-07-03T01:00:00Z', night)).toBe('2026-07-03T20:00Z')
  })

  it('takes the earliest of several windows, up to 24:00', () => {
    const both: OpenWindow[] = [
      { days: ['sat'], from: '18:00', to: '24:00' },
      { days: ['sat'], from: '10:00', to: '12:00' },
    ]
    expect(open('2026-07-04T06:00:00Z', both)).toBe('2026-07-04T08:00Z')
    expect(open('2026-07-04T10:00:00Z', both)).toBe('2026-07-04T16:00Z')
    expect(open('2026-07-04T21:59:00Z', both)).toBe('2026-07-04T21:59Z')
    expect(open('2026-07-04T22:00:00Z', both)).toBe('2026-07-11T08:00Z')
  })

  it('is closed on a date of pause from midnight to midnight of the zone, also for the window of the day before', () => {
    const pauses = ['2026-12-25', '2026-12-26']
    expect(open('2026-12-24T16:30:00Z', office, { pauses })).toBe('2026-12-28T08:00Z')
    const nights: OpenWindow[] = [{ days: ['thu', 'sat'], from: '22:00', to: '06:00' }]
    expect(open('2026-12-24T22:59:00Z', nights, { pauses })).toBe('2026-12-24T22:59Z')
    // What is left of Saturday's window when the pause is over is Sunday's.
    expect(open('2026-12-24T23:00:00Z', nights, { pauses })).toBe('2026-12-26T23:00Z')
  })

  it('knows the hours of the days on which clocks are changed', () => {
    const sunday: OpenWindow[] = [{ days: ['sun'], from: '02:30', to: '04:00' }]
    expect(open('2026-03-28T12:00:00Z', sunday)).toBe('2026-03-29T01:00Z')
    expect(open('2026-03-29T02:00:00Z', sunday)).toBe('2026-04-05T00:30Z')
    expect(open('2026-10-24T12:00:00Z', sunday)).toBe('2026-10-25T00:30Z')
    // 02:10 for the second time: open since the first 02:30.
    expect(open('2026-10-25T01:10:00Z', sunday)).toBe('2026-10-25T01:10Z')
    // A window that the change leaves out is no window that day.
    expect(open('2026-03-28T12:00:00Z', [{ days: ['sun'], from: '02:10', to: '02:50' }])).toBe('2026-04-05T00:10Z')
    expect(
      open('2026-10-03T12:00:00Z', [{ days: ['sat'], from: '23:00', to: '02:10' }], { zone: 'Australia/Lord_Howe' }),
    ).toBe('2026-10-03T12:30Z')
    expect(
      open('2026-10-03T15:30:00Z', [{ days: ['sat'], from: '23:00', to: '02:10' }], { zone: 'Australia/Lord_Howe' }),
    ).toBe('2026-10-10T12:00Z')
  })

  it('never comes without a window, and comes after any number of pauses', () => {
    expect(open('2026-07-01T00:00:00Z', [])).toBeNull()
    expect(open('2026-07-01T00:00:00Z', [{ days: [], from: '09:00', to: '17:00' }])).toBeNull()
    const mondays = Array.from({ length: 60 }, (_, week) =>
      new Date(Date.UTC(2026, 0, 5) + week * 7 * DAY).toISOString().slice(0, 10),
    )
    const monday: OpenWindow[] = [{ days: ['mon'], from: '09:00', to: '10:00' }]
    expect(open('2026-01-01T00:00:00Z', monday, { pauses: mondays })).toBe('2027-03-01T08:00Z')
  })

  it('refuses a pause that is no date', () => {
    for (const pause of ['2026-02-30', '25.12.2026', '2026-12-25T00:00Z', ''])
      expect(() => open('2026-07-01T00:00:00Z', office, { pauses: [pause] })).toThrow(/write it as 2026-12-25/)
  })
})

interface Moment {
  at: number
  /** What the clock shows, as if it were UTC. */
  local: number
}

/**
 * Naive: goes from minute to minute with a clock that never turns back but stands still while an hour is repeated, so
 * that a time is reached once. Offsets are read apart from `calendar.ts`, by the quarter of an hour.
 */
function naiveClock(zone: string) {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  const offsets = new Map<number, number>()
  const offsetAt = (at: number): number => {
    const quarter = Math.floor(at / (15 * MINUTE))
    const known = offsets.get(quarter)
    if (known !== undefined) return known
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(format.format(quarter * 15 * MINUTE)) ?? []
    const offset = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE
    offsets.set(quarter, offset)
    return offset
  }
  return function* walk(from: number, days: number): Generator<Moment> {
    let local = Number.NEGATIVE_INFINITY
    for (let at = from - DAY; at <= from + days * DAY; at += MINUTE) {
      local = Math.max(local, at + offsetAt(at))
      if (at >= from) yield { at, local }
    }
  }
}

function firstOf(moments: Iterable<Moment>, holds: (moment: Moment) => boolean): number | null {
  for (const moment of moments) if (holds(moment)) return moment.at
  return null
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
const dayName = (local: number) => WEEKDAYS[(new Date(local).getUTCDay() + 6) % 7] ?? 'mon'

function isOpen({ windows, pauses }: Hours, local: number): boolean {
  if (pauses.includes(new Date(local).toISOString().slice(0, 10))) return false
  const minute = Math.floor(local / MINUTE) % (24 * 60)
  return windows.some(({ days, from, to }) => {
    const [begin, end] = [minuteOf(from), minuteOf(to)]
    const today = days.includes(dayName(local))
    if (begin < end) return today && begin <= minute && minute < end
    return (today && begin <= minute) || (days.includes(dayName(local - DAY)) && minute < end)
  })
}

/** Changes of clocks: forth and back, at midnight too. */
const changes: Array<[zone: string, moments: string[]]> = [
  ['Europe/Berlin', ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z']],
  ['America/New_York', ['2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z']],
  ['Australia/Lord_Howe', ['2026-04-04T15:00:00Z', '2026-10-03T15:30:00Z']],
  ['Africa/Cairo', ['2026-04-23T22:00:00Z', '2026-10-29T21:00:00Z']],
  ['America/Havana', ['2026-03-08T05:00:00Z', '2026-11-01T05:00:00Z']],
  ['America/Sao_Paulo', ['2018-02-18T02:00:00Z', '2018-11-04T03:00:00Z']],
  ['Asia/Kathmandu', ['2026-07-01T00:00:00Z']],
]
const place = fc
  .constantFrom(...changes.flatMap(([zone, moments]) => moments.map((moment) => ({ zone, moment }))))
  .chain(({ zone, moment }) =>
    fc.record({
      zone: fc.constant(zone),
      at: fc.integer({ min: -3 * DAY, max: 2 * DAY }).map((off) => Date.parse(moment) + off),
    }),
  )
const two = (n: number) => String(n).padStart(2, '0')
/** Many near the hours at which clocks are changed. */
const time = fc
  .tuple(fc.oneof(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 1, 2, 3, 23)), fc.constantFrom(0, 1, 15, 30, 59))
  .map(([hour, minute]) => `${two(hour)}:${two(minute)}`)
const days = fc.subarray([...WEEKDAYS], { minLength: 1 })
const hours = fc.record({
  windows: fc.array(fc.record({ days, from: time, to: fc.oneof(time, fc.constant('24:00')) }), {
    minLength: 1,
    maxLength: 3,
  }),
  off: fc.array(fc.integer({ min: -3, max: 4 }), { maxLength: 3 }),
})

describe('any hours, near any change of clocks', () => {
  const clocks = new Map(changes.map(([zone]) => [zone, naiveClock(zone)]))
  const walk = (zone: string, at: number) => clocks.get(zone)?.(Math.floor(at / MINUTE) * MINUTE, 12) ?? []

  it('open when a clock says so that is watched minute by minute', () => {
    fc.assert(
      fc.property(place, hours, ({ zone, at }, { windows, off }) => {
        const pauses = [...new Set(off)].map((n) => new Date(at + n * DAY).toISOString().slice(0, 10))
        const asked = { windows, pauses, zone }
        const found = nextOpen(at, asked)
        const expected = firstOf(walk(zone, at), ({ local }) => isOpen(asked, local))
        if (expected === null) expect(found === null || found > at + 11 * DAY).toBe(true)
        else expect(iso(found)).toBe(iso(Math.max(at, expected)))
      }),
      { numRuns: 400 },
    )
  })

  it('the next time of day is when such a clock first shows it', () => {
    fc.assert(
      fc.property(place, time, days, ({ zone, at }, shown, on) => {
        const found = nextTimeOfDay(at, { time: shown, days: on, zone })
        const isIt = (local: number) =>
          on.includes(dayName(local)) && Math.floor(local / MINUTE) % (24 * 60) === minuteOf(shown)
        let passed: number | null = null
        const expected = firstOf(walk(zone, at), (now) => {
          let seen = false
          // All that the clock passed since the last minute: more than one where hours are left out.
          for (let local = (passed ?? now.local) + MINUTE; local <= now.local; local += MINUTE) seen ||= isIt(local)
          passed = now.local
          return seen && now.at > at
        })
        expect(iso(found)).toBe(iso(expected))
      }),
      { numRuns: 400 },
    )
  })
})
