import type { Json } from '../../nodes/manifest.ts'
import { readPath } from '../model/path.ts'
import type { EventFilter, Facts, Instant } from '../model/rule.ts'
import { compare, hangsOnNow } from './compare.ts'
import { soonest, type ValidUntil } from './valid-until.ts'
import { countUpTo, nextMove, type Sliding } from './windows.ts'

/** Events by name, of which only those count for which every filter holds. */
export interface Chosen {
  event: string
  where?: EventFilter[]
}

export type EventValues = { [property: string]: Json }

/** Times, ascending, and beside each the event's properties where they were loaded. */
export interface Happened {
  times: readonly Instant[]
  values: ReadonlyArray<EventValues | undefined>
}

const NONE: readonly never[] = []
const NOTHING: Happened = { times: NONE, values: NONE }

/** All events of a name that are known, those of the future included. */
export function happened(facts: Facts, event: string): Happened {
  if (!Object.hasOwn(facts.events, event)) return NOTHING
  const { eventValues } = facts
  const values = eventValues !== undefined && Object.hasOwn(eventValues, event) ? eventValues[event] : undefined
  return { times: facts.events[event] ?? NONE, values: values ?? NONE }
}

const paths = new Map<string, string[]>()

/** A property of an event, by its path. */
export function readEvent(values: EventValues | undefined, path: string): Json | undefined {
  if (values === undefined) return undefined
  if (!path.includes('.')) return Object.hasOwn(values, path) ? values[path] : undefined
  let parts = paths.get(path)
  if (parts === undefined) {
    if (paths.size >= 10_000) paths.clear()
    parts = path.split('.')
    paths.set(path, parts)
  }
  return readPath(values, parts)
}

/** Whether time alone can make an event count or no longer count. */
export const isUnsteady = (where: EventFilter[] | undefined): boolean => where?.some(hangsOnNow) ?? false

export function passes(where: EventFilter[] | undefined, values: EventValues | undefined, now: Instant): boolean {
  if (where === undefined) return true
  for (const filter of where) if (!compare(filter, readEvent(values, filter.property), now).value) return false
  return true
}

/**
 * The events that pass the filters at `now`, those of the future included.
 * @param after events up to here are left out, where leaving them out costs nothing less
 */
export function pick({ event, where }: Chosen, facts: Facts, when: { after: Instant; now: Instant }): Happened {
  const all = happened(facts, event)
  if (where === undefined || where.length === 0) return all
  const times: Instant[] = []
  const values: Array<EventValues | undefined> = []
  for (let i = countUpTo(all.times, when.after); i < all.times.length; i += 1) {
    const of = all.values[i]
    if (!passes(where, of, when.now)) continue
    times.push(all.times[i] ?? 0)
    values.push(of)
  }
  return { times, values }
}

/**
 * The next moment after `at` at which an event enters or leaves one of the windows, or a filter that hangs on the
 * present changes its mind.
 */
export function nextMoment(
  chosen: Chosen,
  slidings: readonly Sliding[],
  seen: { facts: Facts; at: Instant },
): ValidUntil {
  const { facts, at } = seen
  const unsteady = isUnsteady(chosen.where)
  const all = happened(facts, chosen.event)
  let next = soonest(slidings.map((sliding) => nextMove(all.times, sliding, at)))
  if (!unsteady) return next
  const first = Math.min(...slidings.map((sliding) => sliding.after(at)))
  for (let i = countUpTo(all.times, first); i < all.times.length; i += 1)
    for (const filter of chosen.where ?? []) {
      const { validUntil = null } = compare(filter, readEvent(all.values[i], filter.property), at)
      if (validUntil !== null && (next === null || validUntil < next)) next = validUntil
    }
  return next
}
