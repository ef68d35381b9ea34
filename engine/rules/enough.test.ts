import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Facts, Rule } from '../model/rule.ts'
import { enoughOf } from './enough.ts'
import { evaluate } from './evaluate.ts'

const NOW = 1_700_000_000_000
const counts: fc.Arbitrary<Rule> = fc.record({
  event: fc.constant('e'),
  count: fc.record({ op: fc.constantFrom('eq', 'gte', 'lte', 'gt', 'lt'), value: fc.nat(5) }),
  within: fc.constantFrom('PT1S', 'PT10S', 'P1D'),
})
const last: fc.Arbitrary<Rule> = fc.record({
  last: fc.constant('e'),
  op: fc.constantFrom('withinLast', 'moreThanAgo'),
  value: fc.constantFrom('PT1S', 'PT10S'),
})
const rules: fc.Arbitrary<Rule> = fc.oneof(
  counts,
  last,
  fc.array(fc.oneof(counts, last), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
)

it('the newest events that are enough, and those yet to come, give the answer and its end that all of them give', () => {
  fc.assert(
    fc.property(
      rules,
      fc.array(fc.integer({ min: -12_000, max: 4000 }), { maxLength: 20 }),
      fc.nat(9000),
      (rule, offsets, later) => {
        const times = offsets.map((ms) => NOW + ms).toSorted((a, b) => a - b)
        const most = enoughOf(rule).get('e') ?? Infinity
        const known = times.filter((at) => at <= NOW)
        const newest = [...known.slice(Math.max(0, known.length - most)), ...times.filter((at) => at > NOW)]
        // As of now, and as of a later moment at which nothing was loaded anew.
        for (const at of [NOW, NOW + later]) {
          const [all, few] = [times, newest].map((each) => evaluate(rule, facts(each), at))
          expect([few?.value, few?.validUntil]).toEqual([all?.value, all?.validUntil])
        }
      },
    ),
    { numRuns: 2000, seed: 4 },
  )
})

const facts = (times: number[]): Facts => ({
  at: NOW,
  contact: null,
  account: null,
  segments: [],
  signals: [],
  events: { e: times },
})

it('is all of them where a property, an order, or an earlier window is asked for', () => {
  const where = [{ property: 'p', op: 'eq' as const, value: 1 }]
  for (const rule of [
    { event: 'e', count: { op: 'gte', value: 2 }, where },
    { event: 'e', count: { op: 'gte', value: 2 }, within: { calendar: 'month', ago: 1, zone: 'UTC' } },
    { first: 'e', op: 'withinLast', value: 'P1D' },
    { all: [{ event: 'e', count: { op: 'eq', value: 0 } }, { sequence: [{ event: 'e' }, { event: 'f' }] }] },
    { aggregate: 'sum', event: 'e', of: 'p', op: 'gt', value: 1 },
  ] satisfies Rule[])
    expect(enoughOf(rule).get('e')).toBe(null)
  expect(enoughOf({ event: 'e', count: { op: 'eq', value: 0 }, within: 'P7D' }).get('e')).toBe(1)
  expect(
    enoughOf({
      any: [
        { event: 'e', count: { op: 'gte', value: 3 } },
        { last: 'e', op: 'exists' },
      ],
    }).get('e'),
  ).toBe(4)
})

it('says in the trace that there may be more', () => {
  const rule: Rule = { event: 'e', count: { op: 'gte', value: 2 } }
  const cut = { ...facts([NOW - 3, NOW - 2, NOW - 1]), newestOnly: { e: 3 } }
  expect(evaluate(rule, cut, NOW).why).toMatchObject({ actual: 3, note: 'or more' })
  expect(evaluate(rule, { ...cut, events: { e: [NOW - 1] } }, NOW).why.note).toBeUndefined()
})
