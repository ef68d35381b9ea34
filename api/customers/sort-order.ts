import { type RawBuilder, sql } from 'kysely'
import { readCursor, writeCursor } from '../db/cursor.ts'
import { problem } from '../problem.ts'
import { canBeThere } from '../rules-sql/bind.ts'
import type { Json } from '../../nodes/manifest.ts'

export type CustomerKind = 'contact' | 'account'
export const TABLE = { contact: 'contacts', account: 'accounts' } as const

/** How the values of a sort key are written in a cursor, and read back. */
type KeyType = 'timestamptz' | 'text' | 'jsonb' | 'float8'

/** By what a list is ordered: a key of the row with the alias `subject`, then its id. Rows without the key come last, either way. */
export interface SortOrder {
  /** As it was asked for, `-updatedAt`; a cursor belongs to one. */
  name: string
  key: RawBuilder<unknown>
  type: KeyType
  descending: boolean
  /** Whether there are rows without the key. */
  nullable: boolean
  /** The score whose numbers are the key; has to be joined. */
  score: string | null
}

/** What people see as the name: the table's index is on this expression, so the two change together. */
const LABEL = {
  contact: sql`lower(coalesce(subject.name, subject.email, subject.external_id))`,
  account: sql`lower(coalesce(subject.name, subject.external_id))`,
}

const key = (type: KeyType, expression: RawBuilder<unknown>, nullable = true) => ({
  key: expression,
  type,
  nullable,
  score: null,
})

/**
 * Reads `name`, `email`, `createdAt`, `updatedAt`, `externalId`, `score.<slug>`, `contact.<property>` or
 * `account.<property>`; a `-` before it: descending.
 * @throws ProblemError 400 for anything else
 */
export function sortOrder(kind: CustomerKind, name: string): SortOrder {
  const descending = name.startsWith('-')
  const found = keyOf(kind, descending ? name.slice(1) : name)
  if (found === null)
    throw problem(400, 'INPUT_INVALID', {
      detail: `A list of ${TABLE[kind]} cannot be sorted by “${name}”. Use name, ${kind === 'contact' ? 'email, ' : ''}externalId, createdAt, updatedAt, score.<slug> or ${kind}.<property>, with - before it for descending.`,
      problems: [{ path: 'sort', message: 'Unknown.', code: 'unknown' }],
    })
  return { ...found, name, descending }
}

function keyOf(kind: CustomerKind, field: string): Omit<SortOrder, 'name' | 'descending'> | null {
  const column = (name: string) => sql.ref(`subject.${name}`)
  if (field === 'name' || field === `${kind}.name`) return key('text', LABEL[kind])
  if (field === 'createdAt') return key('timestamptz', column('created_at'), false)
  if (field === 'updatedAt') return key('timestamptz', column('updated_at'), false)
  if (field === 'externalId') return key('text', column('external_id'))
  if (kind === 'contact' && (field === 'email' || field === 'contact.email'))
    return key('text', sql`lower(${column('email')})`)
  const score = /^score\.(.+)$/.exec(field)?.[1]
  if (score !== undefined)
    return { key: sql`(sorted_score.value->>'value')::float8`, type: 'float8', nullable: true, score }
  const property = field.startsWith(`${kind}.`) ? field.slice(kind.length + 1) : ''
  if (property === '') return null
  return key('jsonb', sql`nullif(${column('properties')} -> ${property}::text, 'null'::jsonb)`)
}

/** The key, selected as `key`, as text that loses nothing: a time to the microsecond. */
export const keyText = ({ type }: SortOrder): RawBuilder<string | null> =>
  type === 'timestamptz' ? sql`to_char(key AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : sql`key::text`

/** A place in the list: after this row. */
export interface Place {
  /** Null: among the rows without a key. */
  key: string | null
  id: string
}

export const writePlace = (order: SortOrder, { key: text, id }: Place): string =>
  writeCursor([order.name, text === null ? 'none' : 'key', text ?? '', id])

/** @throws ProblemError 400 for a cursor of another list or order */
export function readPlace(order: SortOrder, cursor: string): Place {
  const [name, phase, key = '', id = ''] = readCursor(cursor, ['text', 'text', 'text', 'uuid'])
  if (name === order.name && phase === 'none') return { key: null, id }
  if (name === order.name && phase === 'key' && fits(order.type, key)) return { key, id }
  throw problem(
    400,
    'CURSOR_INVALID',
    'The cursor is not one that this list gave in this order. Leave it out to begin at the start.',
  )
}

function fits(type: KeyType, text: string): boolean {
  if (type === 'timestamptz') return /^\d{4,6}-\d\d-\d\dT[\d:.]+Z$/.test(text) && !Number.isNaN(Date.parse(text))
  if (type === 'float8') return /^-?\d+(\.\d+)?(e[-+]?\d{1,3})?$/.test(text) && Number.isFinite(Number(text))
  if (type !== 'jsonb') return canBeThere(text)
  try {
    // What Postgres holds as no text, it holds in no JSON.
    return canBeThere(JSON.parse(text) as Json)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/**
 * Rows after the place, among those that have a key. The first comparison is what an index can begin at; the second
 * takes out those of the same key that were shown.
 */
export function afterKey(order: SortOrder, place: { key: string; id: string }): RawBuilder<boolean> {
  // Read by Postgres once: as a text that is cast it would be read again for every row.
  const value = sql`${place.key}::${sql.raw(order.type)}`
  const id = sql`subject.id > ${place.id}::uuid`
  return order.descending
    ? sql<boolean>`(${order.key} <= ${value} AND (${order.key} < ${value} OR ${id}))`
    : sql<boolean>`(${order.key} >= ${value} AND (${order.key} > ${value} OR ${id}))`
}
