import { describe, expect, it } from 'vitest'
import type { Json } from '../../nodes/manifest.ts'
import { act, delay, factsAt, planOf, trigger } from '../../test/helpers/plans.ts'
import type { Delay, ZoneSource } from '../model/plan.ts'
import { advance } from './advance.ts'
import { simulate } from './simulate.ts'

const iso = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString().replace(':00.000Z', 'Z')
const one = (how: Delay) => planOf([trigger('start', ['wait']), delay('wait', how, ['next']), act('next')])

/** What the step does when it is reached at a moment: until when it sleeps (null: it does not), and what is noted. */
const reached = (how: Delay, from: string, contact: { [name: string]: Json } = {}) =>
  reachedIn(null)(how, from, contact)

/** @param workspace its zone; null: the facts do not tell it */
const reachedIn =
  (workspace: string | null) =>
  (how: Delay, from: string, contact: { [name: string]: Json } = {}) => {
    const at = Date.parse(from)
    const { state, commands, notes } = advance(one(how), null, {
      kind: 'start',
      at,
      trigger: { step: 'start', data: {} },
      facts: { ...factsAt(at, { contact }), ...(workspace === null ? {} : { timeZone: workspace }) },
    })
    const sleep = commands.find((command) => command.kind === 'sleep')
    const note = notes.find(({ step }) => step === 'wait')?.text ?? null
    return { until: iso(sleep?.until), note, status: state.steps.wait?.status, fault: state.steps.wait?.fault }
  }

const berlin: ZoneSource = { name: 'Europe/Berlin' }
const newYork: ZoneSource = { name: 'America/New_York' }
const theirs: ZoneSource = { property: 'contact.timezone', else: 'Europe/Berlin' }

describe('a wait until a time of day', () => {
  const nine = (zone: ZoneSource, more: Partial<Delay & { mode: 'untilTime' }> = {}): Delay => ({
    mode: 'untilTime',
    time: '09:00',
    zone,
    ...more,
  })

  it.each([
    { zone: berlin, from: '2026-03-28T12:00:00Z', until: '2026-03-29T07:00Z' },
    { zone: berlin, from: '2026-10-24T12:00:00Z', until: '2026-10-25T08:00Z' },
    { zone: newYork, from: '2026-03-07T15:00:00Z', until: '2026-03-08T13:00Z' },
    { zone: newYork, from: '2026-10-31T15:00:00Z', until: '2026-11-01T14:00Z' },
  ])('is at nine by the clock on the day that clocks are changed, in $zone.name to $until', ({ zone, from, until }) => {
    expect(reached(nine(zone), from)).toMatchObject({ until, note: null, status: 'waiting' })
  })

  it('is on the days that are named', () => {
    expect(reached(nine(berlin, { days: ['mon', 'tue'] }), '2026-07-01T12:00:00Z').until).toBe('2026-07-06T07:00Z')
  })

  it('goes by the zone that the contact has', () => {
    const at = '2026-07-01T20:00:00Z'
    expect(reached(nine(theirs), at, { timezone: 'Asia/Tokyo' })).toMatchObject({
      until: '2026-07-02T00:00Z',
      note: null,
    })
  })

  it.each([
    [undefined, 'contact.timezone is missing: it goes by Europe/Berlin'],
    ['CEST+2', 'contact.timezone holds "CEST+2", which is no time zone: it goes by Europe/Berlin'],
    ['+02:00', 'contact.timezone holds "+02:00", which is no time zone: it goes by Europe/Berlin'],
    [2, 'contact.timezone holds 2, which is no time zone: it goes by Europe/Berlin'],
  ])('goes by the other zone where the contact has %j, and says so', (timezone, note) => {
    const contact: { [name: string]: Json } = timezone === undefined ? {} : { timezone }
    expect(reached(nine(theirs), '2026-07-01T20:00:00Z', contact)).toMatchObject({ until: '2026-07-02T07:00Z', note })
  })

  it('fails where it names no day, rather than waiting for ever', () => {
    expect(reached(nine(berlin, { days: [] }), '2026-07-01T12:00:00Z')).toMatchObject({
      status: 'failed',
      fault: { code: 'INVALID_INPUT', message: 'It names no day of the week.' },
    })
  })
})

