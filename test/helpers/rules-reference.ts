import type { Json } from '../../nodes/manifest.ts'
import { parseDuration } from '../../engine/model/duration.ts'
import { parseInstant } from '../../engine/model/instant.ts'
import type {
  CalendarWindow,
  Count,
  EventFilter,
  Facts,
  Instant,
  PropertyOp,
  Rule,
  Window,
} from '../../engine/model/rule.ts'

/**
 * Whether a rule holds, straight from the words of `engine/model/rule.ts`: every event is looked at one by one, every
 * date asked of the zone's own calendar. Slow on purpose, and shares nothing with `engine/rules`.
 */
export function referenceHolds(rule: Rule, facts: Facts, now: Instant): boolean {
  if ('all' in rule) return rule.all.every((part) => referenceHolds(part, facts, now))
  if ('any' in rule) return rule.any.some((part) => referenceHolds(part, facts, now))
  if ('not' in rule) return !referenceHolds(rule.not, facts, now)
  if ('property' in rule) return holds(rule, propertyAt(rule.property, facts), now)
  if ('changed' in rule) {
    const changes = own(facts.changes, rule.changed) ?? []
    return changes.some(
      (change) =>
        isWithin(change.at, rule.within, now) &&
        (rule.from === undefined || same(rule.from, change.from)) &&
        (rule.to === undefined || same(rule.to, change.to)),
    )
  }
  if ('first' in rule || 'last' in rule) {
    const name = 'first' in rule ? rule.first : rule.last
    const all = eventsOf(facts, name).filter((event) => event.at <= now && passes(event, rule.where, now))
    const event = 'first' in rule ? all[0] : all.at(-1)
    if (rule.of !== undefined) return holds(rule, event && follow(event.values, rule.of), now)
    return holds(rule, event && new Date(event.at).toISOString(), now)
  }
  if ('sequence' in rule) {
    const steps = rule.sequence.map((step) =>
      eventsOf(facts, step.event).filter(
        (event) => isWithin(event.at, rule.within, now) && passes(event, step.where, now),
      ),
    )
    const span = rule.span === undefined ? Infinity : msOf(rule.span)
    const goesOn = (step: number, from: Instant, last: Instant): boolean =>
      step === steps.length
        ? last - from <= span
        : (steps[step] ?? []).some((event) => event.at > last && goesOn(step + 1, from, event.at))
    return (steps[0] ?? []).some((event) => goesOn(1, event.at, event.at))
  }
  if ('aggregate' in rule) {
    const seen = eventsOf(facts, rule.event).filter(
      (event) => isWithin(event.at, rule.within, now) && passes(event, rule.where, now),
    )
    const figure = figureOf(rule.aggregate, seen, rule.of)
    return figure !== null && ordered(rule.op, figure, rule.value)
  }
  if ('trend' in rule) {
    const seen = eventsOf(facts, rule.event).filter((event) => passes(event, rule.where, now))
    const figure = (events: Event[]): number | null =>
      rule.trend === 'count' ? events.length : figureOf(rule.trend, events, rule.of ?? '')
    const recent = figure(seen.filter((event) => isWithin(event.at, rule.within, now)))
    const before = figure(seen.filter((event) => isBefore(event.at, rule.within, now)))
    if (recent === null || before === null || before === 0) return false
    return ordered(rule.op, ((recent - before) * 100) / before, rule.value)
  }
  if ('event' in rule) {
    const seen = eventsOf(facts, rule.event).filter(
      (event) => isWithin(event.at, rule.within, now) && passes(event, rule.where, now),
    )
    return ordered(rule.count.op, seen.length, rule.count.value)
  }
  if ('segment' in rule) return facts.segments.includes(rule.segment) === (rule.is === 'in')
  if ('signal' in rule) return facts.signals.includes(rule.signal) === (rule.is === 'set')
  if ('score' in rule) {
    const score = own(facts.scores, rule.score)
    const part = rule.of === 'band' ? score?.band : rule.of === 'stage' ? score?.stage : score?.value
    return holds(rule, part ?? undefined, now)
  }
  const inner = 'contacts' in rule ? rule.contacts : rule.accounts
  const count = (facts.related ?? []).filter((related) => referenceHolds(inner, related, now)).length
  return rule.count === undefined ? count >= 1 : ordered(rule.count.op, count, rule.count.value)
}

