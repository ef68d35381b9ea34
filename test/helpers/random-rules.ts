import fc from 'fast-check'
import type { Json } from '../../nodes/manifest.ts'
import { windowAt } from '../../engine/model/calendar.ts'
import {
  AGGREGATES,
  CALENDAR_UNITS,
  type CalendarWindow,
  COUNT_OPS,
  type Count,
  type EventFilter,
  type Instant,
  PROPERTY_OPS,
  type PropertyOp,
  type Rule,
  type RuleKind,
  type Window,
} from '../../engine/model/rule.ts'
import { SCORE_OPS } from '../../engine/rules/check.ts'
import { MOMENT_OPS } from '../../engine/rules/compare.ts'

/**
 * Random rules of every kind, with the values that break evaluators: names a prototype has, text of every script, and
 * times that lie on the edge of a window. `random-histories.ts` has what to ask them about.
 */

export type SubjectKind = 'contact' | 'account'

export interface RuleNames {
  /** Of contacts and accounts. A dot leads into a structured value. */
  properties: string[]
  events: string[]
  eventProperties: string[]
  /** Slugs of segments, signals and scores, by whose they are. */
  slugs: { [kind in SubjectKind]: string[] }
}

export const NAMES: RuleNames = {
  properties: ['plan', 'mrr', 'renews', 'tags', 'address.city', '__proto__', 'constructor', 'ключ\'"\\%_'],
  events: ['login', 'Order', '__proto__', "o'clock ☃"],
  eventProperties: ['amount', 'plan', 'order.total', 'ends', 'constructor'],
  slugs: { contact: ['trial', 'health'], account: ['big', 'fit'] },
}

/** Zones with a change of clocks at 2 o'clock, at midnight, by half an hour; off by 45 minutes; and one without any. */
export const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Asia/Beirut']

export interface RuleOptions {
  subject: SubjectKind
  zones: string[]
  names: RuleNames
  /** Around when the values in rules and histories lie. */
  now: Instant
  /** Kinds of leaves; all where left out. */
  kinds?: readonly LeafKind[]
}

export type LeafKind = Exclude<RuleKind, 'all' | 'any' | 'not' | 'contacts' | 'accounts'> | 'related'
export const LEAF_KINDS: readonly LeafKind[] = [
  'property',
  'changed',
  'event',
  'first',
  'last',
  'sequence',
  'aggregate',
  'trend',
  'segment',
  'signal',
  'score',
  'related',
]

const HOUR = 3_600_000
const DAY = 24 * HOUR
const DURATIONS: Array<[text: string, ms: number]> = [
  ['PT1H', HOUR],
  ['PT90M', 1.5 * HOUR],
  ['P1D', DAY],
  ['P7D', 7 * DAY],
  ['P30D', 30 * DAY],
]

/** Moments at which clocks are changed somewhere, and quiet ones. */
export const nows: fc.Arbitrary<Instant> = fc
  .tuple(
    fc.constantFrom(
      '2026-03-29T01:00:00Z', // Berlin and Beirut, whose day then begins at 1:00
      '2026-10-25T01:00:00Z',
      '2026-11-01T06:00:00Z', // New York
      '2018-11-04T03:00:00Z', // São Paulo, at midnight
      '2018-02-18T02:00:00Z',
      '2026-01-01T00:00:00Z',
      '2026-07-15T12:34:56.789Z',
    ),
    fc.constantFrom(0, 0, -1, 1, HOUR, -HOUR, DAY, -DAY, 5 * DAY, 40 * DAY),
  )
  .map(([text, off]) => Date.parse(text) + off)

const calendarWindow = (zones: string[]): fc.Arbitrary<CalendarWindow> =>
  fc.record(
    {
      calendar: fc.constantFrom(...CALENDAR_UNITS),
      count: fc.integer({ min: 1, max: 3 }),
      ago: fc.integer({ min: 0, max: 2 }),
      zone: fc.constantFrom(...zones),
    },
    { requiredKeys: ['calendar', 'zone'], noNullPrototype: true },
  )

const durations = fc.constantFrom(...DURATIONS.map(([text]) => text))
export const windows = (zones: string[]): fc.Arbitrary<Window> => fc.oneof(durations, calendarWindow(zones))

/** Moments around now that hit the edges of windows and each other. */
export function moments({ now, zones }: Pick<RuleOptions, 'now' | 'zones'>): fc.Arbitrary<Instant> {
  const edge = fc
    .tuple(fc.constantFrom(0, ...DURATIONS.flatMap(([, ms]) => [-ms, -2 * ms, ms])), fc.constantFrom(-1, 0, 0, 1))
    .map(([ms, off]) => now + ms + off)
  const boundary = fc
    .tuple(calendarWindow(zones), fc.constantFrom(0, 1), fc.boolean())
    .map(([window, off, end]) => windowAt(window, now)[end ? 'until' : 'after'] + off)
  const grid = fc.integer({ min: -24 * 14, max: 48 }).map((hours) => now + hours * HOUR)
  return fc.oneof({ weight: 2, arbitrary: edge }, boundary, { weight: 3, arbitrary: grid })
}

