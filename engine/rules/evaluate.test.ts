import fc from 'fast-check'
import { describe as group, expect, it } from 'vitest'
import type { Json } from '../../nodes/manifest.ts'
import { factsAt } from '../../test/helpers/plans.ts'
import type { EventRule, PropertyOp, Rule } from '../model/rule.ts'
import { evaluate, type RuleScope } from './evaluate.ts'
import { describe, explain } from './explain.ts'
import { mergeReads, readsOf, stepsReadBy } from './reads.ts'

const T0 = 1_700_000_000_000
const DAY = 86_400_000
const ask = (op: PropertyOp, actual: Json | undefined, value?: Json) => {
  const scope = factsAt(T0, { contact: actual === undefined ? {} : { p: actual } })
  return evaluate({ property: 'contact.p', op, ...(value === undefined ? {} : { value }) }, scope, T0)
}

group('comparisons', () => {
  const cases: Array<[op: PropertyOp, actual: Json | undefined, value: Json | undefined, expected: boolean]> = [
    ['eq', 5, 5, true],
    ['eq', '5', 5, false],
    ['eq', { a: [1], b: 2 }, { b: 2, a: [1] }, true],
    ['ne', '5', 5, true],
    ['ne', undefined, 5, true],
    ['gt', 101, 100, true],
    ['gt', 100, 100, false],
    ['gte', 100, 100, true],
    ['lt', 99, 100, true],
    ['lte', 101, 100, false],
    ['gt', '101', 100, false],
    ['contains', 'hello', 'ell', true],
    ['contains', ['a', 'b'], 'b', true],
    ['contains', 5, '5', false],
    ['notContains', undefined, 'x', true],
    ['notContains', 'hello', 'ell', false],
    ['startsWith', 'hello', 'he', true],
    ['endsWith', 'hello', 'he', false],
    ['in', 'a', ['a', 'b'], true],
    ['in', undefined, ['a'], false],
    ['notIn', undefined, ['a'], true],
    ['notIn', 'c', ['a', 'b'], true],
    ['exists', null, undefined, false],
    ['exists', 0, undefined, true],
    ['empty', undefined, undefined, true],
    ['empty', [], undefined, true],
    ['empty', 0, undefined, false],
    ['before', '2023-01-01', '2023-01-02', true],
    ['after', '2023-01-01', '2023-01-01', false],
    ['before', T0 / 1000 - 1, 'now', true],
    ['after', T0 / 1000 + 1, 'now', true],
    ['withinLast', T0 / 1000, 'P1D', true],
    ['withinLast', T0 / 1000 - 86_400, 'P1D', false],
    ['withinNext', T0 / 1000 + 86_400, 'P1D', true],
    ['withinNext', T0 / 1000, 'P1D', false],
    ['withinLast', '2023-11-14T12:00:00', 'P9D', false],
  ]
  it.each(cases.map((row) => ({ row })))('$row', ({ row: [op, actual, value, expected] }) => {
    expect(ask(op, actual, value).value).toBe(expected)
  })

  it('says in the trace what was found, that it was missing, and that types differ', () => {
    expect(ask('gt', '101', 100).why).toMatchObject({ actual: '101', note: 'found text, not a number' })
    expect(ask('eq', '5', 5).why.note).toMatch(/text with a number; nothing is converted/)
    expect(ask('gt', undefined, 100).why).toEqual({
      rule: 'contact.p gt 100',
      value: false,
      actual: null,
      missing: true,
    })
  })

  it('reads structured properties, trigger data and step outputs, and no prototype', () => {
    const scope: RuleScope = {
      ...factsAt(T0, { contact: { address: { city: 'Bonn' }, 'a.b': 1 } }),
      trigger: { items: [{ sku: 'x' }] },
      stepOutput: (step) => (step === 'find' ? { id: 7 } : undefined),
    }
    const eq = (property: string, value: Json) => evaluate({ property, op: 'eq', value }, scope, T0).value
    expect(eq('contact.address.city', 'Bonn')).toBe(true)
    expect(eq('contact.a.b', 1)).toBe(true)
    expect(eq('contact.id', 'c-1')).toBe(true)
    expect(eq('account.externalId', 'acme')).toBe(true)
    expect(eq('trigger.items.0.sku', 'x')).toBe(true)
    expect(eq('steps.find.id', 7)).toBe(true)
    for (const property of ['contact.__proto__', 'contact.constructor', 'trigger.items.length', 'steps.no.id', 'x.y'])
      expect(evaluate({ property, op: 'exists' }, scope, T0).value).toBe(false)
  })

  it('knows membership and signals', () => {
    const scope = { ...factsAt(T0), segments: ['trial'], signals: ['ready'] }
    expect(evaluate({ segment: 'trial', is: 'in' }, scope, T0).value).toBe(true)
    expect(evaluate({ segment: 'trial', is: 'out' }, scope, T0).value).toBe(false)
    expect(evaluate({ signal: 'ready', is: 'cleared' }, scope, T0).value).toBe(false)
    expect(evaluate({ signal: 'other', is: 'cleared' }, scope, T0).value).toBe(true)
  })
})

