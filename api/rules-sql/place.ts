import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../../engine/model/rule.ts'

/** A condition in SQL. Never NULL: what is missing has been decided, so that it can be negated. */
export type Condition = RawBuilder<boolean>
/** A jsonb value, NULL where nothing is there. */
export type Value = RawBuilder<unknown>

export type SubjectKind = 'contact' | 'account'

export interface Asked {
  workspaceId: string
  subject: SubjectKind
  /** Windows and comparisons with the present are measured against it, as in `evaluate`. */
  now: Instant
  /**
   * Of how many subjects the query asks. Many (where left out): figures over events are worked out once for everybody and
   * joined. Few, such as a page of a backfill: for each subject by itself, through the indexes.
   */
  among?: 'many' | 'few'
  /** Asks of one half of the subjects, or of the other: two processes then work out the figures of one half each. */
  half?: Half
  /**
   * What is known of the segments, signals and scores that the rule names, by `knownKey`. The statement then says which
   * one is meant, and whose it is, so that Postgres knows of how many it is; of those left out the statement finds out.
   */
  known?: ReadonlyMap<string, KnownAudience>
}

export interface KnownAudience {
  id: string
  subject: SubjectKind
}

export const knownKey = (kind: string, slug: string): string => `${kind} ${slug}`

export type Half = 'one' | 'other'

/** Where in the query a part of the rule stands. */
export interface Place extends Asked {
  /** The alias of the table whose row is the subject. */
  alias: 'subject' | 'related'
}

export const YES: Condition = sql<boolean>`true`
export const NO: Condition = sql<boolean>`false`
export const constant = (value: boolean): Condition => (value ? YES : NO)
export const not = (condition: Condition): Condition => sql<boolean>`NOT ${condition}`

export const both = (conditions: readonly Condition[]): Condition =>
  conditions.length === 0 ? YES : sql<boolean>`(${sql.join(conditions, sql` AND `)})`
export const either = (conditions: readonly Condition[]): Condition =>
  conditions.length === 0 ? NO : sql<boolean>`(${sql.join(conditions, sql` OR `)})`

export const idOf = (place: Place): RawBuilder<string> => sql<string>`${sql.ref(`${place.alias}.id`)}`

/**
 * Whether for the subject a row of a set says yes.
 * @param set.rows `table AS x WHERE condition`, in which `key` is the id of the row's subject
 * @param set.ofNone the answer of a subject that has no row
 */
export function someRow(
  place: Place,
  set: { rows: RawBuilder<unknown>; key: RawBuilder<unknown>; ofNone: boolean },
  holds: Condition,
): Condition {
  const { rows, key, ofNone } = set
  return ofNone
    ? sql<boolean>`NOT EXISTS (SELECT 1 FROM ${rows} AND ${key} = ${idOf(place)} AND NOT ${holds})`
    : sql<boolean>`EXISTS (SELECT 1 FROM ${rows} AND ${key} = ${idOf(place)} AND ${holds})`
}

/**
 * Always true, and never asked by a parallel worker: each worker would work out the figures of everybody by itself, all
 * of them for the same result.
 */
const ONCE: Condition = sql<boolean>`pg_backend_pid() IS NOT NULL`

/** Ids in the asked half: by their hash, for ids in order of time are all new or all old. */
export const inHalf = (half: Half | undefined, id: RawBuilder<unknown>): Condition =>
  half === undefined ? YES : half === 'one' ? sql<boolean>`uuid_hash(${id}) < 0` : sql<boolean>`uuid_hash(${id}) >= 0`

/** Beside the rows of a figure over everybody's. @param key the id that a row is looked up by */
export const ofEverybody = (place: Place, key: RawBuilder<unknown>): Condition =>
  // What is looked up by the subject's id is of the subject's half; what is by a related one's may be of either.
  both([ONCE, ...(place.alias === 'subject' ? [inHalf(place.half, key)] : [])])

/**
 * Whether a figure over all rows of a set that are the subject's holds.
 * @param holds over aggregates of the rows
 */
export function wholeGroup(
  place: Place,
  set: { rows: RawBuilder<unknown>; key: RawBuilder<unknown>; ofNone: boolean },
  holds: Condition,
): Condition {
  const { rows, key, ofNone } = set
  if (place.among === 'few')
    return sql<boolean>`coalesce((SELECT ${holds} FROM ${rows} AND ${key} = ${idOf(place)} GROUP BY ${key}), ${constant(ofNone)})`
  // One group for everybody, which a join or a hash table looks up: no query by itself for each of a million subjects.
  const groups = sql`(SELECT ${key} AS id FROM ${rows} AND ${ofEverybody(place, key)} GROUP BY ${key} HAVING ${ofNone ? not(holds) : holds}) AS found`
  const found = sql<boolean>`EXISTS (SELECT 1 FROM ${groups} WHERE found.id = ${idOf(place)})`
  return ofNone ? not(found) : found
}
