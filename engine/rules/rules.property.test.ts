import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type History, histories, historyFacts } from '../../test/helpers/random-histories.ts'
import {
  LEAF_KINDS,
  type LeafKind,
  moments,
  NAMES,
  nows,
  type RuleOptions,
  rules,
  singleRules,
  type SubjectKind,
  ZONES,
} from '../../test/helpers/random-rules.ts'
import { referenceHolds } from '../../test/helpers/rules-reference.ts'
import { ruleSchema } from '../model/rule-schema.ts'
import type { Facts, Instant, Rule } from '../model/rule.ts'
import { checkRule } from './check.ts'
import { evaluate } from './evaluate.ts'
import { describe as say } from './explain.ts'
import { isUnsteady } from './events.ts'
import { mergeReads, readsOf } from './reads.ts'

interface Case {
  rule: Rule
  facts: Facts
  now: Instant
  /** Other moments of interest, later than now. */
  later: Instant[]
}

const subjects = fc.constantFrom<SubjectKind>('contact', 'account')

function cases(rulesOf: (options: RuleOptions) => fc.Arbitrary<Rule>): fc.Arbitrary<Case> {
  return fc.tuple(nows, subjects).chain(([now, subject]) => {
    const options: RuleOptions = { subject, zones: ZONES, names: NAMES, now }
    const id = subject === 'contact' ? 'c-1' : 'a-1'
    return fc
      .record({
        rule: rulesOf(options),
        history: histories(options),
        later: fc.array(
          fc.tuple(moments(options), fc.integer({ min: 0, max: 40 })).map(([at, days]) => at + days * 86_400_000),
          { maxLength: 12 },
        ),
      })
      .map(({ rule, history, later }: { rule: Rule; history: History; later: Instant[] }) => ({
        rule,
        facts: historyFacts(history, { kind: subject, id }, now),
        now,
        later: later.filter((at) => at > now),
      }))
  })
}

const shown = ({ rule, now }: Case, at: Instant): string =>
  `${say(rule)} [${JSON.stringify(rule)}] at ${new Date(at).toISOString()}, now ${new Date(now).toISOString()}`