const TEXTS = ['', 'pro', 'free', 'PRO', '101', 'a%_\\b', 'Ünïcödé ☃', '__proto__', 'now', "o'k", 'profree']
export const NUMBERS = [0, 1, -1, 2, 5, 100, 101, 0.1, 0.2, -2.5, 1e15]

/** The same day in the year 50, which Date.UTC takes for 1950. */
const early = (at: number): string => `0050${new Date(at).toISOString().slice(4)}`

/** Times as data writes them, and as it should not. */
const writtenTime = (options: RuleOptions): fc.Arbitrary<Json> =>
  moments(options).chain((at) =>
    fc.constantFrom<Json>(
      new Date(at).toISOString(),
      Math.floor(at / 1000),
      at / 1000,
      new Date(at).toISOString().slice(0, 10),
      new Date(at).toISOString().replace('Z', '+02:00'),
      new Date(at).toISOString().slice(0, 19), // no zone: no time
      early(at),
    ),
  )

export const scalar: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(...NUMBERS),
  fc.constantFrom<Json>(...TEXTS),
  fc.constantFrom<Json>(true, false, null),
)

export const jsonValue = (options: RuleOptions): fc.Arbitrary<Json> =>
  fc.oneof(
    { weight: 5, arbitrary: scalar },
    { weight: 3, arbitrary: writtenTime(options) },
    { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
    { weight: 1, arbitrary: object(['city', 'total', 'constructor', '__proto__'], scalar) },
  )

/** Own properties, whatever their names: some of them. */
export function object<T>(names: string[], value: fc.Arbitrary<T>): fc.Arbitrary<{ [name: string]: T }> {
  return fc
    .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: names.length })
    .map((pairs) => Object.fromEntries(pairs))
}

// Rules

/** A value that fits the comparison, as `checkRule` asks for it. */
function valueFor(op: PropertyOp, options: RuleOptions): fc.Arbitrary<Json | undefined> {
  switch (op) {
    case 'exists':
    case 'empty':
      return fc.constant(undefined)
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return fc.constantFrom(...NUMBERS)
    case 'startsWith':
    case 'endsWith':
      return fc.constantFrom(...TEXTS.filter((text) => text !== ''), 'p', 'o')
    case 'in':
    case 'notIn':
    case 'containsAny':
    case 'containsAll':
    case 'notContainsAny':
      return fc.array(scalar, { minLength: 1, maxLength: 3 })
    case 'before':
    case 'after':
      return fc.oneof(
        fc.constant('now'),
        moments(options).map((at) => new Date(at).toISOString()),
        moments(options).map((at) => new Date(at).toISOString().slice(0, 10)),
        moments(options).map((at) => early(at).slice(0, 8) + '01'),
      )
    case 'withinLast':
    case 'withinNext':
    case 'moreThanAgo':
    case 'moreThanAhead':
      return durations
    case 'withinPeriod':
      return calendarWindow(options.zones).map((window) => window as unknown as Json)
    default:
      return jsonValue(options)
  }
}

interface Test {
  op: PropertyOp
  value?: Json
}

const test = (options: RuleOptions, ops: readonly PropertyOp[] = PROPERTY_OPS): fc.Arbitrary<Test> =>
  fc
    .constantFrom(...ops)
    .chain((op) => valueFor(op, options).map((value) => (value === undefined ? { op } : { op, value })))

const filters = (options: RuleOptions): fc.Arbitrary<{ where?: EventFilter[] }> => {
  const filter = fc
    .tuple(fc.constantFrom(...options.names.eventProperties), test(options))
    .map(([property, asked]): EventFilter => ({ property, ...asked }))
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.array(filter, { minLength: 1, maxLength: 2 }).map((where) => ({ where })) },
  )
}

const maybeWithin = (options: RuleOptions): fc.Arbitrary<{ within?: Window }> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 4, arbitrary: windows(options.zones).map((within) => ({ within })) },
  )

const counts: fc.Arbitrary<Count> = fc.record(
  { op: fc.constantFrom(...COUNT_OPS), value: fc.integer({ min: 0, max: 3 }) },
  { noNullPrototype: true },
)

const part = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }, optional: Array<keyof T> = []) =>
  fc.record(fields, {
    requiredKeys: (Object.keys(fields) as Array<keyof T>).filter((key) => !optional.includes(key)),
    noNullPrototype: true,
  } as never) as fc.Arbitrary<T>

const merged = <A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> =>
  fc.tuple(a, b).map(([one, other]) => ({ ...one, ...other }))

