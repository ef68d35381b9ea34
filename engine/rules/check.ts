import { parseDuration } from '../model/duration.ts'
import { parseInstant } from '../model/instant.ts'
import { parsePath } from '../model/path.ts'
import { PROPERTY_OPS, type PropertyOp, type Rule } from '../model/rule.ts'

/** One thing wrong with a rule. `path` leads from the rule's root, e.g. `all.1.value`. */
export interface RuleIssue {
  path: string
  message: string
}

/** Deep and wide enough for any rule a person can read, small enough to be evaluated for everyone. */
export const MOST_RULE_DEPTH = 8
export const MOST_RULE_LEAVES = 100

/** Whether a value is a rule, deeply, with what to write instead. An empty answer means: it is a `Rule`. */
export function checkRule(value: unknown): RuleIssue[] {
  const issues: RuleIssue[] = []
  const budget = { leaves: 0 }
  check(value, { path: '', depth: 1, issues, budget })
  if (budget.leaves > MOST_RULE_LEAVES)
    issues.push({ path: '', message: `A rule may compare ${MOST_RULE_LEAVES} things; this compares ${budget.leaves}.` })
  return issues
}

/** @returns the rule, or null where `checkRule` has something to say */
export const asRule = (value: unknown): Rule | null => (checkRule(value).length === 0 ? (value as Rule) : null)

interface Place {
  path: string
  depth: number
  issues: RuleIssue[]
  budget: { leaves: number }
}

const KINDS = ['all', 'any', 'not', 'property', 'event', 'segment', 'signal'] as const

function check(value: unknown, place: Place): void {
  if (!isObject(value))
    return say(place, '', 'Write a rule, e.g. { "property": "account.mrr", "op": "gt", "value": 100 }.')
  if (place.depth > MOST_RULE_DEPTH)
    return say(place, '', `Rules may be nested ${MOST_RULE_DEPTH} deep; flatten this one.`)
  const kinds = KINDS.filter((kind) => Object.hasOwn(value, kind))
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1)
    return say(place, '', `Give exactly one of ${KINDS.join(', ')}${kind ? `, not ${kinds.join(' and ')}` : ''}.`)
  if (kind !== 'all' && kind !== 'any' && kind !== 'not') place.budget.leaves += 1
  switch (kind) {
    case 'all':
    case 'any':
      return checkGroup(value, kind, place)
    case 'not':
      only(value, ['not'], place)
      return check(value.not, inside(place, 'not'))
    case 'property':
      return checkProperty(value, place)
    case 'event':
      return checkEvent(value, place)
    case 'segment':
      return checkMembership(value, { name: 'segment', is: ['in', 'out'] }, place)
    case 'signal':
      return checkMembership(value, { name: 'signal', is: ['set', 'cleared'] }, place)
  }
}

function checkGroup(value: Fields, kind: 'all' | 'any', place: Place): void {
  only(value, [kind], place)
  const parts = value[kind]
  if (!Array.isArray(parts) || parts.length === 0) return say(place, kind, `List at least one rule under "${kind}".`)
  for (const [i, part] of parts.entries()) check(part, inside(place, `${kind}.${i}`))
}

const NO_VALUE: ReadonlySet<PropertyOp> = new Set(['exists', 'empty'])

function checkProperty(value: Fields, place: Place): void {
  only(value, ['property', 'op', 'value'], place)
  const { property, op } = value
  if (typeof property !== 'string' || property.length > 300 || parsePath(property) === null)
    say(
      place,
      'property',
      'Name a path that begins with contact., account., trigger. or steps.<step>., e.g. account.mrr.',
    )
  const known = PROPERTY_OPS.find((name) => name === op)
  if (known === undefined) return say(place, 'op', `Choose one of ${PROPERTY_OPS.join(', ')}.`)
  const wrong = wrongValue(known, value.value)
  if (wrong !== null) say(place, 'value', wrong)
}

function wrongValue(op: PropertyOp, value: unknown): string | null {
  if (NO_VALUE.has(op)) return value === undefined ? null : `"${op}" takes no value; remove it.`
  switch (op) {
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return typeof value === 'number' && Number.isFinite(value) ? null : `"${op}" compares numbers: give one.`
    case 'startsWith':
    case 'endsWith':
      return typeof value === 'string' && value !== '' ? null : `"${op}" compares texts: give one.`
    case 'in':
    case 'notIn':
      return Array.isArray(value) && value.length > 0 && value.length <= 1000
        ? null
        : `"${op}" looks in a list: give one of 1 to 1000 values.`
    case 'before':
    case 'after':
      return value === 'now' || (typeof value === 'string' && parseInstant(value) !== null)
        ? null
        : `"${op}" compares times: give a date (2026-03-01), a date-time with its zone, or "now".`
    case 'withinLast':
    case 'withinNext':
      return wrongDuration(value)
    default:
      return value === undefined ? `"${op}" compares with a value: give one.` : null
  }
}

function wrongDuration(value: unknown): string | null {
  if (typeof value !== 'string') return 'Give a duration, e.g. P7D for 7 days.'
  const parsed = parseDuration(value)
  if (!parsed.ok) return parsed.why
  return parsed.ms > 0 ? null : 'Give a duration longer than nothing, e.g. P7D.'
}

const COUNTS = ['eq', 'gte', 'lte', 'gt', 'lt']

function checkEvent(value: Fields, place: Place): void {
  only(value, ['event', 'count', 'within'], place)
  if (!isName(value.event, 200)) say(place, 'event', 'Name the event, e.g. "Trial Started".')
  const { count } = value
  if (!isObject(count) || !COUNTS.includes(String(count.op)) || !isCount(count.value))
    say(place, 'count', 'Say how often, e.g. { "op": "gte", "value": 3 }; absence is { "op": "eq", "value": 0 }.')
  else only(count, ['op', 'value'], inside(place, 'count'))
  if (value.within === undefined) return
  const wrong = wrongDuration(value.within)
  if (wrong !== null) say(place, 'within', wrong)
}

function checkMembership(value: Fields, how: { name: 'segment' | 'signal'; is: string[] }, place: Place): void {
  only(value, [how.name, 'is'], place)
  if (!isName(value[how.name], 100)) say(place, how.name, `Name the ${how.name} by its slug.`)
  if (!how.is.includes(String(value.is))) say(place, 'is', `Choose ${how.is.join(' or ')}.`)
}

type Fields = { [name: string]: unknown }

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isName = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value !== '' && value.length <= most
const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
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
