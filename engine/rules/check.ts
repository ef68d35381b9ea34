import { isZone, longestReach } from '../model/calendar.ts'
import { DAY, parseDuration } from '../model/duration.ts'
import { parseInstant } from '../model/instant.ts'
import { parsePath, type Root } from '../model/path.ts'
import {
  AGGREGATES,
  CALENDAR_UNITS,
  COUNT_OPS,
  PROPERTY_OPS,
  type PropertyOp,
  type Rule,
  RULE_KINDS,
  type RuleKind,
} from '../model/rule.ts'
import { MOMENT_OPS } from './compare.ts'

/** One thing wrong with a rule. `path` leads from the rule's root, e.g. `all.1.value`. */
export interface RuleIssue {
  path: string
  message: string
}

/** Deep and wide enough for any rule a person can read, small enough to be evaluated for everyone. */
export const MOST_RULE_DEPTH = 8
/** Comparisons: every leaf and every filter of its events. */
export const MOST_RULE_LEAVES = 100
export const MOST_SEQUENCE_STEPS = 10
/** As long as a duration may be. */
const LONGEST_WINDOW = 3660 * DAY

/** Whether a value is a rule, deeply, with what to write instead. An empty answer means: it is a `Rule`. */
export function checkRule(value: unknown): RuleIssue[] {
  const issues: RuleIssue[] = []
  const budget = { leaves: 0 }
  check(value, { path: '', depth: 1, inside: null, issues, budget })
  if (budget.leaves > MOST_RULE_LEAVES)
    issues.push({ path: '', message: `A rule may compare ${MOST_RULE_LEAVES} things; this compares ${budget.leaves}.` })
  return issues
}

/** @returns the rule, or null where `checkRule` has something to say */
export const asRule = (value: unknown): Rule | null => (checkRule(value).length === 0 ? (value as Rule) : null)

interface Place {
  path: string
  depth: number
  /** Of whose related subjects the rule at this place speaks. */
  inside: 'contacts' | 'accounts' | null
  issues: RuleIssue[]
  budget: { leaves: number }
}

const GROUPS: ReadonlySet<RuleKind> = new Set(['all', 'any', 'not'])

function check(value: unknown, place: Place): void {
  if (!isObject(value))
    return say(place, '', 'Write a rule, e.g. { "property": "account.mrr", "op": "gt", "value": 100 }.')
  if (place.depth > MOST_RULE_DEPTH)
    return say(place, '', `Rules may be nested ${MOST_RULE_DEPTH} deep; flatten this one.`)
  const kinds = RULE_KINDS.filter((kind) => Object.hasOwn(value, kind))
  // A figure or its trend names its event beside itself.
  const told = kinds.filter((kind) => kind !== 'event' || !(kinds.includes('aggregate') || kinds.includes('trend')))
  const [kind] = told
  if (kind === undefined || told.length > 1)
    return say(place, '', `Give exactly one of ${RULE_KINDS.join(', ')}${kind ? `, not ${told.join(' and ')}` : ''}.`)
  if (!GROUPS.has(kind)) place.budget.leaves += 1
  CHECKS[kind](value, place)
}

const CHECKS: { [kind in RuleKind]: (value: Fields, place: Place) => void } = {
  all: (value, place) => checkGroup(value, 'all', place),
  any: (value, place) => checkGroup(value, 'any', place),
  not: (value, place) => {
    only(value, ['not'], place)
    check(value.not, inside(place, 'not'))
  },
  property: checkProperty,
  changed: checkChanged,
  first: (value, place) => checkOccasion(value, 'first', place),
  last: (value, place) => checkOccasion(value, 'last', place),
  sequence: checkSequence,
  aggregate: checkAggregate,
  trend: checkTrend,
  event: checkEvent,
  segment: (value, place) => checkMembership(value, { name: 'segment', is: ['in', 'out'] }, place),
  signal: (value, place) => checkMembership(value, { name: 'signal', is: ['set', 'cleared'] }, place),
  score: checkScore,
  contacts: (value, place) => checkRelated(value, 'contacts', place),
  accounts: (value, place) => checkRelated(value, 'accounts', place),
}

