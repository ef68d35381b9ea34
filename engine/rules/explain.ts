import type { Json } from '../../nodes/manifest.ts'
import { describeDuration, parseDuration } from '../model/duration.ts'
import type { EventRule, PropertyOp, PropertyRule, Rule, Trace } from '../model/rule.ts'

/** A rule in its own short words, as a trace carries them: `account.mrr gt 100`. */
export function ruleWords(rule: Rule): string {
  if ('all' in rule) return 'all of'
  if ('any' in rule) return 'any of'
  if ('not' in rule) return 'not'
  if ('event' in rule) {
    const within = rule.within === undefined ? '' : ` within ${rule.within}`
    return `event ${rule.event} count ${rule.count.op} ${rule.count.value}${within}`
  }
  if ('segment' in rule) return `segment ${rule.segment} ${rule.is}`
  if ('signal' in rule) return `signal ${rule.signal} ${rule.is}`
  return rule.value === undefined
    ? `${rule.property} ${rule.op}`
    : `${rule.property} ${rule.op} ${JSON.stringify(rule.value)}`
}

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
}

/** A rule as a sentence for people: `account.mrr is more than 100 and no "login" in the last 7 days`. */
export function describe(rule: Rule): string {
  if ('all' in rule) return rule.all.map(inner).join(' and ') || 'always'
  if ('any' in rule) return rule.any.map(inner).join(' or ') || 'never'
  if ('not' in rule) return `not (${describe(rule.not)})`
  if ('event' in rule) return describeEvent(rule)
  if ('segment' in rule) return `${rule.is === 'in' ? 'in' : 'not in'} segment ${rule.segment}`
  if ('signal' in rule) return `signal ${rule.signal} is ${rule.is === 'set' ? 'set' : 'not set'}`
  return describeProperty(rule)
}

const inner = (rule: Rule): string => ('all' in rule || 'any' in rule ? `(${describe(rule)})` : describe(rule))

function describeProperty(rule: PropertyRule): string {
  const words = `${rule.property} ${OP_WORDS[rule.op]}`
  if (rule.op === 'exists' || rule.op === 'empty') return words
  if ((rule.op === 'withinLast' || rule.op === 'withinNext') && typeof rule.value === 'string')
    return `${words} ${durationWords(rule.value)}`
  return `${words} ${valueWords(rule.value ?? null)}`
}

function valueWords(value: Json): string {
  if (Array.isArray(value)) return value.map(valueWords).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function durationWords(text: string): string {
  const parsed = parseDuration(text)
  return parsed.ok ? describeDuration(parsed.ms) : text
}

/** The words of each way to count events; the usual ones first. */
export const COUNT_WORDS = {
  gte: 'at least',
  lte: 'at most',
  eq: 'exactly',
  gt: 'more than',
  lt: 'fewer than',
} as const satisfies { [op in EventRule['count']['op']]: string }

function describeEvent(rule: EventRule): string {
  const when = rule.within === undefined ? 'ever' : `in the last ${durationWords(rule.within)}`
  const { op, value } = rule.count
  if ((op === 'eq' && value === 0) || (op === 'lt' && value === 1)) return `no "${rule.event}" ${when}`
  return `${COUNT_WORDS[op]} ${value} "${rule.event}" ${when}`
}

/** A trace as indented lines, for terminals and logs: what held, what did not, and what was found instead. */
export function explain(trace: Trace, depth = 0): string[] {
  const found =
    trace.children !== undefined ? '' : trace.missing ? ' (nothing there)' : ` (found ${JSON.stringify(trace.actual)})`
  const note = trace.note === undefined ? '' : `: ${trace.note}`
  const line = `${'  '.repeat(depth)}${trace.value ? 'yes' : 'no '} ${trace.rule}${found}${note}`
  return [line, ...(trace.children ?? []).flatMap((child) => explain(child, depth + 1))]
}
