import type { Json } from '../../nodes/manifest.ts'
import { parseDuration } from '../model/duration.ts'
import { parseInstant } from '../model/instant.ts'
import { parsePath, readPath, readProperty, sameJson } from '../model/path.ts'
import type { Evaluation, EventRule, Facts, Instant, PropertyRule, Rule, Trace } from '../model/rule.ts'
import { ruleWords } from './explain.ts'
import {
  afterNowUntil,
  beforeNowUntil,
  countWithin,
  eventsUntil,
  latest,
  soonest,
  type ValidUntil,
  withinLastUntil,
  withinNextUntil,
} from './valid-until.ts'

/** What a rule may read. Plain facts will do; a run adds what its trigger brought and what its steps left. */
export interface RuleScope extends Facts {
  trigger?: { [name: string]: Json }
  /** Output of a finished step, or undefined. */
  stepOutput?: (step: string) => Json | undefined
}

/**
 * Works a rule out, with the trace a person reads and the time until which the answer stands.
 * Values are compared by type and never coerced: `"5"` is not `5`, and the trace says so.
 * @param now the instant that windows and `withinLast`/`withinNext` are measured against
 */
export function evaluate(rule: Rule, scope: RuleScope, now: Instant): Evaluation {
  if ('all' in rule) {
    const parts = rule.all.map((part) => evaluate(part, scope, now))
    const value = parts.every((part) => part.value)
    // A false "all" stays false until each of its false parts may have changed.
    const validUntil = value ? soonest(parts.map(until)) : latest(parts.filter((p) => !p.value).map(until))
    return { value, validUntil, why: { rule: ruleWords(rule), value, children: parts.map((part) => part.why) } }
  }
  if ('any' in rule) {
    const parts = rule.any.map((part) => evaluate(part, scope, now))
    const value = parts.some((part) => part.value)
    const validUntil = value ? latest(parts.filter((p) => p.value).map(until)) : soonest(parts.map(until))
    return { value, validUntil, why: { rule: ruleWords(rule), value, children: parts.map((part) => part.why) } }
  }
  if ('not' in rule) {
    const inner = evaluate(rule.not, scope, now)
    const value = !inner.value
    return { value, validUntil: inner.validUntil, why: { rule: ruleWords(rule), value, children: [inner.why] } }
  }
  if ('event' in rule) return evaluateEvent(rule, scope, now)
  if ('segment' in rule) {
    const inside = scope.segments.includes(rule.segment)
    return leaf(rule, inside === (rule.is === 'in'), { actual: inside ? 'in' : 'out' })
  }
  if ('signal' in rule) {
    const set = scope.signals.includes(rule.signal)
    return leaf(rule, set === (rule.is === 'set'), { actual: set ? 'set' : 'cleared' })
  }
  const actual = readRulePath(rule.property, scope)
  const { value, note, validUntil } = compare(rule, actual, now)
  const seen = actual === undefined ? { actual: null, missing: true } : { actual }
  return leaf(rule, value, { ...seen, ...(note === undefined ? {} : { note }), until: validUntil ?? null })
}

const until = (part: Evaluation): ValidUntil => part.validUntil

function leaf(rule: Rule, value: boolean, seen: Partial<Trace> & { until?: ValidUntil }): Evaluation {
  const { until: validUntil = null, ...found } = seen
  return { value, validUntil, why: { rule: ruleWords(rule), value, ...found } }
}

/** The value at a rule's path, or undefined where nothing is there. */
export function readRulePath(property: string, scope: RuleScope): Json | undefined {
  const path = parsePath(property)
  if (path === null) return undefined
  if (path.root === 'trigger') return readPath(scope.trigger, path.path)
  if (path.root === 'steps') return readPath(scope.stepOutput?.(path.step), path.path)
  return readProperty(path.root === 'contact' ? scope.contact : scope.account, path.name)
}

function evaluateEvent(rule: EventRule, scope: RuleScope, now: Instant): Evaluation {
  const times = Object.hasOwn(scope.events, rule.event) ? (scope.events[rule.event] ?? []) : []
  const duration = rule.within === undefined ? null : parseDuration(rule.within)
  if (duration !== null && !duration.ok) return leaf(rule, false, { note: duration.why })
  const window = { times, ms: duration === null ? null : duration.ms, holds: (n: number) => counts(rule, n) }
  const count = countWithin(window, now)
  return leaf(rule, counts(rule, count), { actual: count, until: eventsUntil(window, now) })
}

