import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factsAt } from '../../test/helpers/plans.ts'
import { histories, historyFacts } from '../../test/helpers/random-histories.ts'
import {
  type LeafKind,
  NAMES,
  nows,
  type RuleOptions,
  rules,
  singleRules,
  ZONES,
} from '../../test/helpers/random-rules.ts'
import { referenceHolds } from '../../test/helpers/rules-reference.ts'
import type { Rule } from '../model/rule.ts'
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
  const TRIED: LeafKind[] = ['property', 'event', 'segment', 'signal', 'score', 'changed', 'last']

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
})
