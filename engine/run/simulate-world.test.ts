import { describe, expect, it } from 'vitest'
import { act, asks, delay, each, planOf, trigger, waitEvent, waitRule } from '../../test/helpers/plans.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import { simulate, type Simulation } from './simulate.ts'

const T0 = Date.parse('2026-03-02T09:00:00Z')
const HOUR = 3_600_000

const factsWith = (properties: { seats: number }): Facts => ({
  at: T0,
  contact: { id: 'c-1', externalId: 'u-1', properties: { name: 'Ada' } },
  account: { id: 'a-1', externalId: 'acme', properties },
  segments: [],
  signals: [],
  events: {},
})

const tried = (plan: Plan, more: Partial<Simulation> = {}) =>
  simulate(plan, {
    facts: factsWith({ seats: 5 }),
    trigger: { step: 'start', data: { order: 17 } },
    answer: () => ({ output: { id: '1' } }),
    render: (input) => input,
    entered: null,
    ...more,
  })
const told = (found: ReturnType<typeof simulate>) =>
  Object.fromEntries(
    found.steps.flatMap(({ step, at, port, endedAt }) =>
      at === null ? [] : [[step, [at - T0, endedAt === null ? null : endedAt - T0, port]]],
    ),
  )

const waiting = planOf([
  trigger('start', ['shipped']),
  waitEvent(
    'shipped',
    { event: 'Shipped', keys: [{ property: 'order', path: 'trigger.order' }], maxWaitMs: 10 * HOUR, keeps: true },
    { happened: ['big'], timeout: ['late'] },
  ),
  waitRule('big', { rule: { property: 'account.seats', op: 'gt', value: 10 }, maxWaitMs: null }, { met: ['ask'] }),
  asks('ask', 4 * HOUR, { yes: ['tag'], no: [], timeout: ['late'] }),
  act('tag'),
  act('late'),
])

describe('what a dry run is told of waits', () => {
  it('comes in its time: the event, the rule, the answer', () => {
    const found = tried(waiting, {
      waits: {
        shipped: { kind: 'happens', afterMs: 2 * HOUR, properties: { order: 17 } },
        big: { kind: 'happens', afterMs: HOUR },
        ask: { kind: 'happens', afterMs: 3 * HOUR, port: 'yes' },
      },
    })
    expect(told(found)).toMatchObject({
      shipped: [0, 2 * HOUR, 'happened'],
      big: [2 * HOUR, 3 * HOUR, 'met'],
      ask: [3 * HOUR, 6 * HOUR, 'yes'],
      tag: [6 * HOUR, 6 * HOUR, 'out'],
    })
    expect(found.status).toBe('completed')
    expect(found.effects.map(({ step, at }) => [step, at - T0])).toEqual([
      ['ask', 3 * HOUR],
      ['tag', 6 * HOUR],
    ])
  })

  it('does not come, and the longest time ends the wait; of a wait without one the run stays there', () => {
    const timed = tried(waiting)
    expect(told(timed)).toMatchObject({ shipped: [0, 10 * HOUR, 'timeout'], late: [10 * HOUR, 10 * HOUR, 'out'] })
    const stays = tried(waiting, { waits: { shipped: { kind: 'happens', afterMs: HOUR } } })
    expect(stays).toMatchObject({ status: 'waiting', endedAt: T0 + HOUR })
    const unanswered = tried(waiting, {
      waits: { shipped: { kind: 'happens', afterMs: 0 }, big: { kind: 'happens', afterMs: 0 }, ask: { kind: 'never' } },
    })
    expect(told(unanswered)).toMatchObject({ ask: [0, 4 * HOUR, 'timeout'], late: [4 * HOUR, 4 * HOUR, 'out'] })
  })

  it('comes too late after the longest time', () => {
    const late = tried(waiting, { waits: { shipped: { kind: 'happens', afterMs: 11 * HOUR } } })
    expect(told(late)).toMatchObject({ shipped: [0, 10 * HOUR, 'timeout'] })
    expect(late.endedAt).toBe(T0 + 10 * HOUR)
  })
})

describe('what happens beside time', () => {
  it('is told to whoever waits for it, and new facts turn rules', () => {
    const event = (order: number) => ({ id: `e${order}`, name: 'Shipped', at: T0 + HOUR, properties: { order } })
    const found = tried(waiting, {
      later: [
        { at: T0 + HOUR, facts: factsWith({ seats: 5 }), event: event(18) },
        { at: T0 + 2 * HOUR, facts: factsWith({ seats: 5 }), event: event(17) },
        { at: T0 + 5 * HOUR, facts: factsWith({ seats: 11 }), event: null },
      ],
    })
    expect(told(found)).toMatchObject({
      shipped: [0, 2 * HOUR, 'happened'],
      big: [2 * HOUR, 5 * HOUR, 'met'],
      ask: [5 * HOUR, 5 * HOUR, 'yes'],
    })
  })

  it('gives the facts with which a sleep ends, and tells each item of a list apart', () => {
    const plan = planOf([
      trigger('start', ['wait']),
      delay('wait', { mode: 'for', ms: HOUR }, ['big']),
      waitRule(
        'big',
        { rule: { property: 'account.seats', op: 'gt', value: 10 }, maxWaitMs: HOUR },
        { met: ['lines'], timeout: [] },
      ),
      each('lines', { list: 'trigger.lines', atOnce: 1, onItemFailure: 'continue' }, { item: ['tag'] }),
      { ...act('tag'), within: 'lines' },
    ])
    const given = { trigger: { step: 'start', data: { lines: ['a', 'b'] } } }
    const found = tried(plan, {
      ...given,
      wakes: { 'wait:1': factsWith({ seats: 12 }) },
      answer: (_, instance) => ({ output: { instance } }),
    })
    expect(found.effects.map(({ step }) => step)).toEqual(['lines:0/tag', 'lines:1/tag'])
    expect(tried(plan, given).effects).toEqual([])
  })
})