function counts(rule: EventRule, count: number): boolean {
  const { op, value } = rule.count
  switch (op) {
    case 'eq':
      return count === value
    case 'gte':
      return count >= value
    case 'lte':
      return count <= value
    case 'gt':
      return count > value
    case 'lt':
      return count < value
  }
}

interface Compared {
  value: boolean
  note?: string
  validUntil?: ValidUntil
}

function compare(rule: PropertyRule, actual: Json | undefined, now: Instant): Compared {
  const expected = rule.value ?? null
  switch (rule.op) {
    case 'exists':
      return { value: actual !== undefined && actual !== null }
    case 'empty':
      return { value: isEmpty(actual) }
    case 'eq':
      return equals(actual, expected)
    case 'ne':
      return negated(equals(actual, expected))
    case 'in':
      return isIn(actual, expected)
    case 'notIn':
      return negated(isIn(actual, expected))
    case 'contains':
      return contains(actual, expected)
    case 'notContains':
      return negated(contains(actual, expected))
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return inOrder(rule.op, actual, expected)
    case 'startsWith':
    case 'endsWith':
      if (typeof actual !== 'string' || typeof expected !== 'string') return mismatch(actual, 'text')
      return { value: rule.op === 'startsWith' ? actual.startsWith(expected) : actual.endsWith(expected) }
    case 'before':
    case 'after':
    case 'withinLast':
    case 'withinNext':
      return inTime(rule.op, { actual, expected, now })
  }
}

function isEmpty(actual: Json | undefined): boolean {
  if (actual === undefined || actual === null || actual === '') return true
  return typeof actual === 'object' && Object.keys(actual).length === 0
}

function equals(actual: Json | undefined, expected: Json): Compared {
  if (actual === undefined) return { value: false }
  const value = sameJson(actual, expected)
  if (value || kindOf(actual) === kindOf(expected) || actual === null || expected === null) return { value }
  return { value, note: `compared ${kindOf(actual)} with ${kindOf(expected)}; nothing is converted` }
}

/** Absence makes the positive comparison false, so its negation is true: what is not there is not equal. */
const negated = (compared: Compared): Compared => ({ ...compared, value: !compared.value })

function isIn(actual: Json | undefined, expected: Json): Compared {
  if (actual === undefined) return { value: false }
  if (!Array.isArray(expected)) return { value: false, note: 'the rule gives no list to look in' }
  return { value: expected.some((item) => sameJson(actual, item)) }
}

function contains(actual: Json | undefined, expected: Json): Compared {
  if (actual === undefined) return { value: false }
  if (Array.isArray(actual)) return { value: actual.some((item) => sameJson(item, expected)) }
  if (typeof actual !== 'string' || typeof expected !== 'string') return mismatch(actual, 'text or a list')
  return { value: actual.includes(expected) }
}

function inOrder(op: 'gt' | 'gte' | 'lt' | 'lte', actual: Json | undefined, expected: Json): Compared {
  if (typeof actual !== 'number' || typeof expected !== 'number') return mismatch(actual, 'a number')
  if (op === 'gt') return { value: actual > expected }
  if (op === 'gte') return { value: actual >= expected }
  return { value: op === 'lt' ? actual < expected : actual <= expected }
}

type TimeOp = 'before' | 'after' | 'withinLast' | 'withinNext'

function inTime(op: TimeOp, { actual, expected, now }: { actual: Json | undefined; expected: Json; now: Instant }) {
  const at = parseInstant(actual)
  if (at === null) return mismatch(actual, 'a date, a date-time with its zone, or unix seconds')
  if (op === 'before' || op === 'after') {
    if (expected === 'now') {
      return op === 'before'
        ? { value: at < now, validUntil: beforeNowUntil(at, now) }
        : { value: at > now, validUntil: afterNowUntil(at, now) }
    }
    const limit = parseInstant(expected)
    if (limit === null) return { value: false, note: 'the rule gives no date to compare with' }
    return { value: op === 'before' ? at < limit : at > limit }
  }
  const duration = typeof expected === 'string' ? parseDuration(expected) : null
  if (!duration?.ok) return { value: false, note: duration?.why ?? 'the rule gives no duration' }
  return op === 'withinLast'
    ? { value: at <= now && at > now - duration.ms, validUntil: withinLastUntil(at, duration.ms, now) }
    : { value: at > now && at <= now + duration.ms, validUntil: withinNextUntil(at, duration.ms, now) }
}

function mismatch(actual: Json | undefined, wanted: string): Compared {
  return actual === undefined ? { value: false } : { value: false, note: `found ${kindOf(actual)}, not ${wanted}` }
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}
