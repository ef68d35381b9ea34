import { sql } from 'kysely'
import { assertNever } from '../../engine/model/assert-never.ts'
import { windowAt } from '../../engine/model/calendar.ts'
import { DAY } from '../../engine/model/duration.ts'
import { parseInstant } from '../../engine/model/instant.ts'
import type { CalendarWindow, Instant, PropertyOp } from '../../engine/model/rule.ts'
import { compare, compareMoment, type Comparison } from '../../engine/rules/compare.ts'
import { durationMs } from '../../engine/rules/windows.ts'
import type { Json } from '../../nodes/manifest.ts'
import { canBeThere, double, inOrderSql, json, jsons, text, texts } from './bind.ts'
import { both, type Condition, constant, NO, not, type Value } from './place.ts'

/** The answer where nothing is there: the evaluator's own. */
export const ofMissing = (test: Comparison, now: Instant): boolean => compare(test, undefined, now).value
export const ofNoMoment = (test: Comparison, now: Instant): boolean => compareMoment(test, null, now).value

/** `compare` in SQL: the same types, nothing converted, and never NULL. */
export function compareSql(test: Comparison, x: Value, now: Instant): Condition {
  const expected = test.value ?? null
  const { op } = test
  switch (op) {
    case 'exists':
      return sql<boolean>`(${x} IS NOT NULL AND ${x} <> 'null')`
    case 'empty':
      return sql<boolean>`(${x} IS NULL OR ${x} IN ('null', '""', '[]', '{}'))`
    case 'eq':
      return equals(x, expected)
    case 'ne':
      return not(equals(x, expected))
    case 'in':
      return isIn(x, expected)
    case 'notIn':
      return not(isIn(x, expected))
    case 'contains':
      return containsSome(x, [expected])
    case 'notContains':
      return not(containsSome(x, [expected]))
    case 'containsAny':
      return Array.isArray(expected) ? containsSome(x, expected) : NO
    case 'notContainsAny':
      return not(Array.isArray(expected) ? containsSome(x, expected) : NO)
    case 'containsAll':
      return Array.isArray(expected) ? containsEvery(x, expected) : NO
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      // Numbers of JSON are compared as they are written: a double and its shortest writing have the same order.
      if (typeof expected !== 'number') return NO
      return sql<boolean>`coalesce(jsonb_typeof(${x}) = 'number' AND ${inOrderSql(op, x, json(expected))}, false)`
    case 'startsWith':
    case 'endsWith':
      return beginsOrEnds(op, x, expected)
    case 'before':
    case 'after':
    case 'withinLast':
    case 'withinNext':
    case 'moreThanAgo':
    case 'moreThanAhead':
    case 'withinPeriod':
      return inTime({ op, expected }, { ms: sql`rule_instant(${x})`, written: x }, now)
    default:
      return assertNever(op)
  }
}

/** `compareMoment` in SQL. @param at a timestamptz, never NULL */
export function compareMomentSql(test: Comparison, at: Value, now: Instant): Condition {
  const { op } = test
  if (op === 'exists' || op === 'empty') return constant(op === 'exists')
  const ms = sql`(extract(epoch FROM ${at}) * 1000)::double precision`
  return isTimeOp(op) ? inTime({ op, expected: test.value ?? null }, { ms }, now) : NO
}

const equals = (x: Value, expected: Json): Condition =>
  canBeThere(expected) ? sql<boolean>`coalesce(${x} = ${json(expected)}, false)` : NO

function isIn(x: Value, expected: Json): Condition {
  if (!Array.isArray(expected)) return NO
  return sql<boolean>`coalesce(${x} = ANY(${jsons(expected.filter(canBeThere))}), false)`
}

const isText = (item: Json): item is string => typeof item === 'string'

/** Whether a list holds one of the values, or a text one of those that are texts. */
function containsSome(x: Value, wanted: readonly Json[]): Condition {
  const real = wanted.filter(canBeThere)
  return sql<boolean>`CASE jsonb_typeof(${x})
    WHEN 'array' THEN EXISTS (SELECT 1 FROM jsonb_array_elements(${x}) AS item(value) WHERE item.value = ANY(${jsons(real)}))
    WHEN 'string' THEN EXISTS (SELECT 1 FROM unnest(${texts(real.filter(isText))}) AS part(said) WHERE strpos(${x} #>> '{}', part.said) > 0)
    ELSE false END`
}