group('events', () => {
  const logins = (...daysAgo: number[]): RuleScope => ({
    ...factsAt(T0),
    events: { login: daysAgo.map((d) => T0 - d * DAY).toSorted((a, b) => a - b) },
  })
  const rule = (op: EventRule['count']['op'], value: number, within?: string): EventRule => ({
    event: 'login',
    count: { op, value },
    ...(within === undefined ? {} : { within }),
  })

  it('counts a rolling window that is open at its far end', () => {
    expect(evaluate(rule('eq', 1, 'P7D'), logins(0, 7), T0).why).toMatchObject({ value: true, actual: 1 })
    expect(evaluate(rule('eq', 2), logins(0, 7), T0).value).toBe(true)
  })

  it('“no login for 7 days” comes true exactly seven days after the last one', () => {
    const absent = rule('eq', 0, 'P7D')
    const now = evaluate(absent, logins(2, 5), T0)
    expect(now).toMatchObject({ value: false, validUntil: T0 + 5 * DAY })
    expect(evaluate(absent, logins(2, 5), T0 + 5 * DAY - 1).value).toBe(false)
    expect(evaluate(absent, logins(2, 5), T0 + 5 * DAY)).toMatchObject({ value: true, validUntil: null })
  })

  it('an event never seen is never counted', () => {
    expect(evaluate(rule('eq', 0, 'P7D'), factsAt(T0), T0)).toMatchObject({ value: true, validUntil: null })
  })
})

group('validUntil', () => {
  const moment = fc.integer({ min: -40, max: 40 }).map((h) => T0 + h * 3600_000)
  const span = fc.constantFrom('PT5H', 'P1D', 'PT1H')
  const leaf: fc.Arbitrary<Rule> = fc.oneof(
    fc.record({
      property: fc.constantFrom('contact.a', 'contact.b'),
      op: fc.constantFrom<PropertyOp>('withinLast', 'withinNext'),
      value: span,
    }),
    fc.record({
      property: fc.constantFrom('contact.a', 'contact.b'),
      op: fc.constantFrom<PropertyOp>('before', 'after'),
      value: fc.constant('now'),
    }),
    fc.record({
      event: fc.constantFrom('e', 'f'),
      count: fc.record({ op: fc.constantFrom('eq', 'gte', 'lt'), value: fc.integer({ min: 0, max: 3 }) }),
      within: span,
    }),
  )
  const rules = fc.letrec<{ rule: Rule }>((tie) => ({
    rule: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
      fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      tie('rule').map((not) => ({ not })),
    ),
  })).rule
  const scopes = fc
    .record({ a: moment, b: moment, e: fc.array(moment, { maxLength: 6 }), f: fc.array(moment, { maxLength: 6 }) })
    .map(({ a, b, e, f }) => ({
      ...factsAt(T0, { contact: { a: a / 1000, b: b / 1000 } }),
      events: { e: e.toSorted((x, y) => x - y), f: f.toSorted((x, y) => x - y) },
    }))

  it('is never late: before it, the answer stays what it was', () => {
    fc.assert(
      fc.property(rules, scopes, fc.integer({ min: 0, max: 59 }), (rule, scope, minutes) => {
        const now = T0 + minutes * 60_000
        const first = evaluate(rule, scope, now)
        expect(first.validUntil === null || first.validUntil > now).toBe(true)
        const horizon = first.validUntil ?? now + 90 * 3600_000
        for (let at = now; at < horizon; at += 30 * 60_000)
          if (evaluate(rule, scope, at).value !== first.value) throw new Error(`changed already at ${at}`)
        expect(evaluate(rule, scope, horizon - 1).value).toBe(first.value)
      }),
      { numRuns: 1000 },
    )
  })

  it('is exact for a single comparison or count', () => {
    fc.assert(
      fc.property(leaf, scopes, (rule, scope) => {
        const first = evaluate(rule, scope, T0)
        if (first.validUntil !== null) expect(evaluate(rule, scope, first.validUntil).value).toBe(!first.value)
      }),
      { numRuns: 1000 },
    )
  })
})

group('what a rule reads and says', () => {
  const rule: Rule = {
    all: [
      { property: 'account.mrr', op: 'gt', value: 100 },
      {
        any: [
          { event: 'login', count: { op: 'eq', value: 0 }, within: 'P7D' },
          { segment: 'trial', is: 'in' },
        ],
      },
      { not: { event: 'login', count: { op: 'gte', value: 3 }, within: 'P30D' } },
      { signal: 'ready', is: 'set' },
      { property: 'steps.find.id', op: 'exists' },
      { property: 'contact.id', op: 'exists' },
    ],
  }

  it('names what must be loaded, with the widest window of an event', () => {
    expect(readsOf(rule)).toEqual({
      properties: ['account.mrr'],
      segments: ['trial'],
      signals: ['ready'],
      events: { login: 30 * DAY },
    })
    expect(stepsReadBy(rule)).toEqual(['find'])
    const ever = readsOf({ event: 'login', count: { op: 'gt', value: 0 } })
    expect(mergeReads([readsOf(rule), ever]).events).toEqual({ login: null })
  })

  it('speaks in plain words', () => {
    expect(describe(rule)).toBe(
      'account.mrr is more than 100 and (no "login" in the last 7 days or in segment trial) and ' +
        'not (at least 3 "login" in the last 30 days) and signal ready is set and steps.find.id is known and contact.id is known',
    )
    const trace = evaluate({ all: [{ property: 'account.mrr', op: 'gt', value: 100 }] }, factsAt(T0), T0).why
    expect(explain(trace)).toEqual(['no  all of', '  no  account.mrr gt 100 (nothing there)'])
  })
})
