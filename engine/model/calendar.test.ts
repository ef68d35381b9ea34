import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heldBy, isZone, longestReach, nextPeriod, windowAt, windowBefore } from './calendar.ts'
import { CALENDAR_UNITS, type CalendarUnit, type CalendarWindow } from './rule.ts'

const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')
/** The first instant of the window and that of the next period. */
const bounds = (window: CalendarWindow, now: string): [from: string, to: string] => {
  const { after, until } = windowAt(window, Date.parse(now))
  return [iso(after + 1), iso(until + 1)]
}
const day = (zone: string, more: Partial<CalendarWindow> = {}): CalendarWindow => ({ calendar: 'day', zone, ...more })

describe('windowAt', () => {
  it.each<[CalendarUnit, [from: string, to: string]]>([
    ['hour', ['2026-11-18T13:00:00Z', '2026-11-18T14:00:00Z']],
    ['day', ['2026-11-17T23:00:00Z', '2026-11-18T23:00:00Z']],
    ['week', ['2026-11-15T23:00:00Z', '2026-11-22T23:00:00Z']],
    ['month', ['2026-10-31T23:00:00Z', '2026-11-30T23:00:00Z']],
    ['quarter', ['2026-09-30T22:00:00Z', '2026-12-31T23:00:00Z']],
    ['year', ['2025-12-31T23:00:00Z', '2026-12-31T23:00:00Z']],
  ])('knows the %s that runs in Berlin, on Wednesday 18 November 2026', (calendar, expected) => {
    expect(bounds({ calendar, zone: 'Europe/Berlin' }, '2026-11-18T13:59:59.999Z')).toEqual(expected)
  })

  it('a week begins on Monday', () => {
    const week: CalendarWindow = { calendar: 'week', zone: 'UTC' }
    expect(bounds(week, '2026-11-22T23:59:59.999Z')[0]).toBe('2026-11-16T00:00:00Z')
    expect(bounds(week, '2026-11-23T00:00:00Z')[0]).toBe('2026-11-23T00:00:00Z')
  })

  it('takes several periods, and periods ago', () => {
    const weeks: CalendarWindow = { calendar: 'week', count: 3, ago: 1, zone: 'UTC' }
    expect(bounds(weeks, '2026-11-18T12:00:00Z')).toEqual(['2026-10-26T00:00:00Z', '2026-11-16T00:00:00Z'])
    expect(bounds(windowBefore(weeks), '2026-11-18T12:00:00Z')).toEqual([
      '2026-10-05T00:00:00Z',
      '2026-10-26T00:00:00Z',
    ])
    const months: CalendarWindow = { calendar: 'month', count: 2, ago: 1, zone: 'UTC' }
    expect(bounds(months, '2026-03-31T12:00:00Z')).toEqual(['2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z'])
    const year: CalendarWindow = { calendar: 'year', ago: 1, zone: 'UTC' }
    expect(bounds(year, '2024-02-29T12:00:00Z')).toEqual(['2023-01-01T00:00:00Z', '2024-01-01T00:00:00Z'])
  })

  it.each<[zone: string, now: string, expected: [from: string, to: string]]>([
    // 23 and 25 hours long.
    ['Europe/Berlin', '2026-03-29T12:00:00Z', ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z']],
    ['Europe/Berlin', '2026-10-25T12:00:00Z', ['2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z']],
    ['America/New_York', '2026-03-08T12:00:00Z', ['2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z']],
    ['America/New_York', '2026-11-01T12:00:00Z', ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z']],
    ['Asia/Kathmandu', '2026-07-01T12:00:00Z', ['2026-06-30T18:15:00Z', '2026-07-01T18:15:00Z']],
    // Midnight does not exist: the day begins at 1:00.
    ['America/Sao_Paulo', '2018-11-04T12:00:00Z', ['2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z']],
    ['Asia/Beirut', '2026-03-29T12:00:00Z', ['2026-03-28T22:00:00Z', '2026-03-29T21:00:00Z']],
    ['Africa/Cairo', '2026-04-24T12:00:00Z', ['2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z']],
    // At midnight clocks go back to 23:00: the day before is an hour longer.
    ['America/Sao_Paulo', '2018-02-17T12:00:00Z', ['2018-02-17T02:00:00Z', '2018-02-18T03:00:00Z']],
    ['Africa/Cairo', '2026-10-29T12:00:00Z', ['2026-10-28T21:00:00Z', '2026-10-29T22:00:00Z']],
    // Midnight comes twice: the first begins the day.
    ['America/Havana', '2026-11-01T12:00:00Z', ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z']],
    ['America/St_Johns', '2009-11-01T12:00:00Z', ['2009-11-01T02:30:00Z', '2009-11-02T03:30:00Z']],
    // 30 December 2011 was left out.
    ['Pacific/Apia', '2011-12-30T09:00:00Z', ['2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z']],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', ['2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z']],
    ['Pacific/Chatham', '2026-07-01T12:00:00Z', ['2026-07-01T11:15:00Z', '2026-07-02T11:15:00Z']],
  ])('knows the day in %s at %s', (zone, now, expected) => {
    expect(bounds(day(zone), now)).toEqual(expected)
  })

  it('of a date that a zone left out, nothing can have happened on it', () => {
    const { after, until } = windowAt(day('Pacific/Apia', { ago: 1 }), Date.parse('2011-12-30T12:00:00Z'))
    expect(until).toBe(after)
    expect(bounds(day('Pacific/Apia', { ago: 2 }), '2011-12-30T12:00:00Z')[1]).toBe('2011-12-30T10:00:00Z')
    const week: CalendarWindow = { calendar: 'week', zone: 'Pacific/Apia' }
    expect(bounds(week, '2011-12-31T00:00:00Z')).toEqual(['2011-12-26T10:00:00Z', '2012-01-01T10:00:00Z'])
  })

  it('hours have sixty minutes and begin with those of the zone, also where clocks are changed', () => {
    const hour = (zone: string, ago = 0): CalendarWindow => ({ calendar: 'hour', ago, zone })
    expect(bounds(hour('Europe/Berlin', 1), '2026-03-29T01:30:00Z')).toEqual([
      '2026-03-29T00:00:00Z',
      '2026-03-29T01:00:00Z',
    ])
    expect(bounds(hour('Europe/Berlin', 1), '2026-10-25T01:30:00Z')).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T01:00:00Z',
    ])
    expect(bounds(hour('Asia/Kathmandu'), '2026-07-01T12:14:00Z')).toEqual([
      '2026-07-01T11:15:00Z',
      '2026-07-01T12:15:00Z',
    ])
    // Lord Howe changes by half an hour.
    expect(bounds(hour('Australia/Lord_Howe'), '2026-07-01T12:14:00Z')[0]).toBe('2026-07-01T11:30:00Z')
    expect(bounds(hour('Australia/Lord_Howe'), '2026-12-01T12:14:00Z')[0]).toBe('2026-12-01T12:00:00Z')
  })
})

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Asia/Beirut',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/Havana',
]
const window = fc.record(
  {
    calendar: fc.constantFrom(...CALENDAR_UNITS),
    count: fc.integer({ min: 1, max: 4 }),
    ago: fc.integer({ min: 0, max: 4 }),
    zone: fc.constantFrom(...zones),
  },
  { requiredKeys: ['calendar', 'zone'], noNullPrototype: true },
)
const moment = fc.oneof(
  fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2037, 0, 1) }),
  fc
    .tuple(
      fc.constantFrom('2011-12-30T10:00:00Z', '2018-11-04T03:00:00Z', '2026-03-29T01:00:00Z', '2009-11-01T02:31:00Z'),
      fc.integer({ min: -90_000_000, max: 90_000_000 }),
    )
    .map(([text, off]) => Date.parse(text) + off),
)

