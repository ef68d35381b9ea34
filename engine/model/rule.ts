import type { Json } from '../../nodes/manifest.ts'

/**
 * A rule is a condition as data, so that it can be evaluated in memory with a trace, compiled to SQL, and drawn.
 * Types only: the workflow reaches this file, so no zod here (`rule-schema.ts` has the schema).
 */
export type Rule =
  | AllRule
  | AnyRule
  | NotRule
  | PropertyRule
  | ChangedRule
  | EventRule
  | OccasionRule
  | SequenceRule
  | AggregateRule
  | TrendRule
  | SegmentRule
  | SignalRule
  | ScoreRule
  | RelatedRule

/** The key that tells one kind of rule from another; `event` alone counts, beside `aggregate` or `trend` it does not. */
export const RULE_KINDS = [
  'all',
  'any',
  'not',
  'property',
  'changed',
  'first',
  'last',
  'sequence',
  'aggregate',
  'trend',
  'event',
  'segment',
  'signal',
  'score',
  'contacts',
  'accounts',
] as const
export type RuleKind = (typeof RULE_KINDS)[number]

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
 * `steps.<step id>.<path>`. A missing value makes every comparison false but `empty`, `ne`, `notContains`,
 * `notContainsAny` and `notIn`. A date may lie ahead: `withinPeriod` this month means the whole month.
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
  'containsAny', // of a list or text: at least one of the value's list
  'containsAll', // of a list or text: every one of the value's list
  'notContainsAny',
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
  'moreThanAgo',
  'moreThanAhead', // value: ISO-8601 duration, against now: before now − d, after now + d
  'withinPeriod', // value: a calendar window, e.g. { "calendar": "month", "zone": "Europe/Berlin" }
] as const // prettier-ignore
export type PropertyOp = (typeof PROPERTY_OPS)[number]

/**
 * Whether a property of the contact or account changed: from one value to another, from or to anything where that
 * side is left out. A first value is a change from null, a removal one to null.
 */
export interface ChangedRule {
  /** `contact.<property>` or `account.<property>`: the whole property, not a part of it. */
  changed: string
  from?: Json
  to?: Json
  /** Left out: ever. */
  within?: Window
}

/** ISO-8601 duration of a rolling window (now − d, now], or whole periods of a calendar in a zone. */
export type Window = string | CalendarWindow

export const CALENDAR_UNITS = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const
export type CalendarUnit = (typeof CALENDAR_UNITS)[number]

/**
 * Periods of a calendar: `count` of them (1 where left out), the newest `ago` periods back (0, where left out, is the
 * one that runs now). This month: { calendar: month }. The three full weeks before this one: { calendar: week,
 * count: 3, ago: 1 }. A week begins on Monday (ISO 8601). What has not happened by now never counts. An hour has 60
 * minutes and begins with the hour of the zone's clocks, also on the days they are changed; a day begins with the first
 * instant of its date; on a date that a zone left out nothing can have happened.
 */
export interface CalendarWindow {
  calendar: CalendarUnit
  count?: number
  ago?: number
  /** IANA name: when a day begins depends on where. */
  zone: string
}

/** Holds for an event when its own property compares so. `property` is a path into the event's properties. */
export interface EventFilter {
  property: string
  op: PropertyOp
  value?: Json
}

export const COUNT_OPS = ['eq', 'gte', 'lte', 'gt', 'lt'] as const
export interface Count {
  op: (typeof COUNT_OPS)[number]
  value: number
}

/** How often the subject did something. Without `within`: ever. Absence is `{ op: 'eq', value: 0 }`. */
export interface EventRule {
  event: string
  count: Count
  within?: Window
  /** Only events for which all of these hold. */
  where?: EventFilter[]
}

/**
 * The first or last time the subject did something: its moment, or a property of that event, compared like a
 * property. Where there is no such event the value is missing. Of events at the same millisecond the one received
 * first is the earlier. A moment is compared by `before`, `after`, `withinLast`, `moreThanAgo`, `withinPeriod`,
 * `exists` and `empty`.
 */
export type OccasionRule = ({ first: string } | { last: string }) & {
  /** Path into the event's properties; left out: when it happened, compared as a time. */
  of?: string
  op: PropertyOp
  value?: Json
  where?: EventFilter[]
}

