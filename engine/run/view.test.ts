import { expect, it } from 'vitest'
import { act, branch, each, factsAt, planOf, trigger } from '../../test/helpers/plans.ts'
import type { RunInput } from '../model/run.ts'
import { replay } from './view.ts'

const T0 = 1_700_000_000_000

// start → big ─ yes → tag
it('tells the run step by step from its record', () => {
  const plan = planOf([
    trigger('start', ['big']),
    branch('big', [{ port: 'yes', if: { property: 'account.mrr', op: 'gt', value: 100 } }], { yes: ['tag'], else: [] }),
    act('tag'),
  ])
  const fault = { code: 'VENDOR_BUSY', who: 'vendor', message: 'Locked.', fix: 'Wait.' } as const
  const inputs: RunInput[] = [
    { kind: 'start', at: T0, trigger: { step: 'start', data: {} }, facts: factsAt(T0, { account: { mrr: 250 } }) },
    { kind: 'outcome', at: T0 + 1, step: 'tag', visit: 1, outcome: { kind: 'retry', fault, at: T0 + 1000 } },
    { kind: 'due', at: T0 + 1000, step: 'tag', visit: 1, facts: null },
    { kind: 'outcome', at: T0 + 1100, step: 'tag', visit: 1, outcome: { kind: 'done', output: null } },
    { kind: 'outcome', at: T0 + 1200, step: 'tag', visit: 1, outcome: { kind: 'done', output: null } },
  ]
  const { state, timeline } = replay(plan, inputs)
  expect(state?.status).toBe('completed')
  expect(timeline.map((e) => [e.at - T0, e.step, e.what, e.attempt])).toEqual([
    [0, 'start', 'done', undefined],
    [0, 'big', 'done', undefined],
    [0, 'tag', 'acting', 1],
    [0, null, 'running', undefined],
    [1, 'tag', 'retrying', 1],
    [1, null, 'waiting', undefined],
    [1000, 'tag', 'acting', 2],
    [1000, null, 'running', undefined],
    [1100, 'tag', 'done', 2],
    [1100, null, 'completed', undefined],
    [1200, 'tag', 'note', undefined],
  ])
  expect(timeline[1]).toMatchObject({ port: 'yes', why: [{ value: true, actual: 250 }] })
  expect(timeline[4]).toMatchObject({ until: T0 + 1000, text: 'Locked.' })
})

// start → orders ─ item → tag
it('tells how the steps of a list ended for each item, which the state forgets', () => {
  const plan = planOf([
    trigger('start', ['orders']),
    each('orders', { list: 'trigger.orders' }, { item: ['big'], out: [] }),
    {
      ...branch('big', [{ port: 'yes', if: { property: 'item', op: 'gt', value: 1 } }], { yes: ['tag'], else: [] }),
      within: 'orders',
    },
    { ...act('tag'), within: 'orders' },
  ])
  const inputs: RunInput[] = [
    {
      kind: 'start',
      at: T0,
      trigger: { step: 'start', data: { orders: [1, 2] } },
      facts: factsAt(T0),
    },
    { kind: 'outcome', at: T0 + 1, step: 'orders:1/tag', visit: 1, outcome: { kind: 'done', output: null } },
  ]
  const { timeline } = replay(plan, inputs)
  const items = timeline.filter(({ step }) => step?.startsWith('orders:'))
  expect(items.map((e) => [e.at - T0, e.step, e.what, e.port])).toEqual([
    [0, 'orders:1/big', 'done', 'yes'],
    [0, 'orders:1/tag', 'acting', undefined],
    [0, 'orders:0/big', 'done', 'else'],
    [0, 'orders:0/tag', 'skipped', undefined],
    [1, 'orders:1/tag', 'done', 'out'],
  ])
})
