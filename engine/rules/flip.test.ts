import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factsAt } from '../../test/helpers/plans.ts'
import { histories, historyFacts } from '../../test/helpers/random-histories.ts'
import {
  LEAF_KINDS,
  type LeafKind,
  NAMES,
  nows,
  type RuleOptions,
  rules,
  singleRules,
  ZONES,
} from '../../test/helpers/random-rules.ts'
import { referenceHolds } from '../../test/helpers/rules-reference.ts'
import { type Aggregate, COUNT_OPS, type Rule } from '../model/rule.ts'
import type { RuleScope } from './evaluate.ts'
import { evaluate } from './evaluate.ts'
import { describe as say } from './explain.ts'
import { type Flip, flipsOf, withChanges } from './flip.ts'

const T0 = Date.parse('2026-02-22T12:00:00Z')
const DAY = 86_400_000

const sentences = (rule: Rule, scope: RuleScope): string[][] =>
  flipsOf(rule, scope, T0).map((flip) =>
    flip.kind === 'time' ? [flip.sentence] : flip.changes.map((change) => change.sentence),
  )

const scope: RuleScope = {
  ...factsAt(T0, { contact: { plan: 'free' }, account: { mrr: 80, seats: 5 } }),
  segments: ['trial'],
  events: { login: [T0 - 2 * DAY, T0 - DAY] },
}

describe('what would change it', () => {
  it('names the property, what it is and what it would have to be', () => {
    expect(sentences({ property: 'account.mrr', op: 'gt', value: 100 }, scope)).toEqual([
      ['account.mrr would have to be more than 100 (is 80)'],
    ])
    expect(sentences({ property: 'account.mrr', op: 'lt', value: 100 }, scope)).toEqual([
      ['account.mrr would have to be at least 100 (is 80)'],
    ])
    expect(sentences({ property: 'contact.role', op: 'exists' }, scope)).toEqual([
      ['contact.role would have to have a value (nothing is there)'],
    ])
  })

  it('says how many events are missing, and when the answer turns by itself', () => {
    expect(sentences({ event: 'login', count: { op: 'gte', value: 3 }, within: 'P7D' }, scope)).toEqual([
      ['one more "login" in the last 7 days'],
    ])
    expect(sentences({ event: 'login', count: { op: 'eq', value: 0 }, within: 'P7D' }, scope)).toEqual([
      ['"login" in the last 7 days: they are 2, which is too many, and none can be undone'],
      ['nothing happens until 2026-02-28T12:00:00.000Z (then the answer changes by itself)'],
    ])
  })

  it('of a false “all” it names all false parts, of a false “any” each part alone', () => {
    const mrr: Rule = { property: 'account.mrr', op: 'gt', value: 100 }
    const plan: Rule = { property: 'contact.plan', op: 'eq', value: 'pro' }
    const trial: Rule = { segment: 'trial', is: 'in' }
    expect(sentences({ all: [mrr, plan, trial] }, scope)).toEqual([
      ['account.mrr would have to be more than 100 (is 80)', 'contact.plan would have to be pro (is free)'],
    ])
    expect(sentences({ any: [mrr, plan] }, scope)).toEqual([
      ['account.mrr would have to be more than 100 (is 80)'],
      ['contact.plan would have to be pro (is free)'],
    ])
    expect(sentences({ any: [trial, mrr] }, scope)).toEqual([['would have to be out of segment trial']])
    expect(sentences({ any: [{ all: [mrr, plan] }, { not: trial }] }, scope)).toEqual([
      ['would have to be out of segment trial'],
    ])
  })

  it('changes what else stands in the way where two parts read the same', () => {
    const over: Rule = { property: 'account.mrr', op: 'gt', value: 100 }
    const [flip] = flipsOf({ all: [over, { any: [{ not: over }, { segment: 'vip', is: 'in' }] }] }, scope, T0)
    expect(flip?.kind === 'changes' && flip.changes.map((change) => change.path)).toEqual(['all.0', 'all.1.any.1'])
  })

  it('prefers what new data can bring to what nothing can', () => {
    const tooMany: Rule = { event: 'login', count: { op: 'lt', value: 1 } }
    const plan: Rule = { property: 'contact.plan', op: 'eq', value: 'pro' }
    expect(sentences({ any: [tooMany, { all: [plan, { segment: 'vip', is: 'in' }] }] }, scope)).toEqual([
      ['contact.plan would have to be pro (is free)', 'would have to be in segment vip'],
    ])
  })
})