function checkGroup(value: Fields, kind: 'all' | 'any', place: Place): void {
  only(value, [kind], place)
  const parts = value[kind]
  if (!Array.isArray(parts) || parts.length === 0) return say(place, kind, `List at least one rule under "${kind}".`)
  for (const [i, part] of parts.entries()) check(part, inside(place, `${kind}.${i}`))
}

function checkProperty(value: Fields, place: Place): void {
  only(value, ['property', 'op', 'value'], place)
  checkPath(value.property, place)
  checkTest(value, place)
}

const PATH_HINT =
  'Name a path that begins with contact., account., trigger., steps.<step>., vars. or item., e.g. account.mrr.'

function checkPath(property: unknown, place: Place): void {
  const path = typeof property === 'string' && property.length <= 300 ? parsePath(property) : null
  if (path === null) say(place, 'property', PATH_HINT)
  else checkRoot(path.root, 'property', place)
}

/** Of a related subject only its own properties are looked at. */
function checkRoot(root: Root, at: string, place: Place): void {
  if (place.inside === null) return
  const own = place.inside === 'contacts' ? 'contact' : 'account'
  if (root !== own)
    say(place, at, `Inside "${place.inside}" name a property of the ${own}: ${own}.<property>. Ask the rest outside.`)
}

function checkChanged(value: Fields, place: Place): void {
  only(value, ['changed', 'from', 'to', 'within'], place)
  const { changed } = value
  const path = typeof changed === 'string' && changed.length <= 300 ? parsePath(changed) : null
  if (path === null || (path.root !== 'contact' && path.root !== 'account'))
    say(place, 'changed', 'Name a whole property of the contact or account, e.g. account.plan.')
  else if (path.name === 'id' || path.name === 'externalId')
    say(place, 'changed', `The ${path.name} of a subject never changes; name a property, e.g. account.plan.`)
  else checkRoot(path.root, 'changed', place)
  checkWindow(value.within, place)
}

/** Checks `op` and `value`. @param ops those that make sense for what is compared */
function checkTest(value: Fields, place: Place, ops: readonly PropertyOp[] = PROPERTY_OPS): void {
  const known = ops.find((name) => name === value.op)
  if (known === undefined) return say(place, 'op', `Choose one of ${ops.join(', ')}.`)
  if (known === 'withinPeriod') return checkCalendar(value.value, inside(place, 'value'))
  const wrong = wrongValue(known, value.value)
  if (wrong !== null) say(place, 'value', wrong)
}

function wrongValue(op: PropertyOp, value: unknown): string | null {
  switch (op) {
    case 'exists':
    case 'empty':
      return value === undefined ? null : `"${op}" takes no value; remove it.`
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return isNumber(value) ? null : `"${op}" compares numbers: give one.`
    case 'startsWith':
    case 'endsWith':
      return typeof value === 'string' && value !== '' ? null : `"${op}" compares texts: give one.`
    case 'in':
    case 'notIn':
      return isList(value) ? null : `"${op}" looks in a list: give one of 1 to 1000 values.`
    case 'containsAny':
    case 'containsAll':
    case 'notContainsAny':
      return isList(value) ? null : `"${op}" looks for the values of a list: give one of 1 to 1000 values.`
    case 'before':
    case 'after':
      return value === 'now' || (typeof value === 'string' && parseInstant(value) !== null)
        ? null
        : `"${op}" compares times: give a date (2026-03-01), a date-time with its zone, or "now".`
    case 'withinLast':
    case 'withinNext':
    case 'moreThanAgo':
    case 'moreThanAhead':
      return wrongDuration(value)
    default:
      return value !== undefined ? null : `"${op}" compares with a value: give one.`
  }
}

function wrongDuration(value: unknown): string | null {
  if (typeof value !== 'string') return 'Give a duration, e.g. P7D for 7 days.'
  const parsed = parseDuration(value)
  if (!parsed.ok) return parsed.why
  return parsed.ms > 0 ? null : 'Give a duration longer than nothing, e.g. P7D.'
}

/** A window that may be left out. */
function checkWindow(value: unknown, place: Place): void {
  if (value === undefined) return
  if (isObject(value)) return checkCalendar(value, inside(place, 'within'))
  const wrong = wrongDuration(value)
  if (wrong !== null) say(place, 'within', wrong)
}

const PERIOD_HINT = 'Give periods of a calendar, e.g. { "calendar": "month", "zone": "Europe/Berlin" }.'

