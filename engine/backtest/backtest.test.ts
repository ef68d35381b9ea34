import { describe, expect, it } from 'vitest'
import {
  act,
  branch,
  delay,
  each,
  exit,
  factsAt,
  planOf,
  split,
  trigger,
  waitEvent,
  waitRule,
} from '../../test/helpers/plans.ts'
import { renderInput } from '../expression/render.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import { type Backtest, backtest, openBacktest } from './backtest.ts'
import type { Rule } from '../model/rule.ts'
import { simulate } from '../run/simulate.ts'
import type { Stored, StoredEvent } from './stored.ts'

const T0 = Date.parse('2026-03-02T09:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR

const onEvent = (id: string, event: string, next: string[]): PlanStep => ({
  ...trigger(id, next),
  op: 'trigger',
  type: 'trigger.event@1',
  input: { event },
})

let messages = 0
const happens = (contactId: string, name: string, at: number): StoredEvent => ({
  kind: 'event',
  id: `m-${(messages += 1)}`,
  contactId,
  accountId: 'acme',
  name,
  occurredAt: at,
  receivedAt: at,
  properties: {},
})
const withValues = (event: StoredEvent, properties: StoredEvent['properties']): Stored => ({ ...event, properties })
const becomes = (subjectId: string, [property, value]: [string, string | number], at: number): Stored => ({
  kind: 'change',
  subject: subjectId === 'acme' ? 'account' : 'contact',
  subjectId,
  property,
  value,
  receivedAt: at,
})

const over = (plan: Plan, more: Partial<Backtest> = {}): Backtest => ({
  plan,
  from: T0,
  until: T0 + 30 * DAY,
  answer: () => ({ output: { id: '006' } }),
  ...more,
})
const step = (found: ReturnType<typeof backtest>, id: string) => found.steps.find((one) => one.step === id)

describe('a backtest', () => {
  it('counts who would have come to each step, by which port, and what would have been written', () => {
    const plan = planOf([
      onEvent('start', 'Trial Started', ['wait']),
      delay('wait', { mode: 'for', ms: 3 * DAY }, ['used']),
      branch('used', [{ port: 'yes', if: { event: 'Feature Used', count: { op: 'gte', value: 2 }, within: 'P7D' } }], {
        yes: ['done'],
        else: ['mail'],
      }),
      exit('done', 'uses it'),
      act('mail'),
    ])
    const found = backtest(over(plan), [
      // Before the period: it starts nothing, and counts in the windows of the rules.
      happens('ada', 'Trial Started', T0 - DAY),
      happens('ada', 'Feature Used', T0 - DAY),
      happens('ada', 'Trial Started', T0),
      happens('bob', 'Trial Started', T0 + HOUR),
      happens('ada', 'Feature Used', T0 + DAY),
      happens('cid', 'Trial Started', T0 + 29 * DAY),
    ])
    expect(found).toMatchObject({
      events: 4,
      entered: 3,
      firstAt: T0,
      lastAt: T0 + 29 * DAY,
      statuses: { completed: 1, exited: 1, open: 1, failed: 0 },
      reasons: { 'uses it': 1 },
    })
    expect(step(found, 'wait')).toMatchObject({ reached: 3, open: 1, ports: { out: 2 } })
    expect(step(found, 'used')).toMatchObject({ reached: 2, ports: { yes: 1, else: 1 }, firstAt: T0 + 3 * DAY })
    expect(step(found, 'mail')).toMatchObject({ reached: 1, written: 1, lastAt: T0 + HOUR + 3 * DAY })
    expect(found.sample.map(({ subjectId, status }) => [subjectId, status])).toEqual([
      ['ada', 'exited'],
      ['bob', 'completed'],
      ['cid', 'open'],
    ])
  })

  it('refuses whom the enrollment refuses, with the reason', () => {
    const plan: Plan = {
      ...planOf([onEvent('start', 'Signed Up', ['wait']), delay('wait', { mode: 'for', ms: DAY }), trigger('by-hand')]),
      enrollment: { reentry: { policy: 'once_per', days: 3 }, exit: [], goal: null },
    }
    const nobody: Stored = { ...happens('', 'Signed Up', T0 + 5 * DAY), contactId: null }
    const found = backtest(over(plan), [
      happens('ada', 'Signed Up', T0),
      happens('ada', 'Signed Up', T0 + HOUR),
      happens('ada', 'Signed Up', T0 + 2 * DAY),
      happens('ada', 'Signed Up', T0 + 3 * DAY),
      nobody,
    ])
    expect(found).toMatchObject({
      entered: 2,
      refused: { ALREADY_ENROLLED: 1, REENTRY_TOO_SOON: 1, NO_CONTACT: 1 },
      unheard: ['by-hand'],
    })
  })

  it('refuses those who were in before the period, as far back as the entry asks', () => {
    const plan: Plan = {
      ...planOf([onEvent('start', 'Signed Up', [])]),
      enrollment: { reentry: { policy: 'once_per', days: 3 }, exit: [], goal: null },
    }
    const enteredBefore = new Map([
      ['ada', T0 - DAY],
      ['bob', T0 - 4 * DAY],
    ])
    const all = ['ada', 'bob', 'cid'].map((id) => happens(id, 'Signed Up', T0))
    expect(backtest(over(plan, { enteredBefore }), all)).toMatchObject({ entered: 2, refused: { REENTRY_TOO_SOON: 1 } })
  })

  it('tells runs what they wait for: an event by its key, a rule that turns, an exit', () => {
    const plan: Plan = {
      ...planOf([
        onEvent('start', 'Order Placed', ['shipped']),
        waitEvent(
          'shipped',
          {
            event: 'Order Shipped',
            keys: [{ property: 'order', path: 'trigger.properties.order' }],
            maxWaitMs: 5 * DAY,
          },
          { happened: ['big'], timeout: [] },
        ),
        waitRule(
          'big',
          { rule: { property: 'account.seats', op: 'gt', value: 10 }, maxWaitMs: null },
          { met: ['tag'] },
        ),
        act('tag'),
      ]),
      enrollment: {
        reentry: { policy: 'every' },
        exit: [{ name: 'left', if: { property: 'contact.left', op: 'exists' } }],
        goal: null,
      },
      watches: true,
    }
    const found = backtest(over(plan), [
      withValues(happens('ada', 'Order Placed', T0), { order: 17 }),
      withValues(happens('ada', 'Order Placed', T0 + 1), { order: 18 }),
      withValues(happens('bob', 'Order Placed', T0 + 2), { order: 19 }),
      withValues(happens('ada', 'Order Shipped', T0 + DAY), { order: 17 }),
      becomes('acme', ['seats', 11], T0 + 2 * DAY),
      becomes('bob', ['left', 'yes'], T0 + 3 * DAY),
    ])
    expect(step(found, 'shipped')).toMatchObject({ reached: 3, ports: { happened: 1, timeout: 1 } })
    expect(step(found, 'tag')).toMatchObject({ reached: 1, written: 1, firstAt: T0 + 2 * DAY })
    expect(found).toMatchObject({ statuses: { completed: 2, exited: 1, open: 0 }, reasons: { left: 1 } })
  })

  it('fills templates where it is given how, marks what reads made-up answers, and works through lists', () => {
    const plan = planOf([
      onEvent('start', 'Order Placed', ['find']),
      { ...act('find', ['lines']), keeps: true, input: { name: '{{ contact.name }}' } },
      each('lines', { list: 'trigger.properties.lines', atOnce: 2, onItemFailure: 'continue' }, { item: ['tag'] }),
      { ...act('tag'), within: 'lines', readsSteps: ['find'], input: { id: '{{ steps.find.id }}' } },
    ])
    const all = [
      becomes('ada', ['name', 'Ada'], T0 - DAY),
      withValues(happens('ada', 'Order Placed', T0), { lines: [1, 2, 3] }),
      withValues(happens('bob', 'Order Placed', T0), { lines: [1] }),
    ]
    const filled = backtest(over(plan, { render: renderInput }), all)
    expect(filled.statuses).toMatchObject({ completed: 1, failed: 1 })
    expect(step(filled, 'find')).toMatchObject({ reached: 2, failed: 1, written: 1, assumed: false })
    expect(step(filled, 'tag')).toMatchObject({ reached: 1, written: 3, assumed: true, ports: { out: 1 } })
    expect(backtest(over(plan), all).statuses).toMatchObject({ completed: 2, failed: 0 })
  })

  it('begins by edges of segments too, and keeps a sample that is the same each time', () => {
    const plan = planOf([
      {
        ...trigger('start', ['ab']),
        op: 'trigger',
        type: 'trigger.segment@1',
        input: { segment: 'trial', edge: 'entered' },
      },
      split('ab', [
        { port: 'a', percent: 50 },
        { port: 'b', percent: 50 },
      ]),
    ])
    const enters = (i: number, edge: 'entered' | 'left'): Stored => ({
      kind: 'edge',
      subject: 'contact',
      contactId: `c-${i}`,
      accountId: null,
      of: 'segment',
      slug: 'trial',
      edge,
      receivedAt: T0 + i,
    })
    const all = Array.from({ length: 500 }, (_, i) => [enters(i, 'entered'), enters(i, 'left')]).flat()
    const found = backtest(over(plan, { samples: 5 }), all)
    expect(found.entered).toBe(500)
    expect(found.sample).toHaveLength(5)
    expect(found.sample.at(-1)?.enteredAt).toBeGreaterThan(T0 + 100)
    expect(backtest(over(plan, { samples: 5 }), all)).toEqual(found)
  })

  it('counts rightly over far more events than lie in the windows', () => {
    const spent: Rule = { aggregate: 'sum', event: 'Paid', of: 'amount', op: 'gt', value: 480, within: 'P1D' }
    const plan = planOf([
      onEvent('start', 'Asked', ['spent']),
      branch('spent', [{ port: 'much', if: spent }], { much: [], else: [] }),
    ])
    const MINUTE = 60_000
    // Somebody pays 1 every third minute, and asks every hundredth.
    const all = Array.from({ length: 25_000 }, (_, i) => {
      const paid = withValues(happens('ada', 'Paid', T0 + i * MINUTE), { amount: i % 3 === 0 ? 1 : 0 })
      const other = happens(`other-${i}`, 'Paid', T0 + i * MINUTE)
      return i % 100 === 99 ? [paid, other, happens('ada', 'Asked', T0 + i * MINUTE)] : [paid, other]
    }).flat()
    const found = backtest(over(plan), all)
    expect(found.events).toBe(50_250)
    // A third of 1440 minutes are 480 whenever one asks, once a day has gone by: never more.
    expect(step(found, 'spent')).toMatchObject({ reached: 250, ports: { much: 0, else: 250 } })
    const less = { ...spent, value: 479 }
    const lower = planOf([
      onEvent('start', 'Asked', ['spent']),
      branch('spent', [{ port: 'much', if: less }], { much: [], else: [] }),
    ])
    // The first day has 1440 minutes: from the fifteenth time on it is full.
    expect(step(backtest(over(lower), all), 'spent')).toMatchObject({ ports: { much: 236, else: 14 } })
  })

  it('knows at a start all that became known in that moment, and takes a beginning for no change', () => {
    const plan = planOf([
      onEvent('start', 'Signed Up', ['asked']),
      branch(
        'asked',
        [
          {
            port: 'both',
            if: {
              all: [
                { signal: 'hot', is: 'set' },
                { property: 'contact.plan', op: 'eq', value: 'team' },
              ],
            },
          },
          { port: 'changed', if: { changed: 'contact.plan', within: 'P30D' } },
        ],
        { both: [], changed: [], else: [] },
      ),
    ])
    const began = (contactId: string): Stored =>
      ({ ...becomes(contactId, ['plan', 'free'], T0 - HOUR), initial: true }) as Stored
    const hot: Stored = {
      kind: 'edge',
      subject: 'contact',
      contactId: 'ada',
      accountId: null,
      of: 'signal',
      slug: 'hot',
      edge: 'set',
      receivedAt: T0,
    }
    const all = [
      began('ada'),
      began('bob'),
      happens('ada', 'Signed Up', T0),
      happens('bob', 'Signed Up', T0),
      becomes('ada', ['plan', 'team'], T0),
      hot,
    ]
    const portsBy = (take: (going: ReturnType<typeof openBacktest>) => void) => {
      const going = openBacktest(over(plan))
      take(going)
      return step(going.end(), 'asked')?.ports
    }
    expect(portsBy((going) => going.takeTogether(all))).toEqual({ both: 1, changed: 0, else: 1 })
    expect(portsBy((going) => all.forEach((one) => going.take(one)))).toEqual({ both: 0, changed: 0, else: 2 })
  })

  it('says how long runs took', () => {
    const plan = planOf([onEvent('start', 'Signed Up', ['wait']), delay('wait', { mode: 'for', ms: DAY })])
    const found = backtest(over(plan), [happens('ada', 'Signed Up', T0), happens('bob', 'Signed Up', T0 + 29.5 * DAY)])
    expect(found.durations).toEqual({ median: DAY, p90: DAY, longest: DAY })
    expect(backtest(over(plan), []).durations).toBeNull()
  })

  it('waits by the clocks of the workspace, as the dry run does, over the night in which they go forward', () => {
    const drawn = planOf([
      onEvent('start', 'Signed Up', ['nine']),
      delay('nine', { mode: 'untilTime', time: '09:00', zone: { name: null } }, ['mail']),
      act('mail'),
    ])
    const plan: Plan = { ...drawn, reads: { ...drawn.reads, properties: ['workspace.timeZone'] } }
    const at = Date.parse('2026-03-28T20:00:00Z')
    const nine = Date.parse('2026-03-29T07:00:00Z')
    const found = backtest(over(plan, { timeZone: 'Europe/Berlin' }), [happens('ada', 'Signed Up', at)])
    expect(found.sample).toMatchObject([{ status: 'completed', endedAt: nine }])
    const dry = simulate(plan, {
      facts: { ...factsAt(at), timeZone: 'Europe/Berlin' },
      trigger: { step: 'start', data: {} },
      answer: () => ({ output: {} }),
      render: (input) => input,
      entered: null,
    })
    expect(dry).toMatchObject({ status: 'completed', endedAt: nine })
  })

  it('says what it cannot follow instead of answering wrongly', () => {
    const reading = (rule: Parameters<typeof waitRule>[1]['rule']) =>
      planOf([onEvent('start', 'x', ['wait']), waitRule('wait', { rule, maxWaitMs: null }, {})])
    expect(() => backtest(over(reading({ score: 'health', op: 'gt', value: 1 })), [])).toThrow(/score “health”/)
    expect(() => backtest(over(reading({ accounts: { segment: 'big', is: 'in' } })), [])).toThrow(
      /accounts of a contact/,
    )
    const late = happens('ada', 'x', T0 + 31 * DAY)
    expect(() => backtest(over(planOf([onEvent('start', 'x', [])])), [late])).toThrow(/beyond the period/)
  })
})
