import type { Json } from '../../nodes/manifest.ts'
import { parsePath } from '../model/path.ts'
import type { ChangedRule, EventRule, OccasionRule, PropertyRule, Rule, ScoreRule } from '../model/rule.ts'
import { type Comparison, compare, inOrder } from './compare.ts'
import { countNow } from './count.ts'
import { eventWords, scoreWords, testWords, windowWords } from './explain.ts'
import { example, filtered } from './flip-example.ts'
import { aggregateNeed, trendNeed } from './flip-figure.ts'
import { occasionNeed, sequenceNeed } from './flip-order.ts'
import { type NeedsOf, relatedNeed } from './flip-related.ts'
import { countsNow, type LeafNeed, more as moreWords, otherwise, type Wanted } from './flip-wanted.ts'
import { byKind } from './kind.ts'
import { readRulePath, readScore } from './property.ts'

/** What would give a leaf its other answer. */
export const leafNeed: (rule: Rule, wanted: Wanted, needsOf: NeedsOf) => LeafNeed = byKind<
  [wanted: Wanted, needsOf: NeedsOf],
  LeafNeed
>({
  all: otherwise,
  any: otherwise,
  not: otherwise,
  property: propertyNeed,
  changed: changedNeed,
  first: occasion,
  last: occasion,
  sequence: sequenceNeed,
  aggregate: aggregateNeed,
  trend: trendNeed,
  event: eventNeed,
  segment: (rule, { holds }) => {
    const inside = (rule.is === 'in') === holds
    return {
      sentence: `would have to be ${inside ? 'in' : 'out of'} segment ${rule.segment}`,
      need: { kind: 'membership', of: 'segments', slug: rule.segment, in: inside },
    }
  },
  signal: (rule, { holds }) => {
    const set = (rule.is === 'set') === holds
    return {
      sentence: `signal ${rule.signal} would have to be ${set ? 'set' : 'cleared'}`,
      need: { kind: 'membership', of: 'signals', slug: rule.signal, in: set },
    }
  },
  score: scoreNeed,
  contacts: relatedNeed,
  accounts: relatedNeed,
})

function propertyNeed(rule: PropertyRule, wanted: Wanted): LeafNeed {
  const actual = readRulePath(rule.property, wanted.scope)
  const sentence = `${rule.property} ${wouldBe(rule, wanted.holds)} (${isNow(actual)})`
  const path = parsePath(rule.property)
  const own = path?.root === 'contact' || path?.root === 'account' ? wanted.scope[path.root] : null
  // What a trigger brought and a step left stays as it is, and nobody is given another id.
  if (own === null || (path !== null && 'name' in path && path.name === 'id')) return { sentence, need: null }
  const fits = (value: Json | undefined): boolean =>
    !(rule.property.endsWith('.externalId') && !(value === undefined || typeof value === 'string')) &&
    compare(rule, rule.property.endsWith('.externalId') ? (value ?? null) : value, wanted.now).value === wanted.holds
  const found = example(rule, wanted.now, fits)
  return { sentence, need: found && { kind: 'property', property: rule.property, value: found.value } }
}

function scoreNeed(rule: ScoreRule, wanted: Wanted): LeafNeed {
  const { of = 'value' } = rule
  const sentence = `${scoreWords(rule)} ${wouldBe(rule, wanted.holds)} (${isNow(readScore(rule, wanted.scope))})`
  const type = of === 'value' ? 'number' : 'string'
  const found = example(
    rule,
    wanted.now,
    (value) =>
      (value === undefined || typeof value === type) && compare(rule, value, wanted.now).value === wanted.holds,
  )
  return { sentence, need: found && { kind: 'score', slug: rule.score, of, value: found.value } }
}

function eventNeed(rule: EventRule, wanted: Wanted): LeafNeed {
  const count = countNow(rule, wanted.scope, wanted.now)
  const name = `${eventWords(rule)} ${windowWords(rule.within)}`
  const right = (n: number): boolean => inOrder(rule.count.op, n, rule.count.value) === wanted.holds
  // Beyond the number of the rule one more makes no difference.
  let more = 1
  while (!right(count + more) && count + more <= rule.count.value + 1) more += 1
  if (!right(count + more))
    return { sentence: `${name}: they are ${count}, which is too many, and none can be undone`, need: null }
  if (!countsNow(rule.within)) return { sentence: `${more} more ${name}: that time is over`, need: null }
  const properties = filtered(rule.where, wanted.now)
  return {
    sentence: `${moreWords(more)} ${name}`,
    need: properties && { kind: 'events', events: [{ event: rule.event, more, properties }] },
  }
}

function occasion(rule: OccasionRule, wanted: Wanted): LeafNeed {
  return occasionNeed(rule, wanted, wouldBe(rule, wanted.holds))
}

function changedNeed(rule: ChangedRule, wanted: Wanted): LeafNeed {
  if (!wanted.holds) return { sentence: `${rule.changed} has changed so, and that cannot be undone`, need: null }
  const side = (name: string, value: Json | undefined): string =>
    value === undefined ? '' : ` ${name} ${value === null ? 'nothing' : JSON.stringify(value)}`
  const sentence = `${rule.changed} would have to change${side('from', rule.from)}${side('to', rule.to)}`
  if (!countsNow(rule.within))
    return { sentence: `${sentence} ${windowWords(rule.within)}: that time is over`, need: null }
  const from = rule.from ?? null
  return { sentence, need: { kind: 'change', property: rule.changed, from, to: rule.to ?? null } }
}

/** `would have to be more than 100`; the other way round for what must not hold. */
function wouldBe(test: Comparison, holds: boolean): string {
  if (test.op === 'exists' || test.op === 'empty')
    return (test.op === 'exists') === holds ? 'would have to have a value' : 'would have to have none'
  const opposite = holds ? test.op : OPPOSITES[test.op]
  if (opposite !== undefined) {
    const words = testWords({ ...test, op: opposite })
    if (words.startsWith('is ')) return `would have to be ${words.slice(3)}`
    if (words.startsWith('was ')) return `would have to have been ${words.slice(4)}`
  }
  return holds
    ? `would have to be so that it ${testWords(test)}`
    : `would have to be so that not: it ${testWords(test)}`
}

const OPPOSITES: { [op in Comparison['op']]?: Comparison['op'] } = {
  eq: 'ne',
  ne: 'eq',
  gt: 'lte',
  gte: 'lt',
  lt: 'gte',
  lte: 'gt',
  in: 'notIn',
  notIn: 'in',
}

const isNow = (actual: Json | undefined): string =>
  actual === undefined ? 'nothing is there' : `is ${typeof actual === 'string' ? actual : JSON.stringify(actual)}`