describe('a wait by the clocks of the workspace', () => {
  const ours: ZoneSource = { name: null }
  const theirsOrOurs: ZoneSource = { property: 'contact.timezone', else: null }
  const nine = (zone: ZoneSource): Delay => ({ mode: 'untilTime', time: '09:00', zone })

  it.each([
    // The nights in which clocks are changed, there and elsewhere.
    ['Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-29T07:00Z'],
    ['Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T08:00Z'],
    ['America/New_York', '2026-03-28T15:00:00Z', '2026-03-29T13:00Z'],
    ['UTC', '2026-03-28T12:00:00Z', '2026-03-29T09:00Z'],
  ])('is at nine in %s, and says whose nine that is', (zone, from, until) => {
    const note = `It goes by ${zone}, the time zone of the workspace`
    expect(reachedIn(zone)(nine(ours), from)).toMatchObject({ until, note, status: 'waiting' })
  })

  it('takes a date alone for its midnight, also on a day that begins at one', () => {
    const date = (property: string): Delay => ({
      mode: 'untilDate',
      property,
      offsetMs: 0,
      missing: 'fail',
      zone: ours,
    })
    const at = '2026-03-01T12:00:00Z'
    const contact = { ends: '2026-03-29', moment: '2026-03-29T12:00:00Z' }
    expect(reachedIn('Asia/Beirut')(date('contact.ends'), at, contact)).toMatchObject({
      until: '2026-03-28T22:00Z',
      note: 'It goes by Asia/Beirut, the time zone of the workspace',
    })
    // Of a moment it would say what has no part in it.
    expect(reachedIn('Asia/Beirut')(date('contact.moment'), at, contact)).toMatchObject({
      until: '2026-03-29T12:00Z',
      note: null,
    })
  })

  it('goes by the subject’s where that is known, else by the workspace’s, and says so', () => {
    const at = '2026-07-01T20:00:00Z'
    expect(reachedIn('Europe/Berlin')(nine(theirsOrOurs), at, { timezone: 'Asia/Tokyo' })).toMatchObject({
      until: '2026-07-02T00:00Z',
      note: null,
    })
    expect(reachedIn('Europe/Berlin')(nine(theirsOrOurs), at)).toMatchObject({
      until: '2026-07-02T07:00Z',
      note: 'contact.timezone is missing: it goes by Europe/Berlin, the time zone of the workspace',
    })
  })

  it('says that it goes by UTC where what is known does not tell the zone', () => {
    expect(reached(nine(ours), '2026-07-01T20:00:00Z')).toMatchObject({
      until: '2026-07-02T09:00Z',
      note: 'It goes by UTC, because what is known does not tell the time zone of the workspace',
    })
  })

  it('keeps the moment it waits for when the workspace moves; the wait after it goes by the new zone', () => {
    const plan = planOf([
      trigger('start', ['first']),
      delay('first', nine(ours), ['second']),
      delay('second', nine(ours), ['next']),
      act('next'),
    ])
    const at = Date.parse('2026-07-01T20:00:00Z')
    const started = advance(plan, null, {
      kind: 'start',
      at,
      trigger: { step: 'start', data: {} },
      facts: { ...factsAt(at), timeZone: 'Europe/Berlin' },
    })
    const until = Date.parse('2026-07-02T07:00:00Z')
    expect(started.commands).toMatchObject([{ kind: 'sleep', step: 'first', until }])
    const woken = advance(plan, started.state, {
      kind: 'due',
      at: until,
      step: 'first',
      visit: 1,
      facts: { ...factsAt(until), timeZone: 'America/New_York' },
    })
    expect(woken.commands).toMatchObject([{ kind: 'sleep', step: 'second', until: Date.parse('2026-07-02T13:00:00Z') }])
  })
})

describe('a wait for open hours', () => {
  const nights = (zone: ZoneSource, pauses: string[] = []): Delay => ({
    mode: 'hours',
    windows: [{ days: ['sat'], from: '22:00', to: '06:00' }],
    pauses,
    zone,
  })

  it.each([
    { zone: berlin, from: '2026-03-28T12:00:00Z', until: '2026-03-28T21:00Z' },
    { zone: newYork, from: '2026-10-31T12:00:00Z', until: '2026-11-01T02:00Z' },
  ])('waits for a window across midnight, in $zone.name until $until', ({ zone, from, until }) => {
    expect(reached(nights(zone), from).until).toBe(until)
  })

  it.each([
    // The night that clocks go forth and the one they go back, both sides of its end at six.
    { zone: berlin, open: '2026-03-29T03:59:59Z', closed: '2026-03-29T04:00:00Z', until: '2026-04-04T20:00Z' },
    { zone: berlin, open: '2026-10-25T04:59:59Z', closed: '2026-10-25T05:00:00Z', until: '2026-10-31T21:00Z' },
    { zone: newYork, open: '2026-03-08T09:59:59Z', closed: '2026-03-08T10:00:00Z', until: '2026-03-15T02:00Z' },
    { zone: newYork, open: '2026-11-01T10:59:59Z', closed: '2026-11-01T11:00:00Z', until: '2026-11-08T03:00Z' },
  ])('goes on at once until $closed in $zone.name, then waits a week', ({ zone, open, closed, until }) => {
    expect(reached(nights(zone), open)).toMatchObject({ until: null, note: 'It is open', status: 'done' })
    expect(reached(nights(zone), closed)).toMatchObject({ until, status: 'waiting' })
  })

  it('is closed from midnight on where the day after is a pause', () => {
    const plan = nights(berlin, ['2026-07-05'])
    expect(reached(plan, '2026-07-04T21:59:00Z').status).toBe('done')
    expect(reached(plan, '2026-07-04T22:00:00Z').until).toBe('2026-07-11T20:00Z')
  })

  it('says which zone it went by also where it goes on at once', () => {
    expect(reached(nights(theirs), '2026-07-04T21:00:00Z').note).toBe(
      'It is open. contact.timezone is missing: it goes by Europe/Berlin',
    )
  })

  it('opens by the clocks of the workspace where it names no zone', () => {
    expect(reachedIn('America/New_York')(nights({ name: null }), '2026-10-31T12:00:00Z')).toMatchObject({
      until: '2026-11-01T02:00Z',
      note: 'It goes by America/New_York, the time zone of the workspace',
    })
  })

  it('fails where it is never open', () => {
    expect(reached({ ...nights(berlin), windows: [] } as Delay, '2026-07-01T12:00:00Z').fault?.message).toBe(
      'It is never open.',
    )
  })
})