// Events

interface Event {
  at: Instant
  values: Json
}

const eventsOf = (facts: Facts, name: string): Event[] =>
  (own(facts.events, name) ?? []).map((at, i) => ({ at, values: own(facts.eventValues, name)?.[i] ?? {} }))

const passes = (event: Event, where: EventFilter[] | undefined, now: Instant): boolean =>
  (where ?? []).every((filter) => holds(filter, follow(event.values, filter.property), now))

function figureOf(which: string, events: Event[], of: string): number | null {
  const values = events.map((event) => follow(event.values, of))
  if (which === 'distinct') {
    const different: Json[] = []
    for (const value of values)
      if (value !== undefined && value !== null && !different.some((other) => same(other, value))) different.push(value)
    return different.length
  }
  const numbers = values.filter((value) => typeof value === 'number')
  let sum = 0
  for (const number of numbers) sum += number
  if (which === 'sum') return sum
  if (numbers.length === 0) return null
  if (which === 'average') return sum / numbers.length
  return which === 'min' ? Math.min(...numbers) : Math.max(...numbers)
}

function ordered(op: Count['op'], a: number, b: number): boolean {
  return { eq: a === b, gte: a >= b, lte: a <= b, gt: a > b, lt: a < b }[op]
}

// Time

function msOf(duration: string): number {
  const parsed = parseDuration(duration)
  if (!parsed.ok) throw new Error(parsed.why)
  return parsed.ms
}

function isWithin(at: Instant, window: Window | undefined, now: Instant): boolean {
  if (at > now) return false
  if (window === undefined) return true
  if (typeof window === 'string') return at > now - msOf(window)
  return isInPeriods(at, window, now)
}

function isBefore(at: Instant, window: Window, now: Instant): boolean {
  if (at > now) return false
  if (typeof window === 'string') return at > now - 2 * msOf(window) && at <= now - msOf(window)
  return isInPeriods(at, { ...window, ago: (window.ago ?? 0) + (window.count ?? 1) }, now)
}

function isInPeriods(at: Instant, { calendar, count = 1, ago = 0, zone }: CalendarWindow, now: Instant): boolean {
  // Beyond what a date can say there is no calendar.
  if (Number.isNaN(new Date(at).getTime())) return false
  const back = periodNumber(calendar, zone, now) - periodNumber(calendar, zone, at)
  return back >= ago && back < ago + count
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Periods numbered by what the clocks and calendars on the wall show. */
function periodNumber(unit: CalendarWindow['calendar'], zone: string, at: Instant): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  formats.set(zone, format)
  const shown = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, minute = 0, second = 0 } = shown
  if (unit === 'hour') {
    const intoHour = minute * 60_000 + second * 1000 + (((at % 1000) + 1000) % 1000)
    // Hours of zones that are off by a part of one begin at that part.
    return Math.round((at - intoHour) / 900_000) / 4
  }
  const days = Date.UTC(year, month - 1, day) / 86_400_000
  if (unit === 'day') return days
  // Monday 1970-01-05 began a week.
  if (unit === 'week') return Math.floor((days - 4) / 7)
  const months = year * 12 + (month - 1)
  return unit === 'month' ? months : unit === 'quarter' ? Math.floor(months / 3) : year
}

// Values

const own = <T>(object: { [name: string]: T } | undefined, name: string): T | undefined =>
  object !== undefined && Object.prototype.hasOwnProperty.call(object, name) ? object[name] : undefined

function follow(value: Json, path: string): Json | undefined {
  let at: Json | undefined = value
  for (const name of path.split('.')) {
    if (Array.isArray(at)) at = /^(0|[1-9]\d*)$/.test(name) ? at[Number(name)] : undefined
    else at = at !== null && typeof at === 'object' ? own(at, name) : undefined
    if (at === undefined) return undefined
  }
  return at
}

