import type { Json } from '../../nodes/manifest.ts'
import type { OccasionRule, RelatedRule, Rule, Trace } from '../../engine/model/rule.ts'
import { describe, eventWords, FIGURE_WORDS, scoreWords, valueWords, windowWords } from '../../engine/rules/explain.ts'
import { byKind, occasionOf, relatedOf } from '../../engine/rules/kind.ts'

type Say = [found: Trace]

const value = (actual: Json | undefined): string => (actual === '' ? 'empty text' : valueWords(actual ?? null))
const times = (n: Json | undefined): string => (n === 1 ? 'once' : n === 0 ? 'not at all' : `${value(n)} times`)
const none = (): string => ''

/** What was found for a leaf, as a sentence in the past tense; empty for groups. */
export const foundWords: (rule: Rule, ...found: Say) => string = byKind<Say, string>({
  all: none,
  any: none,
  not: none,
  property: (rule, { actual, missing }) =>
    missing ? `${rule.property} had no value` : `${rule.property} was ${value(actual)}`,
  changed: (rule, found) => changeWords(rule.changed, found),
  first: occasionFound,
  last: occasionFound,
  sequence: (rule, { actual }) => `${value(actual)} of its ${rule.sequence.length} events had come in order`,
  aggregate: (rule, { actual, missing }) => {
    const what = `${FIGURE_WORDS[rule.aggregate]} ${rule.of} of ${eventWords(rule)} ${windowWords(rule.within)}`
    return missing ? `there was no figure for ${what}` : `${what} was ${value(actual)}`
  },
  trend: (rule, { actual, missing, note }) => {
    const what = `the change of ${rule.trend === 'count' ? 'the number' : `the ${rule.trend} of ${rule.of ?? ''}`} of ${eventWords(rule)}`
    const against = note === undefined ? '' : ` (${note})`
    return missing ? `${what} could not be told${against}` : `${what} was ${rounded(actual)} %${against}`
  },
  event: (rule, { actual }) => `${eventWords(rule)} happened ${times(actual)} ${windowWords(rule.within)}`,
  segment: (rule, { actual }) => `they were ${actual === 'in' ? 'in' : 'not in'} segment ${rule.segment}`,
  signal: (rule, { actual }) => `signal ${rule.signal} was ${actual === 'set' ? 'set' : 'not set'}`,
  score: (rule, { actual, missing }) =>
    missing ? `${scoreWords(rule)} was not known` : `${scoreWords(rule)} was ${value(actual)}`,
  contacts: relatedFound,
  accounts: relatedFound,
})

const rounded = (actual: Json | undefined): string =>
  typeof actual === 'number' ? String(Math.round(actual * 10) / 10) : value(actual)

function changeWords(path: string, { value: held, actual, missing }: Trace): string {
  if (missing || actual === null || typeof actual !== 'object' || Array.isArray(actual))
    return `no change of ${path} was known`
  const side = (part: Json | undefined): string => (part === null || part === undefined ? 'nothing' : value(part))
  return `${held ? '' : 'the last change was that '}${path} went from ${side(actual.from)} to ${side(actual.to)}`
}

function occasionFound(rule: OccasionRule, { actual, missing, note }: Trace): string {
  const { which, event } = occasionOf(rule)
  const what = eventWords(rule.where === undefined ? { event } : { event, where: rule.where })
  if (missing && note === 'no such event') return `there was no ${what}`
  if (rule.of === undefined) return `the ${which} ${what} was at ${value(actual)}`
  return missing ? `the ${which} ${what} had no ${rule.of}` : `${rule.of} of the ${which} ${what} was ${value(actual)}`
}

function relatedFound(rule: RelatedRule, { actual, note }: Trace): string {
  const all = note === undefined ? '' : ` ${note}`
  return `it held for ${value(actual)}${all} that ${describe(relatedOf(rule).rule)}`
}