/** Paths of properties that a rule at this place may name. */
const roots = (inside: SubjectKind | null): SubjectKind[] => (inside === null ? ['contact', 'account'] : [inside])

function leafOf(kind: LeafKind, options: RuleOptions, inside: SubjectKind | null): fc.Arbitrary<Rule> {
  const { names } = options
  const event = fc.constantFrom(...names.events)
  const of = fc.constantFrom(...names.eventProperties)
  const slug = fc.constantFrom(...names.slugs.contact, ...names.slugs.account)
  const asked = roots(inside === null && options.subject === 'account' ? 'account' : inside)
  const path = (all: string[]) => fc.tuple(fc.constantFrom(...asked), fc.constantFrom(...all)).map((p) => p.join('.'))
  const scoped = merged(filters(options), maybeWithin(options))
  switch (kind) {
    case 'property':
      return merged(part({ property: path([...names.properties, 'externalId']) }), test(options))
    case 'changed':
      return merged(
        part(
          {
            changed: path(names.properties.filter((name) => !name.includes('.'))),
            from: fc.constantFrom<Json>('free', 'pro', 1, null),
            to: fc.constantFrom<Json>('free', 'pro', 1, null),
          },
          ['from', 'to'],
        ),
        maybeWithin(options),
      )
    case 'event':
      return merged(part({ event, count: counts }), scoped)
    case 'first':
    case 'last': {
      const which = event.map((name) => (kind === 'first' ? { first: name } : { last: name }))
      const asks = fc.oneof(test(options, MOMENT_OPS), merged(part({ of }), test(options)))
      return merged(which, merged(asks, filters(options))) as fc.Arbitrary<Rule>
    }
    case 'sequence':
      return merged(
        part(
          {
            sequence: fc.array(merged(part({ event }), filters(options)), { minLength: 2, maxLength: 3 }),
            span: durations,
          },
          ['span'],
        ),
        maybeWithin(options),
      )
    case 'aggregate':
      return merged(
        part({
          aggregate: fc.constantFrom(...AGGREGATES),
          event,
          of,
          op: fc.constantFrom(...COUNT_OPS),
          value: fc.constantFrom(...NUMBERS, 0.30000000000000004, 102),
        }),
        scoped,
      )
    case 'trend': {
      const figure = fc.oneof(
        fc.constant({ trend: 'count' as const }),
        part({ trend: fc.constantFrom('sum' as const, 'average' as const), of }),
      )
      const against = part({
        event,
        op: fc.constantFrom(...COUNT_OPS),
        value: fc.constantFrom(-100, -50, 0, 50, 100, -33.3),
        within: windows(options.zones),
      })
      return merged(merged(figure, against), filters(options))
    }
    case 'segment':
      return part({ segment: slug, is: fc.constantFrom('in' as const, 'out' as const) })
    case 'signal':
      return part({ signal: slug, is: fc.constantFrom('set' as const, 'cleared' as const) })
    case 'score':
      return fc.oneof(
        merged(part({ score: slug }), test(options, SCORE_OPS.number)),
        merged(
          part({ score: slug, of: fc.constantFrom('band' as const, 'stage' as const) }),
          test(options, SCORE_OPS.name),
        ),
      )
    case 'related': {
      const other: SubjectKind = options.subject === 'contact' ? 'account' : 'contact'
      const rule = ruleTree(options, other, 2)
      const count = fc.oneof(fc.constant({}), part({ count: counts }))
      return merged(
        rule.map((inner) => (other === 'contact' ? { contacts: inner } : { accounts: inner })),
        count,
      ) as fc.Arbitrary<Rule>
    }
  }
}

function leaves(options: RuleOptions, inside: SubjectKind | null): fc.Arbitrary<Rule> {
  const kinds = (options.kinds ?? LEAF_KINDS).filter((kind) => inside === null || kind !== 'related')
  return fc.oneof(
    ...(kinds.length === 0 ? (['property'] as const) : kinds).map((kind) => leafOf(kind, options, inside)),
  )
}

const ruleTree = (options: RuleOptions, inside: SubjectKind | null, maxDepth: number): fc.Arbitrary<Rule> =>
  fc.letrec<{ rule: Rule }>((tie) => ({
    rule: fc.oneof(
      { maxDepth, withCrossShrink: true },
      { weight: 3, arbitrary: leaves(options, inside) },
      { weight: 1, arbitrary: fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })) },
      { weight: 1, arbitrary: fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })) },
      { weight: 1, arbitrary: tie('rule').map((not) => ({ not })) },
    ),
  })).rule

/** Rules that `checkRule` takes, about a subject of this kind. */
export const rules = (options: RuleOptions): fc.Arbitrary<Rule> => ruleTree(options, null, 3)

/** Single leaves. */
export const singleRules = (options: RuleOptions): fc.Arbitrary<Rule> => leaves(options, null)