describe('of rules about what happened', () => {
  const paid = (amounts: number[], more: Partial<RuleScope> = {}): RuleScope => ({
    ...factsAt(T0, { contact: {} }),
    events: { paid: amounts.map((_, i) => T0 - (amounts.length - i) * DAY) },
    eventValues: { paid: amounts.map((amount) => ({ amount })) },
    ...more,
  })
  const figure = (aggregate: Aggregate, op: 'gt' | 'lt' | 'eq' | 'gte', value: number): Rule => ({
    aggregate,
    event: 'paid',
    of: 'amount',
    op,
    value,
  })

  it('says what number one more event would have to bring', () => {
    const facts = paid([4000, 200])
    expect(sentences(figure('sum', 'gt', 5000), facts)).toEqual([
      ['one more "paid" with amount above 800 (the sum is 4200)'],
    ])
    expect(sentences(figure('sum', 'lt', 5000), facts)).toEqual([
      ['one more "paid" with amount of at least 800 (the sum is 4200)'],
    ])
    expect(sentences(figure('average', 'gte', 2500), facts)).toEqual([
      ['one more "paid" with amount of at least 3300 (the average is 2100)'],
    ])
    expect(sentences(figure('max', 'gt', 5000), facts)).toEqual([
      ['one more "paid" with amount above 5000 (the largest is 4000)'],
    ])
    expect(sentences(figure('min', 'eq', 200), facts)).toEqual([
      ['one more "paid" with amount below 200 (the smallest is 200)'],
    ])
    expect(sentences(figure('min', 'gt', 500), paid([]))).toEqual([
      ['one more "paid" with amount above 500 (there is none yet)'],
    ])
  })

  it('says how many it takes where a filter allows none that is enough', () => {
    const small: Rule = { ...figure('sum', 'gte', 100), where: [{ property: 'amount', op: 'lte', value: 40 }] }
    expect(sentences(small, paid([10]))).toEqual([
      ['3 more "paid" (where amount is at most 40) with amount of at least 30 each (the sum is 10)'],
    ])
  })

  it('names nothing where only time can do it, and the moment', () => {
    expect(sentences({ ...figure('min', 'gt', 500), within: 'P7D' }, paid([200]))).toEqual([
      ['it would have to hold that the smallest amount of "paid" in the last 7 days is more than 500'],
    ])
    expect(sentences({ ...figure('max', 'lt', 100), within: 'P3D' }, paid([200, 50]))).toEqual([
      ['it would have to hold that the largest amount of "paid" in the last 3 days is less than 100'],
      ['nothing happens until 2026-02-23T12:00:00.000Z (then the answer changes by itself)'],
    ])
  })

  it('says how many new values are missing', () => {
    expect(sentences(figure('distinct', 'gte', 3), paid([1, 1]))).toEqual([
      ['2 more "paid" with new values, each another one, of amount (1 different so far)'],
    ])
    expect(sentences(figure('distinct', 'lt', 1), paid([1]))).toEqual([
      [
        'the number of different values of amount of "paid" ever: they are 1, which is too many, and none can be undone',
      ],
    ])
  })

  it('says how many events a trend lacks in its window', () => {
    const days = [13, 12, 11, 10, 9, 3, 2]
    const facts = { ...factsAt(T0, { contact: {} }), events: { login: days.map((day) => T0 - day * DAY) } }
    expect(sentences({ trend: 'count', event: 'login', op: 'gte', value: 0, within: 'P7D' }, facts)[0]).toEqual([
      '3 more "login" in the last 7 days (2 against 5 before)',
    ])
    expect(sentences({ trend: 'count', event: 'x', op: 'gt', value: 0, within: 'P7D' }, facts)).toEqual([
      ['"x" rose against the 7 days before: there is nothing before to compare with'],
    ])
  })

  it('names the steps of a sequence that are missing, beginning with the next', () => {
    const facts = paid([1], { events: { seen: [T0 - 3 * DAY], paid: [T0 - DAY] } })
    const steps = (...events: string[]): Rule => ({ sequence: events.map((event) => ({ event })) })
    expect(sentences(steps('seen', 'paid', 'invited'), facts)).toEqual([
      ['one more "invited" (2 of 3 in order so far)'],
    ])
    expect(sentences(steps('paid', 'seen', 'invited'), facts)).toEqual([
      ['one more "seen", then one more "invited" (1 of 3 in order so far)'],
    ])
    expect(sentences({ ...steps('seen', 'paid'), span: 'P1D' } as Rule, facts)).toEqual([
      ['one more "seen", then one more "paid" (0 of 2 in order so far)'],
    ])
  })

  it('names a first event only where there was none', () => {
    const first = (event: string): Rule => ({ first: event, op: 'withinLast', value: 'PT1H' })
    expect(sentences(first('seen'), paid([1]))).toEqual([['one more "seen"']])
    expect(sentences(first('paid'), paid([1]))[0]?.[0]).toContain('the first "paid" has been and stays the first')
  })

  it('says how many more or fewer contacts it takes, and what of them', () => {
    const of = (plan: string) => factsAt(T0, { contact: { plan } })
    const facts: RuleScope = { ...factsAt(T0, { account: {} }), related: [of('free'), of('pro')] }
    const pro: Rule = { property: 'contact.plan', op: 'eq', value: 'pro' }
    expect(sentences({ contacts: pro, count: { op: 'gte', value: 2 } }, facts)).toEqual([
      ['one more contact for which (contact.plan is pro)'],
    ])
    expect(sentences({ contacts: pro, count: { op: 'eq', value: 4 } }, facts)).toEqual([
      ['3 more contacts for which (contact.plan is pro)'],
    ])
    expect(sentences({ not: { contacts: pro } }, facts)).toEqual([
      ['one fewer contact for which (contact.plan is pro)'],
    ])
  })
})

