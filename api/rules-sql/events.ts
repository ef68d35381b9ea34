import { type RawBuilder, sql } from 'kysely'
import type { Count, EventFilter, EventRule, OccasionRule } from '../../engine/model/rule.ts'
import { inOrder } from '../../engine/rules/compare.ts'
import { occasionOf } from '../../engine/rules/kind.ts'
import { EVER, slidingOf } from '../../engine/rules/windows.ts'
import { canBeThere, double, inOrderSql, text, uuid } from './bind.ts'
import {
  both,
  type Condition,
  constant,
  idOf,
  NO,
  not,
  ofEverybody,
  type Place,
  someRow,
  type Value,
  wholeGroup,
  YES,
} from './place.ts'
import { stepDown } from './properties.ts'
import { compareMomentSql, compareSql, ofMissing, ofNoMoment } from './values.ts'
import { inSliding } from './windows.ts'

/** Whose an event is. */
export const ownerOf = (place: Place): RawBuilder<unknown> =>
  place.subject === 'contact' ? sql`event.contact_id` : sql`event.account_id`

/** A property of `event`, by its path: unlike a subject's, never by a name that has dots. */
export const eventProperty = (path: string): Value => stepDown(sql`(event.body -> 'properties')`, path.split('.'))

/** In order of their own time; at the same moment in order of receipt. */
export const BY_TIME = sql`event.occurred_at, event.position, event.seq`
const BY_TIME_DOWN = sql`event.occurred_at DESC, event.position DESC, event.seq DESC`

/**
 * `events AS event WHERE …`: those that rules count, of these names and of whoever.
 * What the indexes are made for stands here as literals, so that the planner sees that they fit: of everybody's events
 * the position is asked for, which every one has.
 */
export const eventRows = (place: Place, when: Condition): RawBuilder<unknown> =>
  sql`events AS event WHERE event.workspace_id = ${uuid(place.workspaceId)} AND event.status = 'done' AND event.kind = 'track'
    AND ${ownerOf(place)} IS NOT NULL ${place.among === 'few' ? sql`` : sql`AND event.position IS NOT NULL`} AND ${when}`

/** Whether `event` is one of this name for which every filter holds. */
export function isChosen(chosen: { event: string; where?: EventFilter[] }, place: Place): Condition {
  if (!canBeThere(chosen.event)) return NO
  const filters = (chosen.where ?? []).map((filter) => compareSql(filter, eventProperty(filter.property), place.now))
  return both([sql<boolean>`event.name = ${text(chosen.event)}`, ...filters])
}

/** How often. */
export function compileCount(rule: EventRule, place: Place): Condition {
  const sliding = slidingOf(rule.within)
  if (sliding === null) return NO
  const { op, value } = rule.count
  const rows = eventRows(place, both([isChosen(rule, place), inSliding(sliding, sql`event.occurred_at`, place.now)]))
  const holds = (count: number): boolean => inOrder(op, count, value)
  const never = holds(0)
  const key = ownerOf(place)
  if (asksWhether(rule.count)) {
    if (never === holds(1)) return constant(never)
    const once = someRow(place, { rows, key, ofNone: false }, YES)
    return never ? not(once) : once
  }
  return wholeGroup(place, { rows, key, ofNone: never }, inOrderSql(op, sql`count(*)`, double(value)))
}

/**
 * Whether all counts but 0 have the same answer: comparisons turn at their value, and nowhere else. Whether it happened
 * at all needs no counting: "never" is a join that looks for nobody.
 */
export const asksWhether = ({ op, value }: Count): boolean =>
  [Math.floor(value), Math.ceil(value), Math.floor(value) + 1, Math.ceil(value) + 1]
    .filter((count) => count >= 1)
    .every((count) => inOrder(op, count, value) === inOrder(op, 1, value))

/** The first or last of them: its moment, or a property of it. */
export function compileOccasion(rule: OccasionRule, place: Place): Condition {
  const { which, event } = occasionOf(rule)
  const chosen = isChosen(rule.where === undefined ? { event } : { event, where: rule.where }, place)
  const rows = eventRows(place, both([chosen, inSliding(EVER, sql`event.occurred_at`, place.now)]))
  const key = ownerOf(place)
  const down = which === 'last'
  const moment = rule.of === undefined
  const holds = moment
    ? compareMomentSql(rule, sql`occasion.at`, place.now)
    : compareSql(rule, sql`occasion.value`, place.now)
  const ofNone = moment ? ofNoMoment(rule, place.now) : ofMissing(rule, place.now)
  if (moment) {
    // Which of several at one moment makes no difference to the moment.
    const at = down ? sql`max(event.occurred_at)` : sql`min(event.occurred_at)`
    const grouped = compareMomentSql(rule, at, place.now)
    return wholeGroup(place, { rows, key, ofNone }, grouped)
  }
  const columns = sql`event.occurred_at AS at, ${eventProperty(rule.of ?? '')} AS value`
  const order = down ? BY_TIME_DOWN : BY_TIME
  if (place.among === 'few')
    return sql<boolean>`coalesce((SELECT ${holds} FROM (
      SELECT ${columns} FROM ${rows} AND ${key} = ${idOf(place)} ORDER BY ${order} LIMIT 1) AS occasion), ${constant(ofNone)})`
  const each = sql`(SELECT DISTINCT ON (${key}) ${key} AS id, ${columns} FROM ${rows} AND ${ofEverybody(place, key)} ORDER BY ${key}, ${order}) AS occasion WHERE true`
  return someRow(place, { rows: each, key: sql`occasion.id`, ofNone }, holds)
}