/** A property by its whole name first, then as a path into a structured one. */
function propertyAt(path: string, facts: Facts): Json | undefined {
  const dot = path.indexOf('.')
  const name = path.slice(dot + 1)
  const subject = path.slice(0, dot) === 'contact' ? facts.contact : facts.account
  if (subject === null) return undefined
  if (name === 'id') return subject.id
  if (name === 'externalId') return subject.externalId
  const whole = own(subject.properties, name)
  return whole === undefined ? follow(subject.properties, name) : whole
}

function same(a: Json, b: Json): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => same(item, b[i] ?? null))
  if (Array.isArray(a) || Array.isArray(b)) return false
  if (a !== null && b !== null && typeof a === 'object' && typeof b === 'object') {
    const names = Object.keys(a)
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => own(b, name) !== undefined && same(a[name] ?? null, b[name] ?? null))
    )
  }
  return a === b
}

interface Test {
  op: PropertyOp
  value?: Json
}

function holds(test: Test, actual: Json | undefined, now: Instant): boolean {
  const { op, value: expected } = test
  switch (op) {
    case 'ne':
      return !holds({ ...test, op: 'eq' }, actual, now)
    case 'notIn':
      return !holds({ ...test, op: 'in' }, actual, now)
    case 'notContains':
      return !holds({ ...test, op: 'contains' }, actual, now)
    case 'notContainsAny':
      return !holds({ ...test, op: 'containsAny' }, actual, now)
    case 'empty':
      if (actual === undefined || actual === null || actual === '') return true
      return typeof actual === 'object' && Object.keys(actual).length === 0
    default:
      return actual !== undefined && positive(op, expected ?? null, { actual, now })
  }
}

type Positive = Exclude<PropertyOp, 'ne' | 'notIn' | 'notContains' | 'notContainsAny' | 'empty'>

function positive(op: Positive, expected: Json, { actual, now }: { actual: Json; now: Instant }): boolean {
  const has = (item: Json): boolean =>
    Array.isArray(actual)
      ? actual.some((one) => same(one, item))
      : typeof actual === 'string' && typeof item === 'string' && actual.includes(item)
  const list = Array.isArray(expected) ? expected : []
  const numbers = typeof actual === 'number' && typeof expected === 'number'
  const texts = typeof actual === 'string' && typeof expected === 'string'
  switch (op) {
    case 'exists':
      return actual !== null
    case 'eq':
      return same(actual, expected)
    case 'in':
      return list.some((item) => same(actual, item))
    case 'contains':
      return has(expected)
    case 'containsAny':
      return list.some(has)
    case 'containsAll':
      return (Array.isArray(actual) || typeof actual === 'string') && list.every(has)
    case 'gt':
      return numbers && actual > expected
    case 'gte':
      return numbers && actual >= expected
    case 'lt':
      return numbers && actual < expected
    case 'lte':
      return numbers && actual <= expected
    case 'startsWith':
      return texts && actual.startsWith(expected)
    case 'endsWith':
      return texts && actual.endsWith(expected)
    default: {
      const at = parseInstant(actual)
      return at !== null && inTime(op, expected, { at, now })
    }
  }
}

type TimeOp = 'before' | 'after' | 'withinLast' | 'withinNext' | 'moreThanAgo' | 'moreThanAhead' | 'withinPeriod'

function inTime(op: TimeOp, expected: Json, { at, now }: { at: Instant; now: Instant }): boolean {
  if (op === 'before' || op === 'after') {
    const limit = expected === 'now' ? now : parseInstant(expected)
    return limit !== null && (op === 'before' ? at < limit : at > limit)
  }
  if (op === 'withinPeriod') return isInPeriods(at, expected as unknown as CalendarWindow, now)
  const ms = msOf(String(expected))
  if (op === 'withinLast') return at <= now && at > now - ms
  if (op === 'withinNext') return at > now && at <= now + ms
  return op === 'moreThanAgo' ? at < now - ms : at > now + ms
}
