import { type RawBuilder, sql } from 'kysely'
import type { Count, Instant } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Condition } from './place.ts'

/** Values of a rule as parameters: none of them ever becomes a part of the statement. */

export const text = (value: string): RawBuilder<string> => sql<string>`${value}::text`
export const texts = (values: readonly string[]): RawBuilder<string[]> => sql<string[]>`${values}::text[]`
export const uuid = (value: string): RawBuilder<string> => sql<string>`${value}::uuid`
export const json = (value: Json): RawBuilder<unknown> => sql`${JSON.stringify(value)}::jsonb`
/** An array of jsonb, one text each: the driver would make a Postgres array of a JSON array. */
export const jsons = (values: readonly Json[]): RawBuilder<unknown> =>
  sql`${values.map((value) => JSON.stringify(value))}::text[]::jsonb[]`
export const double = (value: number): RawBuilder<number> => sql<number>`${value}::double precision`
/** Exact to the millisecond, which a division by 1000 is not everywhere. */
export const instant = (at: Instant): RawBuilder<Date> => sql<Date>`${new Date(at).toISOString()}::timestamptz`

/**
 * Whether Postgres can hold it: no text there has a NUL or half of a surrogate pair. What it cannot hold is nowhere, and
 * the driver would put a replacement character for it, which is somewhere.
 */
export function canBeThere(value: Json): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\u0000')
  if (value === null || typeof value !== 'object') return true
  if (Array.isArray(value)) return value.every(canBeThere)
  return Object.entries(value).every(([name, part]) => canBeThere(name) && canBeThere(part))
}

const OPERATORS = { eq: sql`=`, gt: sql`>`, gte: sql`>=`, lt: sql`<`, lte: sql`<=` } satisfies {
  [op in Count['op']]: RawBuilder<unknown>
}

/** Both of one type, neither NULL. */
export const inOrderSql = (op: Count['op'], actual: RawBuilder<unknown>, expected: RawBuilder<unknown>): Condition =>
  sql<boolean>`${actual} ${OPERATORS[op]} ${expected}`