function checkCalendar(value: unknown, place: Place): void {
  if (!isObject(value)) return say(place, '', PERIOD_HINT)
  only(value, ['calendar', 'count', 'ago', 'zone'], place)
  const before = place.issues.length
  const { calendar, count = 1, ago = 0, zone } = value
  const unit = CALENDAR_UNITS.find((name) => name === calendar)
  if (unit === undefined) say(place, 'calendar', `Choose one of ${CALENDAR_UNITS.join(', ')}.`)
  if (!isCount(count) || count === 0) say(place, 'count', 'Say how many periods: 1 or more.')
  if (!isCount(ago)) say(place, 'ago', 'Say how many periods back: 0 is the one that runs now.')
  if (typeof zone !== 'string' || !isZone(zone))
    say(place, 'zone', 'Name a time zone of the IANA list, e.g. Europe/Berlin or UTC.')
  if (place.issues.length > before || unit === undefined || typeof zone !== 'string') return
  if (longestReach({ calendar: unit, count: Number(count), ago: Number(ago), zone }) > LONGEST_WINDOW)
    say(place, '', 'The window reaches back more than ten years; take fewer periods.')
}

function checkEvent(value: Fields, place: Place): void {
  only(value, ['event', 'count', 'within', 'where'], place)
  checkEventName(value.event, 'event', place)
  checkCount(
    value.count,
    'Say how often, e.g. { "op": "gte", "value": 3 }; absence is { "op": "eq", "value": 0 }.',
    place,
  )
  checkWindow(value.within, place)
  checkWhere(value.where, place)
}

const checkEventName = (name: unknown, at: string, place: Place): void => {
  if (!isName(name, 200)) say(place, at, 'Name the event, e.g. "Trial Started".')
}

function checkCount(count: unknown, hint: string, place: Place): void {
  if (!isObject(count) || !isCountOp(count.op) || !isCount(count.value)) say(place, 'count', hint)
  else only(count, ['op', 'value'], inside(place, 'count'))
}

function checkWhere(where: unknown, place: Place): void {
  if (where === undefined) return
  if (!Array.isArray(where) || where.length === 0 || where.length > 20)
    return say(place, 'where', 'List 1 to 20 comparisons of the event’s properties, or leave "where" out.')
  for (const [i, filter] of where.entries()) {
    const at = inside(place, `where.${i}`)
    at.budget.leaves += 1
    if (!isObject(filter)) {
      say(at, '', 'Compare a property of the event, e.g. { "property": "amount", "op": "gt", "value": 100 }.')
      continue
    }
    only(filter, ['property', 'op', 'value'], at)
    checkEventPath(filter.property, 'property', at)
    checkTest(filter, at)
  }
}

function checkEventPath(path: unknown, at: string, place: Place): void {
  if (typeof path !== 'string' || path.length > 300 || path.split('.').includes(''))
    say(place, at, 'Name a property of the event, e.g. amount or order.total.')
}

function checkOccasion(value: Fields, which: 'first' | 'last', place: Place): void {
  only(value, [which, 'of', 'op', 'value', 'where'], place)
  checkEventName(value[which], which, place)
  if (value.of !== undefined) checkEventPath(value.of, 'of', place)
  checkTest(value, place, value.of === undefined ? MOMENT_OPS : PROPERTY_OPS)
  checkWhere(value.where, place)
}

function checkSequence(value: Fields, place: Place): void {
  only(value, ['sequence', 'within', 'span'], place)
  const { sequence } = value
  if (!Array.isArray(sequence) || sequence.length < 2 || sequence.length > MOST_SEQUENCE_STEPS)
    say(
      place,
      'sequence',
      `List 2 to ${MOST_SEQUENCE_STEPS} events in their order, e.g. [{ "event": "Trial Started" }, …].`,
    )
  else
    for (const [i, step] of sequence.entries()) {
      const at = inside(place, `sequence.${i}`)
      if (!isObject(step)) {
        say(at, '', 'Name the event, e.g. { "event": "Trial Started" }.')
        continue
      }
      only(step, ['event', 'where'], at)
      checkEventName(step.event, 'event', at)
      checkWhere(step.where, at)
    }
  checkWindow(value.within, place)
  const wrong = value.span === undefined ? null : wrongDuration(value.span)
  if (wrong !== null) say(place, 'span', wrong)
}

