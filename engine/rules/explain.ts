import type { Json } from '../../nodes/manifest.ts'
import { describeDuration } from '../model/duration.ts'
import type {
  Aggregate,
  CalendarWindow,
  ChangedRule,
  Count,
  EventFilter,
  EventRule,
  OccasionRule,
  PropertyOp,
  RelatedRule,
  Rule,
  ScoreRule,
  SequenceRule,
  Trace,
  TrendRule,
  Window,
} from '../model/rule.ts'
import { byKind, occasionOf, relatedOf } from './kind.ts'
import { durationMs } from './windows.ts'

const kept = new WeakMap<Rule, string>()

/** A rule in its own short words, as a trace carries them: `account.mrr gt 100`. Said anew for every evaluation. */
export function ruleWords(rule: Rule): string {
  const known = kept.get(rule)
  if (known !== undefined) return known
  const words = shortWords(rule)
  kept.set(rule, words)
  return words
}

const shortWords: (rule: Rule) => string = byKind({
  all: () => 'all of',
  any: () => 'any of',
  not: () => 'not',
  property: (rule) => `${rule.property} ${shortTest(rule)}`,
  changed: (rule) => {
    const side = (name: string, value: Json | undefined): string =>
      value === undefined ? '' : ` ${name} ${JSON.stringify(value)}`
    return `changed ${rule.changed}${side('from', rule.from)}${side('to', rule.to)}${shortWindow(rule.within)}`
  },
  first: shortOccasion,
  last: shortOccasion,
  sequence: (rule) => {
    const steps = rule.sequence.map((step) => step.event + shortWhere(step.where)).join(' > ')
    return `sequence ${steps}${shortWindow(rule.within)}${rule.span === undefined ? '' : ` span ${rule.span}`}`
  },
  aggregate: (rule) =>
    `${rule.aggregate} of ${rule.of} of ${rule.event}${shortWhere(rule.where)} ${rule.op} ${rule.value}${shortWindow(rule.within)}`,
  trend: (rule) =>
    `trend of ${rule.trend}${rule.of === undefined ? '' : ` of ${rule.of}`} of ${rule.event}${shortWhere(rule.where)} ` +
    `${rule.op} ${rule.value}%${shortWindow(rule.within)}`,
  event: (rule) =>
    `event ${rule.event}${shortWhere(rule.where)} count ${rule.count.op} ${rule.count.value}${shortWindow(rule.within)}`,
  segment: (rule) => `segment ${rule.segment} ${rule.is}`,
  signal: (rule) => `signal ${rule.signal} ${rule.is}`,
  score: (rule) => `score ${rule.score} ${rule.of ?? 'value'} ${shortTest(rule)}`,
  contacts: shortRelated,
  accounts: shortRelated,
})

const shortTest = ({ op, value }: { op: PropertyOp; value?: Json }): string =>
  value === undefined ? op : `${op} ${JSON.stringify(value)}`

const shortWhere = (where: EventFilter[] | undefined): string =>
  where === undefined || where.length === 0
    ? ''
    : ` where ${where.map((filter) => `${filter.property} ${shortTest(filter)}`).join(' and ')}`

function shortWindow(window: Window | undefined): string {
  if (window === undefined) return ''
  if (typeof window === 'string') return ` within ${window}`
  const ago = window.ago ? ` ${window.ago} ago` : ''
  return ` within ${window.count ?? 1} ${window.calendar}${ago} in ${window.zone}`
}

function shortOccasion(rule: OccasionRule): string {
  const { which, event } = occasionOf(rule)
  return `${which} ${event}${shortWhere(rule.where)}${rule.of === undefined ? '' : ` ${rule.of}`} ${shortTest(rule)}`
}

function shortRelated(rule: RelatedRule): string {
  const { of } = relatedOf(rule)
  const { op, value } = rule.count ?? AT_LEAST_ONE
  return `${of} count ${op} ${value} of those for which ${describe(relatedOf(rule).rule)}`
}

const AT_LEAST_ONE: Count = { op: 'gte', value: 1 }

