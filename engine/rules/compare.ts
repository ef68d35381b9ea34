import type { Json } from '../../nodes/manifest.ts'
import { heldBy, windowAt } from '../model/calendar.ts'
import { parseInstant } from '../model/instant.ts'
import { sameJson } from '../model/path.ts'
import type { CalendarWindow, Count, Instant, PropertyOp } from '../model/rule.ts'
import { assertNever } from '../model/assert-never.ts'
import {
  afterNowUntil,
  beforeNowUntil,
  heldUntil,
  moreThanAgoUntil,
  moreThanAheadUntil,
  type ValidUntil,
  withinLastUntil,
  withinNextUntil,
} from './valid-until.ts'
import { durationMs } from './windows.ts'

/** What a value is compared with. */
export interface Comparison {
  op: PropertyOp
  value?: Json
}

export interface Compared {
  value: boolean
  note?: string
  /** Left out: never. */
  validUntil?: ValidUntil
}

const TIME_OPS: ReadonlySet<PropertyOp> = new Set([
  'before',
  'after',
  'withinLast',
  'withinNext',
  'moreThanAgo',
  'moreThanAhead',
  'withinPeriod',
])
/** Comparisons of what has happened: it never lies ahead. */
export const MOMENT_OPS: readonly PropertyOp[] = [
  'before',
  'after',
  'withinLast',
  'moreThanAgo',
  'withinPeriod',
  'exists',
  'empty',
]

/** Whether time alone can change the answer. */
export const hangsOnNow = ({ op, value }: Comparison): boolean =>
  TIME_OPS.has(op) && ((op !== 'before' && op !== 'after') || value === 'now')

/** Compares by type; nothing is converted. @param actual undefined: nothing is there */
export function compare(test: Comparison, actual: Json | undefined, now: Instant): Compared {
  const expected = test.value ?? null
  const { op } = test
  switch (op) {
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
    case 'containsAny':
    case 'containsAll':
      return containsOf(op, actual, expected)
    case 'notContainsAny':
      return negated(containsOf('containsAny', actual, expected))
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      if (typeof actual !== 'number' || typeof expected !== 'number') return mismatch(actual, 'a number')
      return { value: inOrder(op, actual, expected) }
    case 'startsWith':
    case 'endsWith':
      if (typeof actual !== 'string' || typeof expected !== 'string') return mismatch(actual, 'text')
      return { value: op === 'startsWith' ? actual.startsWith(expected) : actual.endsWith(expected) }
    case 'before':
    case 'after':
    case 'withinLast':
    case 'withinNext':
    case 'moreThanAgo':
    case 'moreThanAhead':
    case 'withinPeriod': {
      const at = parseInstant(actual)
      if (at === null) return mismatch(actual, 'a date, a date-time with its zone, or unix seconds')
      return inTime(op, { at, expected, now })
    }
    default:
      return assertNever(op)
  }
}

/** Compares the moment something happened. @param at null: it did not */
export function compareMoment(test: Comparison, at: Instant | null, now: Instant): Compared {
  const { op } = test
  if (op === 'exists') return { value: at !== null }
  if (op === 'empty') return { value: at === null }
  if (at === null) return { value: false }
  if (!isTimeOp(op)) return { value: false, note: `a moment cannot be compared with ${op}` }
  return inTime(op, { at, expected: test.value ?? null, now })
}

/** How a number compares, for counts and figures. */
export function inOrder(op: Count['op'], actual: number, expected: number): boolean {
  switch (op) {
    case 'eq':
      return actual === expected
    case 'gt':
      return actual > expected
    case 'gte':
      return actual >= expected
    case 'lt':
      return actual < expected
    case 'lte':
      return actual <= expected
    default:
      return assertNever(op)
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

function containsOf(op: 'containsAny' | 'containsAll', actual: Json | undefined, expected: Json): Compared {
  if (actual === undefined) return { value: false }
  if (!Array.isArray(expected)) return { value: false, note: 'the rule gives no list to look for' }
  if (!Array.isArray(actual) && typeof actual !== 'string') return mismatch(actual, 'text or a list')
  const has = (item: Json): boolean => contains(actual, item).value
  return { value: op === 'containsAny' ? expected.some(has) : expected.every(has) }
}

type TimeOp = 'before' | 'after' | 'withinLast' | 'withinNext' | 'moreThanAgo' | 'moreThanAhead' | 'withinPeriod'

const isTimeOp = (op: PropertyOp): op is TimeOp => TIME_OPS.has(op)

interface Timed {
  at: Instant
  expected: Json
  now: Instant
}

function inTime(op: TimeOp, { at, expected, now }: Timed): Compared {
  if (op === 'before' || op === 'after') return beforeOrAfter(op, { at, expected, now })
  if (op === 'withinPeriod') return withinPeriod(at, expected, now)
  const ms = typeof expected === 'string' ? durationMs(expected) : null
  if (ms === null) return { value: false, note: 'the rule gives no duration' }
  switch (op) {
    case 'withinLast':
      return { value: at <= now && at > now - ms, validUntil: withinLastUntil(at, ms, now) }
    case 'withinNext':
      return { value: at > now && at <= now + ms, validUntil: withinNextUntil(at, ms, now) }
    case 'moreThanAgo':
      return { value: at < now - ms, validUntil: moreThanAgoUntil(at, ms, now) }
    case 'moreThanAhead':
      return { value: at > now + ms, validUntil: moreThanAheadUntil(at, ms, now) }
    default:
      return assertNever(op)
  }
}

function beforeOrAfter(op: 'before' | 'after', { at, expected, now }: Timed): Compared {
  if (expected === 'now')
    return op === 'before'
      ? { value: at < now, validUntil: beforeNowUntil(at, now) }
      : { value: at > now, validUntil: afterNowUntil(at, now) }
  const limit = parseInstant(expected)
  if (limit === null) return { value: false, note: 'the rule gives no date to compare with' }
  return { value: op === 'before' ? at < limit : at > limit }
}

function withinPeriod(at: Instant, expected: Json, now: Instant): Compared {
  // `checkRule` has seen that it is one.
  if (expected === null || typeof expected !== 'object' || !('calendar' in expected))
    return { value: false, note: 'the rule gives no period' }
  const window = expected as unknown as CalendarWindow
  const { after, until } = windowAt(window, now)
  return { value: at > after && at <= until, validUntil: heldUntil(heldBy(window, at), now) }
}

const mismatch = (actual: Json | undefined, wanted: string): Compared =>
  actual === undefined ? { value: false } : { value: false, note: `found ${kindOf(actual)}, not ${wanted}` }

function kindOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}