/** Whether the events happened in this order, each later than the one before it by its own time. */
export interface SequenceRule {
  sequence: Array<{ event: string; where?: EventFilter[] }>
  /** All of them within this window. Left out: ever. */
  within?: Window
  /** ISO-8601 duration: the last at most so long after the first. */
  span?: string
}

export const AGGREGATES = ['sum', 'average', 'min', 'max', 'distinct'] as const
export type Aggregate = (typeof AGGREGATES)[number]

/**
 * A figure over an event's property. Events whose property is no number are left out (`distinct` counts different
 * values of any type but null). Of no event the sum and the number of different values are 0, the others are missing,
 * so that the comparison is false. Added up as doubles in order of (time, receipt), the average divides that sum, so
 * that every evaluator gets the same figure.
 */
export interface AggregateRule {
  aggregate: Aggregate
  event: string
  /** Path into the event's properties. */
  of: string
  op: Count['op']
  value: number
  within?: Window
  where?: EventFilter[]
}

/**
 * How a figure over a window compares with the same figure over the window before it, in percent of that one:
 * (figure − before) × 100 / before, so that −50 is half as much. Where either window has no figure, or the one before
 * has 0, the change is missing and the comparison false.
 * Before a rolling window lies one of the same length; before a calendar window the same number of periods.
 */
export interface TrendRule {
  trend: 'count' | 'sum' | 'average'
  event: string
  /** Path into the event's properties, for sum and average. */
  of?: string
  op: Count['op']
  /** Percent. */
  value: number
  within: Window
  where?: EventFilter[]
}

export interface SegmentRule {
  segment: string
  is: 'in' | 'out'
}

export interface SignalRule {
  signal: string
  is: 'set' | 'cleared'
}

/**
 * Compares a score's number, or its band or stage by name. Before a subject has been scored the value is missing; so is
 * the stage where no stage's rule holds.
 */
export interface ScoreRule {
  score: string
  /** Left out: the number. */
  of?: 'value' | 'band' | 'stage'
  op: PropertyOp
  value?: Json
}

/**
 * Of an account: for how many of its contacts the rule holds. Of a contact: for how many of its accounts. Left out,
 * `count` is at least one. Inside, the related subject is the subject: its properties (`contact.` under `contacts`,
 * `account.` under `accounts`, no other), events, memberships and scores. Such rules are not nested.
 */
export type RelatedRule = ({ contacts: Rule } | { accounts: Rule }) & { count?: Count }

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
  /** For names of which a property is read, beside each time of `events`: the declared properties of that event. */
  eventValues?: { [name: string]: Array<{ [property: string]: Json }> }
  /** Of names whose newest events are enough, how many were loaded of those up to now: there may be older ones. */
  newestOnly?: { [name: string]: number }
  /** Changes of the declared properties, ascending, by path (`contact.plan`). */
  changes?: { [path: string]: PropertyChange[] }
  /** Of the declared scores, those the subject has. */
  scores?: { [slug: string]: ScoreFact }
  /** Facts of an account's contacts, or of a contact's accounts, where declared. */
  related?: Facts[]
  /** The IANA name of the workspace's time zone, where declared. */
  timeZone?: string
}

/** One change of a property. Null: there was, or is, no value. */
export interface PropertyChange {
  at: Instant
  from: Json
  to: Json
}

export interface ScoreFact {
  value: number
  band: string
  /** Null: no stage's rule holds. */
  stage: string | null
}

/** What a rule or plan reads, so that the loader loads that and no more. */
export interface Reads {
  /** `contact.mrr`, `account.name` …, and `WORKSPACE_ZONE` */
  properties: string[]
  segments: string[]
  signals: string[]
  /** Event name → widest window in ms, or null for ever. */
  events: { [name: string]: number | null }
  /** Event name → first parts of the paths that are read of its properties. */
  eventProperties?: { [name: string]: string[] }
  /** `contact.plan` → widest window in ms over its changes, or null for ever. */
  changes?: { [path: string]: number | null }
  scores?: string[]
  /** What is read of each contact of an account, or of each account of a contact. */
  related?: Reads
}

export interface Evaluation {
  value: boolean
  why: Trace
  /** The earliest instant at which the answer may change with no new data; null: never. May be early, never late. */
  validUntil: Instant | null
}