/** The words of each comparison, in sentences and in the lists one chooses from. */
export const OP_WORDS: { [op in PropertyOp]: string } = {
  eq: 'is',
  ne: 'is not',
  gt: 'is more than',
  gte: 'is at least',
  lt: 'is less than',
  lte: 'is at most',
  contains: 'contains',
  notContains: 'does not contain',
  containsAny: 'contains any of',
  containsAll: 'contains all of',
  notContainsAny: 'contains none of',
  startsWith: 'starts with',
  endsWith: 'ends with',
  in: 'is one of',
  notIn: 'is none of',
  exists: 'is known',
  empty: 'is empty',
  before: 'is before',
  after: 'is after',
  withinLast: 'was within the last',
  withinNext: 'is within the next',
  moreThanAgo: 'was more than this ago',
  moreThanAhead: 'is more than this ahead',
  withinPeriod: 'is in the period',
}

/** A rule as a sentence for people: `account.mrr is more than 100 and no "login" in the last 7 days`. */
export const describe: (rule: Rule) => string = byKind({
  all: (rule) => rule.all.map(inner).join(' and ') || 'always',
  any: (rule) => rule.any.map(inner).join(' or ') || 'never',
  not: (rule) => `not (${describe(rule.not)})`,
  property: (rule) => `${rule.property} ${testWords(rule)}`,
  changed: describeChanged,
  first: describeOccasion,
  last: describeOccasion,
  sequence: describeSequence,
  aggregate: (rule) => {
    const what = `${FIGURE_WORDS[rule.aggregate]} ${rule.of} of ${eventWords(rule)}`
    return `${what} ${windowWords(rule.within)} ${OP_WORDS[rule.op]} ${rule.value}`
  },
  trend: describeTrend,
  event: describeEvent,
  segment: (rule) => `${rule.is === 'in' ? 'in' : 'not in'} segment ${rule.segment}`,
  signal: (rule) => `signal ${rule.signal} is ${rule.is === 'set' ? 'set' : 'not set'}`,
  score: (rule) => `${scoreWords(rule)} ${testWords(rule)}`,
  contacts: describeRelated,
  accounts: describeRelated,
})

const inner = (rule: Rule): string => ('all' in rule || 'any' in rule ? `(${describe(rule)})` : describe(rule))

/** The words of each figure, before the property it is of. */
export const FIGURE_WORDS: { [which in Aggregate]: string } = {
  sum: 'the sum of',
  average: 'the average of',
  min: 'the smallest',
  max: 'the largest',
  distinct: 'the number of different values of',
}

export const scoreWords = ({ score, of = 'value' }: ScoreRule): string =>
  of === 'value' ? `score ${score}` : `${of} of score ${score}`

/** A comparison in words, from the verb on: `is more than 100`, `was within the last 7 days`. */
export function testWords({ op, value }: { op: PropertyOp; value?: Json }): string {
  const words = OP_WORDS[op]
  if (op === 'exists' || op === 'empty') return words
  if (typeof value === 'string') {
    if (op === 'withinLast' || op === 'withinNext') return `${words} ${durationWords(value)}`
    if (op === 'moreThanAgo') return `was more than ${durationWords(value)} ago`
    if (op === 'moreThanAhead') return `is more than ${durationWords(value)} ahead`
  }
  if (op === 'withinPeriod' && value !== null && typeof value === 'object' && 'calendar' in value)
    return `is ${windowWords(value as unknown as CalendarWindow)}`
  return `${words} ${valueWords(value ?? null)}`
}