function containsEvery(x: Value, wanted: readonly Json[]): Condition {
  // What cannot be there is in no list and no text; but of an empty list everything is there.
  const list = wanted.every(canBeThere)
    ? sql<boolean>`NOT EXISTS (SELECT 1 FROM unnest(${jsons(wanted)}) AS wanted(value)
        WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(${x}) AS item(value) WHERE item.value = wanted.value))`
    : NO
  const said =
    wanted.every(isText) && wanted.every(canBeThere)
      ? sql<boolean>`NOT EXISTS (SELECT 1 FROM unnest(${texts(wanted)}) AS part(said) WHERE strpos(${x} #>> '{}', part.said) = 0)`
      : NO
  return sql<boolean>`CASE jsonb_typeof(${x}) WHEN 'array' THEN ${list} WHEN 'string' THEN ${said} ELSE false END`
}

function beginsOrEnds(op: 'startsWith' | 'endsWith', x: Value, expected: Json): Condition {
  if (typeof expected !== 'string' || !canBeThere(expected)) return NO
  const said = sql`${x} #>> '{}'`
  const holds =
    op === 'startsWith'
      ? sql<boolean>`starts_with(${said}, ${text(expected)})`
      : sql<boolean>`right(${said}, char_length(${text(expected)})) = ${text(expected)}`
  return sql<boolean>`CASE jsonb_typeof(${x}) WHEN 'string' THEN ${holds} ELSE false END`
}

type TimeOp = 'before' | 'after' | 'withinLast' | 'withinNext' | 'moreThanAgo' | 'moreThanAhead' | 'withinPeriod'
const TIME_OPS: readonly PropertyOp[] = [
  'before',
  'after',
  'withinLast',
  'withinNext',
  'moreThanAgo',
  'moreThanAhead',
  'withinPeriod',
]
const isTimeOp = (op: PropertyOp): op is TimeOp => TIME_OPS.includes(op)

/**
 * @param at.ms milliseconds since 1970 as a double, NULL where the value is no time
 * @param at.written the value it is read from
 */
function inTime(test: { op: TimeOp; expected: Json }, at: { ms: Value; written?: Value }, now: Instant): Condition {
  const bounds = boundsOf(test, now)
  if (bounds === null) return NO
  const parts: Condition[] = at.written === undefined ? [] : [mayLieIn(bounds, at.written)]
  if (bounds.after !== undefined) parts.push(sql<boolean>`${at.ms} > ${double(bounds.after)}`)
  if (bounds.until !== undefined) parts.push(sql<boolean>`${at.ms} <= ${double(bounds.until)}`)
  if (bounds.before !== undefined) parts.push(sql<boolean>`${at.ms} < ${double(bounds.before)}`)
  return sql<boolean>`coalesce(${both(parts)}, false)`
}

/**
 * Whether a value is worth being read as a time, which takes many times as long: a text begins with its date, which is
 * off the date in UTC by a day at the most.
 */
function mayLieIn({ after, until, before }: TimeBounds, written: Value): Condition {
  const said = sql`(${written} #>> '{}') COLLATE "C"`
  const parts: Condition[] = []
  const from = after === undefined ? null : isoDay(after - DAY)
  const to = isoDay((until ?? before ?? Infinity) + 2 * DAY)
  if (from !== null) parts.push(sql<boolean>`${said} >= ${text(from)}`)
  if (to !== null) parts.push(sql<boolean>`${said} < ${text(to)}`)
  return sql<boolean>`(jsonb_typeof(${written}) = 'number' OR ${both(parts)})`
}

/** @returns null for days that are not written with four digits of a year */
function isoDay(at: Instant): string | null {
  if (!(at > FIRST_DAY && at < LAST_DAY)) return null
  return new Date(at).toISOString().slice(0, 10)
}
const FIRST_DAY = Date.UTC(100, 0, 1)
const LAST_DAY = Date.UTC(9999, 11, 31)

interface TimeBounds {
  after?: Instant
  until?: Instant
  /** Exclusive. */
  before?: Instant
}

/** All comparisons with time come down to bounds, worked out here and not by the database. */
function boundsOf({ op, expected }: { op: TimeOp; expected: Json }, now: Instant): TimeBounds | null {
  if (op === 'before' || op === 'after') {
    const limit = expected === 'now' ? now : parseInstant(expected)
    if (limit === null) return null
    return op === 'before' ? { before: limit } : { after: limit }
  }
  if (op === 'withinPeriod') {
    if (expected === null || typeof expected !== 'object' || !('calendar' in expected)) return null
    // `checkRule` has seen that it is one.
    return windowAt(expected as unknown as CalendarWindow, now)
  }
  const ms = typeof expected === 'string' ? durationMs(expected) : null
  if (ms === null) return null
  switch (op) {
    case 'withinLast':
      return { after: now - ms, until: now }
    case 'withinNext':
      return { after: now, until: now + ms }
    case 'moreThanAgo':
      return { before: now - ms }
    case 'moreThanAhead':
      return { after: now + ms }
    default:
      return assertNever(op)
  }
}
