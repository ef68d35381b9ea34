import type { Json } from '../../nodes/manifest.ts'

/**
 * A rule is a condition as data, so that it can be evaluated in memory with a trace, compiled to SQL, and drawn.
 * Types only: the workflow reaches this file, so no zod here (`rule-schema.ts` has the schema).
 */
export type Rule = AllRule | AnyRule | NotRule | PropertyRule | EventRule | SegmentRule | SignalRule

export interface AllRule {
  all: Rule[]
}
export interface AnyRule {
  any: Rule[]
}
export interface NotRule {
  not: Rule
}

/**
 * Compares one value. `property` is a path: `contact.<property>`, `account.<property>`, `trigger.<path>`,
 * `steps.<step id>.<path>`. A missing value makes every comparison false but `empty`, `ne`, `notContains` and `notIn`.
 */
export interface PropertyRule {
  property: string
  op: PropertyOp
  value?: Json
}

export const PROPERTY_OPS = [
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'contains',
  'notContains',
  'startsWith',
  'endsWith',
  'in',
  'notIn',
  'exists',
  'empty',
  'before',
  'after', // value: ISO date or date-time with its zone, or 'now'
  'withinLast',
  'withinNext', // value: ISO-8601 duration, against now
] as const // prettier-ignore
export type PropertyOp = (typeof PROPERTY_OPS)[number]

/** How often the subject did something. Without `within`: ever. Absence is `{ op: 'eq', value: 0 }`. */
export interface EventRule {
  event: string
  count: { op: 'eq' | 'gte' | 'lte' | 'gt' | 'lt'; value: number }
  /** ISO-8601 duration of a rolling window (now − d, now]. */
  within?: string
}

export interface SegmentRule {
  segment: string
  is: 'in' | 'out'
}

export interface SignalRule {
  signal: string
  is: 'set' | 'cleared'
}

/** Why a rule is true or false: the same tree as the rule, with the values seen. */
export interface Trace {
  /** The rule's own words, e.g. `account.mrr gt 100`. */
  rule: string
  value: boolean
  /** What was found, for leaves. `undefined` is written as null with `missing: true`. */
  actual?: Json
  missing?: boolean
  /** What a person should know beside the values, e.g. that the types differ. */
  note?: string
  children?: Trace[]
}

/** Milliseconds since 1970, UTC. */
export type Instant = number

export interface SubjectFacts {
  id: string
  externalId: string | null
  properties: { [name: string]: Json }
}

/** Everything a rule or template may read about a run's subject, as loaded at one instant. */
export interface Facts {
  at: Instant
  contact: SubjectFacts | null
  account: SubjectFacts | null
  /** Slugs the subject is in, of those the reader declared. */
  segments: string[]
  /** Slugs set for the subject, of those the reader declared. */
  signals: string[]
  /** Occurrence times, ascending, of the declared event names (as far back as the widest declared window). */
  events: { [name: string]: Instant[] }
}

/** What a rule or plan reads, so that the loader loads that and no more. */
export interface Reads {
  /** `contact.mrr`, `account.name` … */
  properties: string[]
  segments: string[]
  signals: string[]
  /** Event name → widest window in ms, or null for ever. */
  events: { [name: string]: number | null }
}

export interface Evaluation {
  value: boolean
  why: Trace
  /** The earliest instant at which the answer may change with no new data; null: never. May be early, never late. */
  validUntil: Instant | null
}
