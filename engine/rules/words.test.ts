import { describe as group, expect, it } from 'vitest'
import { factsAt } from '../../test/helpers/plans.ts'
import type { Rule } from '../model/rule.ts'
import { checkRule } from './check.ts'
import { evaluate } from './evaluate.ts'
import { describe, explain } from './explain.ts'
import { mergeReads, readsOf } from './reads.ts'

const T0 = Date.parse('2026-11-22T12:00:00Z')
const DAY = 86_400_000
const zone = 'Europe/Berlin'

group('describe', () => {
  const cases: Array<[rule: Rule, sentence: string]> = [
    [
      { aggregate: 'sum', event: 'Order', of: 'amount', op: 'gt', value: 100, within: 'P30D' },
      'the sum of amount of "Order" in the last 30 days is more than 100',
    ],
    [
      { aggregate: 'distinct', event: 'Order', of: 'sku', op: 'gte', value: 3, within: { calendar: 'month', zone } },
      'the number of different values of sku of "Order" in this month (Europe/Berlin) is at least 3',
    ],
    [
      { trend: 'count', event: 'login', op: 'lt', value: -50, within: 'P30D' },
      '"login" fell by more than 50% against the 30 days before',
    ],
    [
      { trend: 'sum', event: 'Order', of: 'amount', op: 'gte', value: 20, within: { calendar: 'week', ago: 1, zone } },
      'the sum of amount of "Order" rose by at least 20% in the week before this one (Europe/Berlin) against the week before',
    ],
    [
      { trend: 'count', event: 'login', op: 'lt', value: 10, within: 'P7D' },
      '"login" rose by less than 10%, stayed or fell against the 7 days before',
    ],
    [
      { changed: 'contact.plan', from: 'free', to: 'pro', within: 'P7D' },
      'contact.plan changed from free to pro in the last 7 days',
    ],
    [{ changed: 'contact.plan', to: null }, 'contact.plan changed to nothing'],
    [{ last: 'login', op: 'moreThanAgo', value: 'P14D' }, 'the last "login" was more than 14 days ago'],
    [{ first: 'Order', of: 'amount', op: 'gt', value: 100 }, 'amount of the first "Order" is more than 100'],
    [
      { sequence: [{ event: 'Trial' }, { event: 'Order' }], within: 'P30D', span: 'P7D' },
      '"Trial", then "Order" in the last 30 days, the last at most 7 days after the first',
    ],
    [
      {
        event: 'Order',
        count: { op: 'gte', value: 2 },
        within: { calendar: 'day', zone },
        where: [{ property: 'amount', op: 'gt', value: 100 }],
      },
      'at least 2 "Order" (where amount is more than 100) today (Europe/Berlin)',
    ],
    [{ score: 'health', of: 'band', op: 'eq', value: 'red' }, 'band of score health is red'],
    [{ score: 'health', op: 'lt', value: 30 }, 'score health is less than 30'],
    [
      { contacts: { property: 'contact.role', op: 'eq', value: 'admin' }, count: { op: 'gte', value: 2 } },
      'at least 2 contacts for which (contact.role is admin)',
    ],
    [
      { accounts: { segment: 'big', is: 'in' }, count: { op: 'eq', value: 0 } },
      'no account for which (in segment big)',
    ],
    [
      {
        property: 'contact.renews',
        op: 'withinPeriod',
        value: { calendar: 'month', zone },
      },
      'contact.renews is in this month (Europe/Berlin)',
    ],
    [{ property: 'contact.tags', op: 'containsAny', value: ['a', 'b'] }, 'contact.tags contains any of a, b'],
  ]
  it.each(cases.map(([rule, sentence]) => ({ rule, sentence })))('$sentence', ({ rule, sentence }) => {
    expect(checkRule(rule)).toEqual([])
    expect(describe(rule)).toBe(sentence)
  })
})

group('the trace', () => {
  it('shows figures, what was left out, and where a calendar window lies', () => {
    const facts = {
      ...factsAt(T0),
      events: { Order: [T0 - 40 * DAY, T0 - DAY, T0 - DAY, T0] },
      eventValues: { Order: [{ amount: 50 }, { amount: 70 }, { amount: '5' }, { amount: 30 }] },
      changes: { 'contact.plan': [{ at: T0 - DAY, from: null, to: 'free' }] },
    }
    const sum: Rule = { aggregate: 'sum', event: 'Order', of: 'amount', op: 'gt', value: 90, within: 'P30D' }
    const month: Rule = { event: 'Order', count: { op: 'eq', value: 3 }, within: { calendar: 'month', zone } }
    const trend: Rule = { trend: 'sum', event: 'Order', of: 'amount', op: 'gt', value: 50, within: 'P30D' }
    const changed: Rule = { changed: 'contact.plan', to: 'pro' }
    expect(explain(evaluate({ all: [sum, month, trend, changed] }, facts, T0).why)).toEqual([
      'no  all of',
      '  yes sum of amount of Order gt 90 within P30D (found 100): 1 of 3 events left out: amount is no number',
      '  yes event Order count eq 3 within 1 month in Europe/Berlin (found 3): from 2026-10-31T23:00:00.000Z to 2026-11-22T12:00:00.000Z',
      '  yes trend of sum of amount of Order gt 50% within P30D (found 100): 100 against 50 before; 1 of 3 events left out: amount is no number',
      '  no  changed contact.plan to "pro" (found {"at":"2026-11-21T12:00:00.000Z","from":null,"to":"free"})',
    ])
  })

  it('of related subjects it counts, and shows their values only to who asks for them', () => {
    const ada = { ...factsAt(T0, { contact: { role: 'admin' } }), account: null }
    const facts = { ...factsAt(T0), contact: null, related: [ada, { ...ada, contact: null }] }
    const rule: Rule = { contacts: { property: 'contact.role', op: 'eq', value: 'admin' } }
    expect(evaluate(rule, facts, T0).why).toEqual({
      rule: 'contacts count gte 1 of those for which contact.role is admin',
      value: true,
      actual: 1,
      note: 'of 2 contacts',
    })
    expect(evaluate(rule, { ...facts, showRelated: 1 }, T0).why.children).toEqual([
      { rule: 'contact.role eq "admin"', value: true, actual: 'admin', note: 'c-1' },
    ])
  })
})

