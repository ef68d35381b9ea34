import type { Json } from '../../nodes/manifest.ts'
import { windowAt } from '../model/calendar.ts'
import type { CalendarWindow, EventFilter, Instant } from '../model/rule.ts'
import { type Comparison, compare } from './compare.ts'
import { type EventValues, passes } from './events.ts'
import { durationMs } from './windows.ts'

/** A value that fits, tried in turn: first what the comparison names, then what is unlike it. */
export function example(
  test: Comparison,
  now: Instant,
  fits: (value: Json | undefined) => boolean,
): { value: Json | undefined } | null {
  for (const value of examples(test, now)) if (fits(value)) return { value }
  return null
}

const examples = (test: Comparison, now: Instant): Array<Json | undefined> => [
  ...named(test, now),
  undefined,
  'something else',
  0,
  1,
  null,
  true,
]

/** Values near those that the comparison names, on either side. */
function named({ op, value = null }: Comparison, now: Instant): Json[] {
  const iso = (at: Instant): Json[] => {
    const date = new Date(at)
    return Number.isNaN(date.getTime()) ? [] : [date.toISOString()]
  }
  if (typeof value === 'number') return [value + 1, value, value - 1]
  if (op === 'withinPeriod') {
    const { after, until } = windowAt(value as unknown as CalendarWindow, now)
    return [...iso(until), ...iso(after)]
  }
  if (op === 'before' || op === 'after') {
    const at = value === 'now' ? now : Date.parse(String(value))
    return [...iso(at - 1), ...iso(at + 1)]
  }
  if (op === 'withinLast' || op === 'withinNext' || op === 'moreThanAgo' || op === 'moreThanAhead') {
    const ms = durationMs(String(value)) ?? 0
    return [...iso(now), ...iso(now + 1), ...iso(now - ms - 1), ...iso(now + ms + 1)]
  }
  if (Array.isArray(value)) return [...value.slice(0, 1), value]
  return [value, [value]]
}

/** Values that the filters of this property speak of: what a property has to be beside what is asked of it. */
export const namedBy = (where: readonly EventFilter[] | undefined, property: string, now: Instant): Json[] =>
  (where ?? []).flatMap((filter) => (filter.property === property ? named(filter, now) : []))

/** Properties of an event that passes the filters; null where no simple ones do. */
export function filtered(where: EventFilter[] | undefined, now: Instant): EventValues | null {
  const properties = onePassing(where, now)
  return properties !== null && passes(where, properties, now) ? properties : null
}

/** Properties of an event that passes the filters and has this value; null where no simple ones do. */
export function filteredWith(
  where: EventFilter[] | undefined,
  own: { path: string; value: Json | undefined },
  now: Instant,
): EventValues | null {
  const base = onePassing(
    where?.filter(({ property }) => property !== own.path),
    now,
  )
  if (base === null) return null
  const properties = own.value === undefined ? base : put(base, own.path.split('.'), own.value)
  return passes(where, properties, now) ? properties : null
}

/** Each filter for itself is passed; together they may not be. */
function onePassing(where: readonly EventFilter[] | undefined, now: Instant): EventValues | null {
  let properties: EventValues = {}
  for (const filter of where ?? []) {
    const found = example(filter, now, (value) => compare(filter, value, now).value)
    if (found === null) return null
    if (found.value !== undefined) properties = put(properties, filter.property.split('.'), found.value)
  }
  return properties
}

/** A copy with the value at a path. Built of pairs: any name is an own one. */
function put(object: EventValues, [name = '', ...rest]: string[], value: Json): EventValues {
  const others = Object.entries(object).filter(([known]) => known !== name)
  if (rest.length === 0) return Object.fromEntries([...others, [name, value]])
  const inner = Object.hasOwn(object, name) ? object[name] : undefined
  const fields = inner === undefined || inner === null || typeof inner !== 'object' || Array.isArray(inner) ? {} : inner
  return Object.fromEntries([...others, [name, put(fields, rest, value)]])
}