describe('evaluate', () => {
  it.each(LEAF_KINDS)('says of %s what the words of the rule language say', (kind) => {
    fc.assert(
      fc.property(
        cases((options) => singleRules({ ...options, kinds: [kind] })),
        (one) => {
          expect(checkRule(one.rule)).toEqual([])
          expect(ruleSchema.safeParse(one.rule).success).toBe(true)
          for (const at of [one.now, ...one.later.slice(0, 2)])
            if (evaluate(one.rule, one.facts, at).value !== referenceHolds(one.rule, one.facts, at))
              throw new Error(`${shown(one, at)}: evaluate says ${evaluate(one.rule, one.facts, at).value}`)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('says of whole trees what the words of the rule language say', () => {
    fc.assert(
      fc.property(cases(rules), (one) => {
        const { value, why } = evaluate(one.rule, one.facts, one.now)
        expect(why.value).toBe(value)
        if (value !== referenceHolds(one.rule, one.facts, one.now)) throw new Error(shown(one, one.now))
      }),
      { numRuns: 2000 },
    )
  })

  it('needs no more than what its reads name', () => {
    fc.assert(
      fc.property(cases(rules), (one) => {
        const reads = mergeReads([readsOf(one.rule), readsOf({ segment: 'other', is: 'in' })])
        const { value } = evaluate(one.rule, one.facts, one.now)
        expect(evaluate(one.rule, onlyRead(one.facts, reads, one.now), one.now).value).toBe(value)
      }),
      { numRuns: 1000 },
    )
  })
})

/** What a loader brings that loads the reads and nothing else. */
function onlyRead(facts: Facts, reads: ReturnType<typeof readsOf>, now: Instant): Facts {
  const since = (window: number | null): Instant => (window === null ? -Infinity : now - window)
  const has = (object: object, name: string): boolean => Object.hasOwn(object, name)
  const events = Object.entries(facts.events).filter(([name]) => has(reads.events, name))
  const keep = (name: string): boolean[] =>
    (facts.events[name] ?? []).map((at) => at > since(reads.events[name] ?? null))
  return {
    ...facts,
    segments: facts.segments.filter((slug) => reads.segments.includes(slug)),
    signals: facts.signals.filter((slug) => reads.signals.includes(slug)),
    events: Object.fromEntries(events.map(([name, times]) => [name, times.filter((_, i) => keep(name)[i])])),
    eventValues: Object.fromEntries(
      Object.entries(facts.eventValues ?? {})
        .filter(([name]) => has(reads.eventProperties ?? {}, name))
        .map(([name, all]) => [
          name,
          all
            .filter((_, i) => keep(name)[i])
            .map((values) =>
              Object.fromEntries(
                Object.entries(values).filter(([property]) => reads.eventProperties?.[name]?.includes(property)),
              ),
            ),
        ]),
    ),
    changes: Object.fromEntries(
      Object.entries(facts.changes ?? {})
        .filter(([path]) => has(reads.changes ?? {}, path))
        .map(([path, all]) => [path, all.filter((change) => change.at > since(reads.changes?.[path] ?? null))]),
    ),
    scores: Object.fromEntries(Object.entries(facts.scores ?? {}).filter(([slug]) => reads.scores?.includes(slug))),
    related:
      reads.related === undefined ? [] : (facts.related ?? []).map((one) => onlyRead(one, reads.related ?? reads, now)),
  }
}

describe('validUntil', () => {
  it('never awaits what data says of a year that no calendar has', () => {
    const facts: Facts = {
      at: 0,
      contact: { id: 'c-1', externalId: null, properties: { ends: 1e15 } },
      account: null,
      segments: [],
      signals: [],
      events: { login: [1] },
      eventValues: { login: [{ ends: 1e15 }] },
    }
    const where = [{ property: 'ends', op: 'withinLast' as const, value: 'PT1H' }]
    const ask: Rule[] = [
      { property: 'contact.ends', op: 'before', value: 'now' },
      { property: 'contact.ends', op: 'withinPeriod', value: { calendar: 'hour', zone: 'UTC' } },
      { last: 'login', op: 'withinPeriod', value: { calendar: 'hour', zone: 'UTC' }, where },
      { event: 'login', count: { op: 'gte', value: 1 }, within: { calendar: 'day', zone: 'UTC' }, where },
    ]
    for (const rule of ask)
      expect(evaluate(rule, facts, Date.UTC(2026, 0, 1))).toMatchObject({ value: false, validUntil: null })
  })

  const stands = (one: Case): void => {
    const { value, validUntil } = evaluate(one.rule, one.facts, one.now)
    if (validUntil !== null && validUntil <= one.now)
      throw new Error(`${shown(one, one.now)}: valid until ${validUntil}`)
    const end = validUntil ?? Infinity
    const edges = Object.values(one.facts.events).flatMap((times) => times.flatMap((at) => [at, at + 1]))
    const probes = [...one.later, ...edges, ...(validUntil === null ? [] : [validUntil - 1])]
    for (const at of probes)
      if (at > one.now && at < end && referenceHolds(one.rule, one.facts, at) !== value)
        throw new Error(`${shown(one, at)}: was to be ${value} until ${validUntil}`)
  }

  it.each(LEAF_KINDS)('is never late for %s', (kind) => {
    fc.assert(
      fc.property(
        cases((options) => singleRules({ ...options, kinds: [kind] })),
        stands,
      ),
      { numRuns: 400 },
    )
  })

  it('is never late for whole trees', () => {
    fc.assert(fc.property(cases(rules), stands), { numRuns: 1500 })
  })

  const EXACT: LeafKind[] = LEAF_KINDS.filter((kind) => kind !== 'related')
  it.each(EXACT)('is the very moment %s turns', (kind) => {
    fc.assert(
      fc.property(
        cases((options) => singleRules({ ...options, kinds: [kind] })),
        (one) => {
          const { value, validUntil } = evaluate(one.rule, one.facts, one.now)
          if (validUntil === null || turnsUnseen(one.rule)) return
          if (referenceHolds(one.rule, one.facts, validUntil) === value)
            throw new Error(`${shown(one, validUntil)}: is still ${value}`)
        },
      ),
      { numRuns: 400 },
    )
  })
})

/** With a filter that hangs on the present there can be more moments than are looked at: early is allowed. */
const turnsUnseen = (rule: Rule): boolean =>
  'sequence' in rule ? rule.sequence.some((step) => isUnsteady(step.where)) : 'where' in rule && isUnsteady(rule.where)