describe('a wait until a date in a zone', () => {
  type Dated = Delay & { mode: 'untilDate' }
  const until = (more: Partial<Dated>): Dated => ({
    mode: 'untilDate',
    property: 'contact.renewal',
    offsetMs: 0,
    missing: 'fail',
    ...more,
  })
  const day = 86_400_000
  const from = '2026-01-15T12:00:00Z'
  const on = (renewal: Json, more: Partial<Dated>) => reached(until(more), from, { renewal }).until

  it('without one is midnight UTC, as it was', () => {
    expect(on('2026-03-30', {})).toBe('2026-03-30T00:00Z')
  })

  it('begins that day in the zone, also a number of days before it across a change of clocks', () => {
    expect(on('2026-03-30', { zone: berlin })).toBe('2026-03-29T22:00Z')
    expect(on('2026-03-30', { zone: berlin, offsetMs: -day })).toBe('2026-03-28T23:00Z')
    expect(on('2026-03-30', { zone: berlin, offsetMs: -3 * day })).toBe('2026-03-26T23:00Z')
    expect(on('2026-03-09', { zone: newYork, offsetMs: -7 * day })).toBe('2026-03-02T05:00Z')
  })

  it('leaves a moment where it is', () => {
    expect(on('2026-03-30T08:00:00+02:00', { zone: newYork })).toBe('2026-03-30T06:00Z')
    expect(on('2026-03-30T08:00:00+02:00', { zone: newYork, offsetMs: -day })).toBe('2026-03-29T06:00Z')
  })

  it('is at the time of that day', () => {
    expect(on('2026-03-30', { zone: berlin, time: '09:00' })).toBe('2026-03-30T07:00Z')
    expect(on('2026-03-30', { zone: berlin, time: '09:00', offsetMs: -3 * day })).toBe('2026-03-27T08:00Z')
    // That moment is still Sunday in New York.
    expect(on('2026-03-30T01:00:00Z', { zone: newYork, time: '09:00' })).toBe('2026-03-29T13:00Z')
    // 02:30 is left out that day.
    expect(on('2026-03-29', { zone: berlin, time: '02:30' })).toBe('2026-03-29T01:00Z')
    expect(on('2026-10-25', { zone: berlin, time: '02:30' })).toBe('2026-10-25T00:30Z')
  })

  it('waits no longer than it may, and goes on where the time of that day is over', () => {
    expect(on('2026-03-30', { zone: berlin, time: '09:00', maxWaitMs: day })).toBe('2026-01-16T12:00Z')
    expect(reached(until({ zone: berlin, time: '09:00' }), from, { renewal: '2026-01-15' })).toMatchObject({
      status: 'done',
      note: 'Its time had already come',
    })
  })

  it('takes what stands for no date in other systems, and moments that no clock shows', () => {
    expect(reached(until({ zone: theirs, time: '09:00' }), from, { renewal: '0001-01-01' }).status).toBe('done')
    expect(reached(until({ zone: berlin, time: '09:00' }), from, { renewal: -1e300 }).status).toBe('done')
    expect(reached(until({ zone: berlin }), from, { renewal: 'soon' }).fault?.code).toBe('INVALID_INPUT')
  })
})

it('a run of several waits is at the right times by the clock, over both changes', () => {
  const morning: Delay = { mode: 'untilTime', time: '08:30', zone: berlin }
  const office: Delay = {
    mode: 'hours',
    windows: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }],
    pauses: ['2026-03-30'],
    zone: berlin,
  }
  const plan = planOf([
    trigger('start', ['morning']),
    delay('morning', morning, ['office']),
    delay('office', office, ['half-a-year']),
    delay('half-a-year', { mode: 'for', ms: 207 * 86_400_000 }, ['again']),
    delay('again', morning, ['end']),
    act('end'),
  ])
  const start = Date.parse('2026-03-28T20:00:00Z')
  const { steps, status } = simulate(plan, {
    facts: factsAt(start),
    trigger: { step: 'start', data: {} },
    answer: () => ({ output: null }),
    render: (input) => input,
    entered: null,
  })
  expect(status).toBe('completed')
  expect(steps.map(({ step, endedAt }) => [step, iso(endedAt ?? undefined)])).toEqual([
    ['start', '2026-03-28T20:00Z'],
    ['morning', '2026-03-29T06:30Z'],
    ['office', '2026-03-31T07:00Z'],
    ['half-a-year', '2026-10-24T07:00Z'],
    ['again', '2026-10-25T07:30Z'],
    ['end', '2026-10-25T07:30Z'],
  ])
})