function checkAggregate(value: Fields, place: Place): void {
  only(value, ['aggregate', 'event', 'of', 'op', 'value', 'within', 'where'], place)
  if (!AGGREGATES.some((name) => name === value.aggregate))
    say(place, 'aggregate', `Choose one of ${AGGREGATES.join(', ')}.`)
  checkEventPath(value.of, 'of', place)
  checkFigure(value, place)
}

const TRENDS = ['count', 'sum', 'average']

function checkTrend(value: Fields, place: Place): void {
  only(value, ['trend', 'event', 'of', 'op', 'value', 'within', 'where'], place)
  if (!TRENDS.includes(String(value.trend))) say(place, 'trend', `Choose one of ${TRENDS.join(', ')}.`)
  if (value.trend !== 'count') checkEventPath(value.of, 'of', place)
  else if (value.of !== undefined) say(place, 'of', 'A count is of events, not of a property; remove "of".')
  if (value.within === undefined)
    say(place, 'within', 'Give the window that is compared with the one before, e.g. P30D.')
  checkFigure(value, place)
}

/** What figures and their trends have in common. */
function checkFigure(value: Fields, place: Place): void {
  checkEventName(value.event, 'event', place)
  if (!isCountOp(value.op)) say(place, 'op', `Choose one of ${COUNT_OPS.join(', ')}.`)
  if (!isNumber(value.value)) say(place, 'value', 'Give the number to compare with.')
  checkWindow(value.within, place)
  checkWhere(value.where, place)
}

function checkMembership(value: Fields, how: { name: 'segment' | 'signal'; is: string[] }, place: Place): void {
  only(value, [how.name, 'is'], place)
  if (!isName(value[how.name], 100)) say(place, how.name, `Name the ${how.name} by its slug.`)
  if (!how.is.includes(String(value.is))) say(place, 'is', `Choose ${how.is.join(' or ')}.`)
}

const SCORE_PARTS = ['value', 'band', 'stage']
/** What a score's number, and the name of its band or stage, can be asked. */
export const SCORE_OPS: { readonly [part in 'number' | 'name']: readonly PropertyOp[] } = {
  number: ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'notIn', 'exists', 'empty'],
  name: ['eq', 'ne', 'in', 'notIn', 'contains', 'notContains', 'startsWith', 'endsWith', 'exists', 'empty'],
}

function checkScore(value: Fields, place: Place): void {
  only(value, ['score', 'of', 'op', 'value'], place)
  if (!isName(value.score, 100)) say(place, 'score', 'Name the score by its slug.')
  const { of = 'value' } = value
  if (!SCORE_PARTS.includes(String(of))) return say(place, 'of', `Choose one of ${SCORE_PARTS.join(', ')}.`)
  checkTest(value, place, of === 'value' ? SCORE_OPS.number : SCORE_OPS.name)
}

function checkRelated(value: Fields, of: 'contacts' | 'accounts', place: Place): void {
  only(value, [of, 'count'], place)
  if (place.inside !== null)
    return say(place, '', `A rule about ${of} cannot stand inside one about ${place.inside}; put it beside that one.`)
  if (value.count !== undefined)
    checkCount(
      value.count,
      `Say for how many, e.g. { "op": "gte", "value": 2 }; none is { "op": "eq", "value": 0 }.`,
      place,
    )
  check(value[of], { ...inside(place, of), inside: of })
}

type Fields = { [name: string]: unknown }

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isName = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value !== '' && value.length <= most
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)
const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const isCountOp = (value: unknown): boolean => COUNT_OPS.some((op) => op === value)
const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.length <= 1000
const inside = (place: Place, path: string): Place => ({
  ...place,
  path: join(place.path, path),
  depth: place.depth + 1,
})
const join = (a: string, b: string): string => (a === '' || b === '' ? a + b : `${a}.${b}`)
const say = (place: Place, path: string, message: string): void => {
  place.issues.push({ path: join(place.path, path), message })
}

function only(value: Fields, known: string[], place: Place): void {
  for (const name of Object.keys(value))
    if (!known.includes(name)) say(place, name, `"${name}" means nothing here; remove it. Known: ${known.join(', ')}.`)
}
