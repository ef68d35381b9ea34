import type { Json } from '../../nodes/manifest.ts'
import { windowAt } from '../model/calendar.ts'
import { parsePath } from '../model/path.ts'
import type {
  CalendarWindow,
  ChangedRule,
  EventFilter,
  EventRule,
  Instant,
  OccasionRule,
  PropertyRule,
  RelatedRule,
  Rule,
  ScoreRule,
  Window,
} from '../model/rule.ts'
import { type Compared, type Comparison, compare, compareMoment, inOrder } from './compare.ts'
import { countNow } from './count.ts'
import type { EventValues } from './events.ts'
import { passes } from './events.ts'
import { describe, eventWords, OP_WORDS, scoreWords, testWords, windowWords } from './explain.ts'
import type { Need } from './flip-apply.ts'
import { byKind, occasionOf, relatedOf } from './kind.ts'
import { readRulePath, readScore } from './property.ts'
import type { RuleScope } from './scope.ts'
import { durationMs } from './windows.ts'

export interface Wanted {
  scope: RuleScope
  now: Instant
  /** The answer the leaf would have to give. */
  holds: boolean
}

export interface LeafNeed {
  sentence: string
  /** Null: no single new fact does it, or none that can be given as an example. */
  need: Need | null
}

/** What would give a leaf its other answer. */
export const leafNeed: (rule: Rule, wanted: Wanted) => LeafNeed = byKind<[wanted: Wanted], LeafNeed>({
  all: otherwise,
  any: otherwise,
  not: otherwise,
  property: propertyNeed,
  changed: changedNeed,
  first: otherwise,
  last: lastNeed,
  sequence: otherwise,
  aggregate: otherwise,
  trend: otherwise,
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

/** Where no single new fact can be named. */
function otherwise(rule: Rule, { holds }: Wanted): LeafNeed {
  return {
    sentence: `${holds ? 'it would have to hold' : 'it would no longer have to hold'} that ${describe(rule)}`,
    need: null,
  }
}

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
    sentence: `${more === 1 ? 'one' : more} more ${name}`,
    need: properties && { kind: 'events', event: rule.event, more, properties },
  }
}

/** Whether what happens now lies in the window. */
const countsNow = (window: Window | undefined): boolean =>
  window === undefined || typeof window === 'string' || !window.ago

function lastNeed(rule: OccasionRule, wanted: Wanted): LeafNeed {
  const { event } = occasionOf(rule)
  const generic = otherwise(rule, wanted)
  const anew = (test: Comparison, properties: EventValues): Compared =>
    rule.of === undefined ? compareMoment(test, wanted.now, wanted.now) : compare(test, properties[rule.of], wanted.now)
  if (rule.of?.includes('.') || rule.where?.some((filter) => filter.property === rule.of)) return generic
  const base = filtered(rule.where, wanted.now)
  if (base === null) return generic
  const found =
    rule.of === undefined
      ? { value: undefined }
      : example(rule, wanted.now, (value) => compare(rule, value, wanted.now).value === wanted.holds)
  if (found === null) return generic
  const properties =
    rule.of === undefined || found.value === undefined
      ? base
      : Object.fromEntries([...Object.entries(base), [rule.of, found.value]])
  if (anew(rule, properties).value !== wanted.holds) return generic
  const of = rule.of === undefined ? '' : ` whose ${rule.of} ${wouldBe(rule, wanted.holds)}`
  return {
    sentence: `one more ${eventWords(rule.where === undefined ? { event } : { event, where: rule.where })}${of}`,
    need: { kind: 'events', event, more: 1, properties },
  }
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

function relatedNeed(rule: RelatedRule, wanted: Wanted): LeafNeed {
  const { of, rule: inner } = relatedOf(rule)
  const { op, value } = rule.count ?? { op: 'gte' as const, value: 1 }
  const become = wanted.holds ? OP_WORDS[op] : `no longer ${OP_WORDS[op]}`
  return {
    sentence: `the number of ${of} for which (${describe(inner)}) would have to be such that it ${become} ${value}`,
    need: null,
  }
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

/** A value that fits, tried in turn: first what the comparison names, then what is unlike it. */
function example(
  test: Comparison,
  now: Instant,
  fits: (value: Json | undefined) => boolean,
): { value: Json | undefined } | null {
  for (const value of [...named(test, now), undefined, 'something else', 0, 1, null, true])
    if (fits(value)) return { value }
  return null
}

/** Values near those that the comparison names, on either side. */
function named({ op, value = null }: Comparison, now: Instant): Json[] {
  const iso = (at: Instant): Json[] => {
    const date = new Date(at)
    return Number.isNaN(date.getTime()) ? [] : [date.toISOString()]
  }
  if (typeof value === 'number') return [value + 1, value, value - 1]
  if (op === 'withinPeriod') {
    const { after, until } = windowAt(value as unknown as CalendarWindow, now)
    return [...iso(until), ...iso(after)]
  }
  if (op === 'before' || op === 'after') {
    const at = value === 'now' ? now : Date.parse(String(value))
    return [...iso(at - 1), ...iso(at + 1)]
  }
  if (op === 'withinLast' || op === 'withinNext' || op === 'moreThanAgo' || op === 'moreThanAhead') {
    const ms = durationMs(String(value)) ?? 0
    return [...iso(now), ...iso(now + 1), ...iso(now - ms - 1), ...iso(now + ms + 1)]
  }
  if (Array.isArray(value)) return [...value.slice(0, 1), value]
  return [value, [value]]
}

/** Properties of an event that passes the filters; null where no simple ones do. */
function filtered(where: EventFilter[] | undefined, now: Instant): EventValues | null {
  let properties: EventValues = {}
  for (const filter of where ?? []) {
    if (filter.property.includes('.')) return null
    const found = example(filter, now, (value) => compare(filter, value, now).value)
    if (found === null) return null
    if (found.value !== undefined)
      properties = Object.fromEntries([...Object.entries(properties), [filter.property, found.value]])
  }
  return passes(where, properties, now) ? properties : null
}
