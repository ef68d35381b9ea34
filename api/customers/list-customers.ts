import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { conditionsOf, type CustomerFilter } from './customer-filter.ts'
import { afterKey, keyText, type Place, readPlace, type SortOrder, sortOrder, TABLE, writePlace } from './sort-order.ts'

/** A row of the table itself, before what other tables say is put beside it. */
export interface CustomerRow {
  id: string
  external_id: string | null
  /** Null for accounts. */
  email: string | null
  name: string | null
  properties: { [name: string]: Json }
  created_at: Date
  updated_at: Date
}
type KeyedRow = CustomerRow & { sort_key: string | null }

interface Selection {
  joins: RawBuilder<unknown>
  conditions: Array<Expression<SqlBool>>
  order: RawBuilder<unknown>
  key: RawBuilder<unknown>
  /** The order in words of `key` and `id`. */
  outer: RawBuilder<unknown>
  /** The sort key, from `key`. */
  text: RawBuilder<string | null>
  limit: number
}

function select({ db }: Scope, { kind, few }: CustomerFilter, wanted: Selection): Promise<KeyedRow[]> {
  const email = kind === 'contact' ? sql`subject.email` : sql`NULL::text AS email`
  const matching = sql`SELECT subject.id, subject.external_id, ${email}, subject.name, subject.properties, subject.created_at, subject.updated_at,
        ${wanted.key} AS key
      FROM ${sql.table(TABLE[kind])} AS subject ${wanted.joins}
      WHERE ${sql.join(wanted.conditions, sql` AND `)}`
  // `OFFSET 0` keeps Postgres from walking a whole index of the order to find those few.
  const page = few
    ? sql`SELECT * FROM (${matching} OFFSET 0) AS few ORDER BY ${wanted.outer} LIMIT ${wanted.limit}`
    : sql`${matching} ORDER BY ${wanted.order} LIMIT ${wanted.limit}`
  // What is told of a row is worked out for those of the page, not for all that were sorted.
  return sql<KeyedRow>`
    SELECT id, external_id, email, name, properties, created_at, updated_at, ${wanted.text} AS sort_key
    FROM (${page}) AS found
    ORDER BY ${wanted.outer}`
    .execute(db)
    .then(({ rows }) => rows)
}

/**
 * One page in an order, and the way to the next.
 * @throws ProblemError 400 for an order or cursor that is none
 */
export async function pageOfCustomers(
  ctx: Scope,
  filter: CustomerFilter,
  page: { sort: string; cursor: string | null; limit: number },
): Promise<{ rows: CustomerRow[]; nextCursor: string | null }> {
  const order = sortOrder(filter.kind, page.sort)
  const place = page.cursor === null ? null : readPlace(order, page.cursor)
  const found = await rowsAfter(ctx, filter, { order, place, limit: page.limit + 1 })
  const rows = found.slice(0, page.limit)
  const last = rows.at(-1)
  const more = found.length > page.limit && last !== undefined
  return { rows, nextCursor: more ? writePlace(order, { key: last.sort_key, id: last.id }) : null }
}

/** Those with a key in its order, then those without one. */
async function rowsAfter(
  ctx: Scope,
  filter: CustomerFilter,
  { order, place, limit }: { order: SortOrder; place: Place | null; limit: number },
): Promise<KeyedRow[]> {
  const id = sql`subject.id`
  const outer = order.descending ? sql`key DESC NULLS LAST, id` : sql`key, id`
  const shared = { joins: joinsOf(ctx, filter, order), key: order.key, outer, text: keyText(order) }
  const conditions = conditionsOf(ctx, filter)
  const rows: KeyedRow[] = []
  if (place === null || place.key !== null) {
    const keyed = [...conditions, ...(order.nullable ? [sql<SqlBool>`${order.key} IS NOT NULL`] : [])]
    if (place?.key != null) keyed.push(afterKey(order, { key: place.key, id: place.id }))
    const direction = order.descending ? sql`${order.key} DESC, ${id}` : sql`${order.key}, ${id}`
    rows.push(...(await select(ctx, filter, { ...shared, conditions: keyed, order: direction, limit })))
  }
  if (!order.nullable || rows.length === limit) return rows
  const unkeyed = [...conditions, sql<SqlBool>`${order.key} IS NULL`]
  if (place?.key === null) unkeyed.push(sql<SqlBool>`${id} > ${place.id}::uuid`)
  const rest = limit - rows.length
  rows.push(...(await select(ctx, filter, { ...shared, conditions: unkeyed, order: sql`${id}`, limit: rest })))
  return rows
}

/** A score that nobody has keeps the list as it is: everybody is without a key. */
function joinsOf({ workspaceId }: Scope, { kind }: CustomerFilter, order: SortOrder): RawBuilder<unknown> {
  if (order.score === null) return sql``
  return sql`LEFT JOIN audience_members AS sorted_score ON sorted_score.workspace_id = ${workspaceId}
    AND sorted_score.subject_id = subject.id AND sorted_score.audience_id = (
      SELECT id FROM audiences WHERE workspace_id = ${workspaceId} AND kind = 'score' AND subject = ${kind} AND slug = ${order.score})`
}

/**
 * Everybody the filter leaves, in pages, by id: whoever changes meanwhile neither comes twice nor is left out, as in an
 * order by something that changes.
 */
export async function* allCustomers(
  ctx: Scope,
  filter: CustomerFilter,
  pageSize: number,
): AsyncGenerator<CustomerRow[], void> {
  const id = sql`subject.id`
  let after: string | null = null
  for (;;) {
    const conditions = conditionsOf(ctx, filter)
    if (after !== null) conditions.push(sql<SqlBool>`${id} > ${after}::uuid`)
    const nothing = { joins: sql``, key: sql`NULL`, outer: sql`id`, text: sql<null>`NULL` }
    const rows = await select(ctx, filter, { ...nothing, conditions, order: sql`${id}`, limit: pageSize })
    if (rows.length > 0) yield rows
    if (rows.length < pageSize) return
    after = rows.at(-1)?.id ?? null
  }
}

/** How many the filter leaves: exactly. */
export async function countCustomers(ctx: Scope, filter: CustomerFilter): Promise<number> {
  const { rows } = await sql<{ n: string }>`
    SELECT count(*) AS n FROM ${sql.table(TABLE[filter.kind])} AS subject WHERE ${sql.join(conditionsOf(ctx, filter), sql` AND `)}`.execute(
    ctx.db,
  )
  return Number(rows[0]?.n ?? 0)
}