const shown = (rule: Rule, flip: Flip): string => `${say(rule)} ${JSON.stringify(rule)}: ${JSON.stringify(flip)}`

function cases(rulesOf: (options: RuleOptions) => fc.Arbitrary<Rule>) {
  return fc.tuple(nows, fc.constantFrom('contact' as const, 'account' as const)).chain(([now, subject]) => {
    const options: RuleOptions = { subject, zones: ZONES, names: NAMES, now }
    const id = subject === 'contact' ? 'c-1' : 'a-1'
    return fc
      .record({ rule: rulesOf(options), history: histories(options) })
      .map(({ rule, history }) => ({ rule, now, facts: historyFacts(history, { kind: subject, id }, now) }))
  })
}

describe('every change that is named', () => {
  const TRIED = LEAF_KINDS

  const flips = ({ rule, facts, now }: { rule: Rule; facts: RuleScope; now: number }): void => {
    const { value } = evaluate(rule, facts, now)
    for (const flip of flipsOf(rule, facts, now)) {
      const turned =
        flip.kind === 'time'
          ? referenceHolds(rule, facts, flip.at)
          : flip.changes.some(({ need }) => need === null)
            ? !value
            : referenceHolds(rule, withChanges(facts, flip.changes, now), now)
      if (turned === value) throw new Error(shown(rule, flip))
    }
  }

  it.each(TRIED)('really flips a rule of one %s', (kind) => {
    fc.assert(
      fc.property(
        cases((options) => singleRules({ ...options, kinds: [kind] })),
        flips,
      ),
      { numRuns: 200 },
    )
  })

  it('really flips whole trees', () => {
    fc.assert(fc.property(cases(rules), flips), { numRuns: 400 })
  })

  it('is found for most properties, counts, memberships and scores that do not hold', () => {
    let [asked, found] = [0, 0]
    fc.assert(
      fc.property(
        cases((options) => singleRules({ ...options, kinds: ['property', 'event', 'segment', 'signal', 'score'] })),
        ({ rule, facts, now }) => {
          if (facts.contact === null || facts.account === null || evaluate(rule, facts, now).value) return
          asked += 1
          if (flipsOf(rule, facts, now).some((flip) => flip.kind === 'time' || flip.changes[0]?.need)) found += 1
        },
      ),
      { numRuns: 1000, seed: 7 },
    )
    expect(asked).toBeGreaterThan(50)
    expect(found / asked).toBeGreaterThan(0.75)
  })

  const needed = (rule: Rule, facts: RuleScope, now: number): boolean =>
    flipsOf(rule, facts, now).some((flip) => flip.kind === 'changes' && flip.changes.every(({ need }) => need !== null))

  it.each<[LeafKind, number]>([
    ['first', 0.3],
    ['last', 0.5],
    ['sequence', 0.5],
    ['aggregate', 0.6],
    ['related', 0.8],
  ])('is found for many rules of one %s that do not hold', (kind, share) => {
    let [asked, found] = [0, 0]
    fc.assert(
      fc.property(
        cases((options) => singleRules({ ...options, kinds: [kind] })),
        ({ rule, facts, now }) => {
          if (evaluate(rule, facts, now).value) return
          asked += 1
          if (needed(rule, facts, now)) found += 1
        },
      ),
      { numRuns: 300, seed: 7 },
    )
    expect(found / asked).toBeGreaterThan(share)
  })

  it('is found for every figure and trend that one side of a number turns', () => {
    const amounts = fc.array(
      fc.record({ hours: fc.integer({ min: 1, max: 330 }), amount: fc.integer({ min: 1, max: 99 }) }),
      {
        minLength: 4,
        maxLength: 20,
      },
    )
    const asks = fc.record({
      of: fc.constantFrom('sum' as const, 'average' as const),
      op: fc.constantFrom(...COUNT_OPS),
      percent: fc.integer({ min: -90, max: 150 }),
      value: fc.integer({ min: -500, max: 2_000 }),
    })
    fc.assert(
      fc.property(amounts, asks, (events, { of, op, percent, value }) => {
        const ordered = events.toSorted((a, b) => b.hours - a.hours)
        const facts: RuleScope = {
          ...factsAt(T0, { contact: {} }),
          events: { paid: ordered.map(({ hours }) => T0 - (hours * DAY) / 24) },
          eventValues: { paid: ordered.map(({ amount }) => ({ amount })) },
        }
        const asked = { event: 'paid', of: 'amount', op, within: 'P7D' }
        const aggregate: Rule = { ...asked, aggregate: of, value }
        const trend: Rule = { ...asked, trend: of, value: percent }
        const before = ordered.some(({ hours }) => hours >= 7 * 24)
        // Which number exactly makes so many percent, a double may not say.
        for (const rule of op === 'eq' ? [] : before ? [aggregate, trend] : [aggregate]) {
          flips({ rule, facts, now: T0 })
          if (!needed(rule, facts, T0)) throw new Error(JSON.stringify([rule, flipsOf(rule, facts, T0)]))
        }
      }),
      { numRuns: 300 },
    )
  })
})