group('reads', () => {
  it('names events with their properties, changes, scores, and apart from them what is read of related subjects', () => {
    const rules: Rule[] = [
      { trend: 'sum', event: 'Order', of: 'order.total', op: 'gt', value: 0, within: 'P30D' },
      { aggregate: 'max', event: 'Order', of: 'amount', op: 'gt', value: 0, within: 'P7D' },
      { changed: 'account.plan', within: 'P7D' },
      { changed: 'account.plan', within: 'P9D' },
      { score: 'health', op: 'lt', value: 30 },
      {
        contacts: {
          all: [
            { last: 'login', op: 'exists' },
            { property: 'contact.role', op: 'exists' },
          ],
        },
      },
      { contacts: { segment: 'trial', is: 'in' } },
    ]
    const merged = mergeReads(rules.map(readsOf))
    expect(merged).toEqual({
      properties: [],
      segments: [],
      signals: [],
      events: { Order: 60 * DAY },
      eventProperties: { Order: ['order', 'amount'] },
      changes: { 'account.plan': 9 * DAY },
      scores: ['health'],
      related: { properties: ['contact.role'], segments: ['trial'], signals: [], events: { login: null } },
    })
    expect(readsOf({ all: rules })).toEqual(merged)
  })

  it('are of a plan of before what they were', () => {
    expect(Object.keys(readsOf({ segment: 'trial', is: 'in' }))).toEqual([
      'properties',
      'segments',
      'signals',
      'events',
    ])
  })
})

group('checkRule', () => {
  const leaf: Rule = { property: 'contact.x', op: 'exists' }
  const cases: Array<[rule: unknown, said: RegExp]> = [
    [{ event: 'x', count: { op: 'eq', value: 1 }, within: { calendar: 'day' } }, /^within\.zone: Name a time zone/],
    [{ event: 'x', count: { op: 'eq', value: 1 }, within: { calendar: 'day', zone: '+02:00' } }, /^within\.zone/],
    [
      { event: 'x', count: { op: 'eq', value: 1 }, within: { calendar: 'decade', zone } },
      /^within\.calendar: Choose one of hour, day/,
    ],
    [
      { event: 'x', count: { op: 'eq', value: 1 }, within: { calendar: 'year', count: 11, zone } },
      /^within: The window reaches back more than ten years/,
    ],
    [
      { event: 'x', count: { op: 'eq', value: 1 }, where: [{ property: 'a', op: 'gt', value: 'x' }] },
      /^where\.0\.value/,
    ],
    [{ event: 'x', count: { op: 'eq', value: 1 }, where: [] }, /^where: List 1 to 20/],
    [{ property: 'contact.x', op: 'withinPeriod', value: 'P7D' }, /^value: Give periods of a calendar/],
    [{ property: 'contact.x', op: 'containsAny', value: 'x' }, /^value: "containsAny" looks for the values of a list/],
    [{ changed: 'trigger.x' }, /^changed: Name a whole property/],
    [{ changed: 'contact.id' }, /^changed: The id of a subject never changes/],
    [{ last: 'x', op: 'eq', value: 5 }, /^op: Choose one of before, after/],
    [{ last: 'x', op: 'withinNext', value: 'P1D' }, /^op: Choose one of/],
    [{ sequence: [{ event: 'x' }] }, /^sequence: List 2 to 10/],
    [{ sequence: [{ event: 'x' }, { event: '' }] }, /^sequence\.1\.event: Name the event/],
    [{ aggregate: 'sum', event: 'x', op: 'gt', value: 1 }, /^of: Name a property of the event/],
    [{ trend: 'count', event: 'x', op: 'gt', value: 1 }, /^within: Give the window/],
    [{ trend: 'count', event: 'x', of: 'y', op: 'gt', value: 1, within: 'P7D' }, /^of: A count is of events/],
    [{ score: 'health', of: 'band', op: 'gt', value: 1 }, /^op: Choose one of eq, ne/],
    [{ contacts: { accounts: leaf } }, /^contacts: A rule about accounts cannot stand inside one about contacts/],
    [{ contacts: { property: 'account.x', op: 'exists' } }, /^contacts\.property: Inside "contacts" name a property/],
    [{ contacts: leaf, accounts: leaf }, /exactly one of .*, not contacts and accounts/],
    [{ aggregate: 'sum', trend: 'sum', event: 'x' }, /not aggregate and trend/],
  ]
  it.each(cases.map(([rule, said]) => ({ rule, said })))('refuses $rule', ({ rule, said }) => {
    const [issue] = checkRule(rule)
    expect(`${issue?.path}: ${issue?.message}`).toMatch(said)
  })

  it('counts every filter as a comparison', () => {
    const where = Array.from({ length: 20 }, () => ({ property: 'a', op: 'exists' }))
    const event = { event: 'x', count: { op: 'eq', value: 1 }, where }
    expect(checkRule({ all: [event, event, event, event] })).toEqual([])
    expect(checkRule({ all: [event, event, event, event, event] })[0]?.message).toMatch(/may compare 100.*compares 105/)
  })
})