describe('the row of periods', () => {
  it('has neither gaps nor overlaps, and every moment lies in the period that runs', () => {
    fc.assert(
      fc.property(window, moment, ({ calendar, zone }, now) => {
        const running = { calendar, zone }
        const { after, until } = windowAt(running, now)
        expect(after < now && now <= until).toBe(true)
        expect(nextPeriod(running, now)).toBe(until + 1)
        expect(windowAt({ ...running }, until + 1).after).toBe(until)
        expect(windowAt({ ...running }, after + 1)).toMatchObject({ after, until })
        expect(windowAt({ ...running, ago: 1 }, now).until).toBe(after)
        expect(windowBefore(running)).toMatchObject({ ago: 1 })
      }),
      { numRuns: 2000 },
    )
  })

  it('a moment is held from when the window reaches it until it has passed it', () => {
    fc.assert(
      fc.property(window, moment, moment, (asked, at, now) => {
        const near = now - (now - at) * 0.99
        for (const when of [now, Math.round(near), at, at + 1]) {
          const { after, until } = windowAt({ ...asked }, when)
          const { from, to } = heldBy(asked, at)
          expect(at > after && at <= until).toBe(from <= when && when < to)
          expect(when - after).toBeLessThanOrEqual(longestReach(asked))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('isZone', () => {
  it('takes names of the IANA list, and nothing else', () => {
    expect(['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/Argentina/Ushuaia'].map(isZone)).not.toContain(false)
    expect(
      ['', 'Mars/Olympus', '+02:00', '-0530', 'local', '__proto__', 'Europe/Berlin ', '5'].map(isZone),
    ).not.toContain(true)
  })

  it('says which zone does not exist, where somebody has not asked before', () => {
    expect(() => windowAt(day('Mars/Olympus'), 0)).toThrow(RangeError)
  })
})