export function valueWords(value: Json): string {
  if (Array.isArray(value)) return value.map(valueWords).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function durationWords(text: string): string {
  const ms = durationMs(text)
  return ms === null ? text : describeDuration(ms)
}

/** `in the last 7 days`, `this month (Europe/Berlin)`; nothing said means ever. */
export function windowWords(window: Window | undefined): string {
  if (window === undefined) return 'ever'
  if (typeof window === 'string') return `in the last ${durationWords(window)}`
  return `${calendarWords(window)} (${window.zone})`
}

function calendarWords({ calendar, count = 1, ago = 0 }: CalendarWindow): string {
  const periods = (n: number): string => (n === 1 ? calendar : `${n} ${calendar}s`)
  if (count === 1) {
    if (ago === 0) return calendar === 'day' ? 'today' : `in this ${calendar}`
    if (ago === 1) return calendar === 'day' ? 'yesterday' : `in the ${calendar} before this one`
    return `in the ${calendar} ${periods(ago)} ago`
  }
  if (ago === 0) return `in this ${calendar} and the ${periods(count - 1)} before it`
  if (ago === 1) return `in the last ${count} full ${calendar}s`
  return `in the ${count} ${calendar}s up to ${periods(ago)} ago`
}

/** `"Order" where amount is more than 100`. */
export function eventWords({ event, where }: { event: string; where?: EventFilter[] }): string {
  if (where === undefined || where.length === 0) return `"${event}"`
  return `"${event}" (where ${where.map((filter) => `${filter.property} ${testWords(filter)}`).join(' and ')})`
}

/** The words of each way to count events; the usual ones first. */
export const COUNT_WORDS = {
  gte: 'at least',
  lte: 'at most',
  eq: 'exactly',
  gt: 'more than',
  lt: 'fewer than',
} as const satisfies { [op in Count['op']]: string }

const isNone = ({ op, value }: Count): boolean => (op === 'eq' && value === 0) || (op === 'lt' && value === 1)

function describeEvent(rule: EventRule): string {
  const when = windowWords(rule.within)
  const { op, value } = rule.count
  if (isNone(rule.count)) return `no ${eventWords(rule)} ${when}`
  return `${COUNT_WORDS[op]} ${value} ${eventWords(rule)} ${when}`
}

function describeChanged(rule: ChangedRule): string {
  const side = (name: string, value: Json | undefined): string => {
    if (value === undefined) return ''
    return value === null ? ` ${name} nothing` : ` ${name} ${valueWords(value)}`
  }
  const when = rule.within === undefined ? '' : ` ${windowWords(rule.within)}`
  return `${rule.changed} changed${side('from', rule.from)}${side('to', rule.to)}${when}`
}

function describeOccasion(rule: OccasionRule): string {
  const { which, event } = occasionOf(rule)
  const name = `the ${which} ${eventWords(rule.where === undefined ? { event } : { event, where: rule.where })}`
  return `${rule.of === undefined ? name : `${rule.of} of ${name}`} ${testWords(rule)}`
}

function describeSequence(rule: SequenceRule): string {
  const span = rule.span === undefined ? '' : `, the last at most ${durationWords(rule.span)} after the first`
  return `${rule.sequence.map(eventWords).join(', then ')} ${windowWords(rule.within)}${span}`
}

function describeTrend(rule: TrendRule): string {
  const name =
    rule.trend === 'count' || rule.of === undefined
      ? eventWords(rule)
      : `${FIGURE_WORDS[rule.trend]} ${rule.of} of ${eventWords(rule)}`
  if (typeof rule.within === 'string')
    return `${name} ${trendWords(rule)} against the ${durationWords(rule.within)} before`
  const { count = 1, calendar } = rule.within
  const before = count === 1 ? `the ${calendar} before` : `the ${count} ${calendar}s before`
  return `${name} ${trendWords(rule)} ${windowWords(rule.within)} against ${before}`
}

/** `fell by more than 50%`. The other way round as well: less than −50 % is a fall. */
function trendWords({ op, value }: TrendRule): string {
  if (value === 0)
    return { eq: 'stayed the same', gt: 'rose', gte: 'rose or stayed', lt: 'fell', lte: 'fell or stayed' }[op]
  const by = `${Math.abs(value)}%`
  const [verb, other] = value < 0 ? ['fell', 'rose'] : ['rose', 'fell']
  if (op === 'eq') return `${verb} by exactly ${by}`
  const further = value < 0 ? op === 'lt' || op === 'lte' : op === 'gt' || op === 'gte'
  const strict = op === 'lt' || op === 'gt'
  if (further) return `${verb} by ${strict ? 'more than' : 'at least'} ${by}`
  return `${verb} by ${strict ? 'less than' : 'at most'} ${by}, stayed or ${other}`
}

function describeRelated(rule: RelatedRule): string {
  const { of, rule: asked } = relatedOf(rule)
  const one = of === 'contacts' ? 'contact' : 'account'
  const count = rule.count ?? AT_LEAST_ONE
  if (isNone(count)) return `no ${one} for which (${describe(asked)})`
  return `${COUNT_WORDS[count.op]} ${count.value} ${count.value === 1 ? one : of} for which (${describe(asked)})`
}

/** A trace as indented lines, for terminals and logs: what held, what did not, and what was found instead. */
export function explain(trace: Trace, depth = 0): string[] {
  const found = trace.missing
    ? ' (nothing there)'
    : trace.actual === undefined
      ? ''
      : ` (found ${JSON.stringify(trace.actual)})`
  const note = trace.note === undefined ? '' : `: ${trace.note}`
  const line = `${'  '.repeat(depth)}${trace.value ? 'yes' : 'no '} ${trace.rule}${found}${note}`
  return [line, ...(trace.children ?? []).flatMap((child) => explain(child, depth + 1))]
}
