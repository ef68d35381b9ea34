import { sql } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'
import type { SubjectView } from '../audiences/audience-schemas.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { withNamed } from '../dispatch/world.ts'
import type { ListColumn } from './list-columns.ts'
import type { CustomerRow } from './list-customers.ts'
import type { CustomerKind } from './sort-order.ts'
import { view } from './subject-view.ts'

type Properties = { [name: string]: Json }
export type Cells = { [column: string]: Json }
/** An account of a contact, with what its columns show. */
type Account = SubjectView & { properties: Properties }

/** What a page's rows show in these columns, by id; other tables are asked once each, and only where a column needs it. */
export async function cellsOf(
  ctx: Scope,
  { kind, columns }: { kind: CustomerKind; columns: readonly ListColumn[] },
  rows: readonly CustomerRow[],
): Promise<Map<string, Cells>> {
  const ids = rows.map((row) => row.id)
  const plain = (name: string): boolean => columns.some((column) => column.show === 'plain' && column.column === name)
  const ofAccounts = plain('accounts') || columns.some((column) => column.show === 'accountProperty')
  const worked = plain('segments') || plain('signals') || columns.some((column) => column.show === 'score')
  const around: Around = {
    accounts: kind === 'contact' && ofAccounts ? await accountsOf(ctx, ids) : new Map(),
    contacts: kind === 'account' && plain('contacts') ? await contactCounts(ctx, ids) : new Map(),
    seen: plain('lastSeenAt') ? await lastSeen(ctx, kind, ids) : new Map(),
    worked: worked ? await workedOut(ctx, ids) : new Map(),
  }
  return new Map(
    rows.map((row) => [row.id, Object.fromEntries(columns.map((column) => [column.name, cell(row, column, around)]))]),
  )
}

interface Around {
  accounts: Map<string, Account[]>
  contacts: Map<string, number>
  seen: Map<string, string>
  worked: Map<string, WorkedOut[]>
}

function cell(row: CustomerRow, column: ListColumn, around: Around): Json {
  const worked = around.worked.get(row.id) ?? []
  switch (column.show) {
    case 'property':
      return withNamed(row)[column.property] ?? null
    case 'accountProperty': {
      const values = (around.accounts.get(row.id) ?? []).map(({ properties }) => properties[column.property] ?? null)
      return values.length === 1 ? (values[0] ?? null) : values.filter((value) => value !== null)
    }
    case 'score':
      return worked.find(({ kind, slug }) => kind === 'score' && slug === column.slug)?.value ?? null
    case 'plain':
      return plainCell(row, column.column, { ...around, mine: worked })
  }
}

type Plain = Extract<ListColumn, { show: 'plain' }>['column']

function plainCell(row: CustomerRow, column: Plain, around: Around & { mine: WorkedOut[] }): Json {
  const members = (kind: 'segment' | 'signal') =>
    around.mine.filter((one) => one.kind === kind).map(({ slug, name }) => ({ slug, name }))
  switch (column) {
    case 'id':
      return row.id
    case 'externalId':
      return row.external_id
    case 'email':
      return row.email
    case 'accounts':
      return (around.accounts.get(row.id) ?? []).map(({ id, label }) => ({ id, label }))
    case 'contacts':
      return around.contacts.get(row.id) ?? 0
    case 'segments':
      return members('segment')
    case 'signals':
      return members('signal')
    case 'createdAt':
      return row.created_at.toISOString()
    case 'updatedAt':
      return row.updated_at.toISOString()
    case 'lastSeenAt':
      return around.seen.get(row.id) ?? null
  }
}

/** The accounts of contacts, by contact. */
export async function accountsOf(
  { db, workspaceId }: Scope,
  contactIds: readonly string[],
): Promise<Map<string, Account[]>> {
  const found = new Map<string, Account[]>()
  if (contactIds.length === 0) return found
  const rows = await db
    .selectFrom('account_contacts')
    .innerJoin('accounts', (join) =>
      join
        .onRef('accounts.workspace_id', '=', 'account_contacts.workspace_id')
        .onRef('accounts.id', '=', 'account_contacts.account_id'),
    )
    .select(['account_contacts.contact_id', 'accounts.id', 'accounts.external_id as externalId', 'accounts.name'])
    .select(sql<Properties>`accounts.properties`.as('properties'))
    .where('account_contacts.workspace_id', '=', workspaceId)
    .where('account_contacts.contact_id', 'in', [...contactIds])
    .orderBy('account_contacts.created_at')
    .orderBy('accounts.id')
    .execute()
  for (const row of rows) {
    const account = { ...view('account', row), properties: withNamed({ ...row, email: null }) }
    found.set(row.contact_id, [...(found.get(row.contact_id) ?? []), account])
  }
  return found
}

/** How many contacts accounts have, by account. */
export async function contactCounts(
  { db, workspaceId }: Scope,
  accountIds: readonly string[],
): Promise<Map<string, number>> {
  if (accountIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('account_contacts')
    .select((eb) => ['account_id', eb.fn.countAll<string>().as('n')])
    .where('workspace_id', '=', workspaceId)
    .where('account_id', 'in', [...accountIds])
    .groupBy('account_id')
    .execute()
  return new Map(rows.map((row) => [row.account_id, Number(row.n)]))
}

/** When subjects last did something that has a name, by their own clock: that a system described them is no doing. */
export async function lastSeen(
  { db, workspaceId }: Scope,
  kind: CustomerKind,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string; at: Date | null }>`
    SELECT wanted.id, (SELECT max(occurred_at) FROM events WHERE workspace_id = ${workspaceId}
      AND ${sql.ref(`${kind}_id`)} = wanted.id AND name IS NOT NULL) AS at
    FROM unnest(${[...ids]}::uuid[]) AS wanted(id)`.execute(db)
  return new Map(rows.flatMap(({ id, at }) => (at === null ? [] : [[id, at.toISOString()]])))
}

/** A segment or signal somebody is in, or a score they have. */
export interface WorkedOut {
  kind: 'segment' | 'signal' | 'score'
  slug: string
  name: string
  since: Date
  value: Json
}

/** What was worked out for subjects and holds now, by subject. */
export async function workedOut({ db, workspaceId }: Scope, ids: readonly string[]): Promise<Map<string, WorkedOut[]>> {
  const found = new Map<string, WorkedOut[]>()
  if (ids.length === 0) return found
  const rows = await db
    .selectFrom('audience_members')
    .innerJoin('audiences', (join) =>
      join
        .onRef('audiences.workspace_id', '=', 'audience_members.workspace_id')
        .onRef('audiences.id', '=', 'audience_members.audience_id'),
    )
    .select(['subject_id', 'audiences.kind', 'audiences.slug', 'audiences.name', 'since', 'value'])
    .where('audience_members.workspace_id', '=', workspaceId)
    .where('subject_id', 'in', [...ids])
    .where((eb) => eb.or([eb('is_member', '=', true), eb('audiences.kind', '=', 'score')]))
    .where('audiences.kind', 'in', ['segment', 'signal', 'score'])
    .orderBy('audiences.name')
    .execute()
  for (const row of rows)
    if (row.kind !== 'computed')
      found.set(row.subject_id, [...(found.get(row.subject_id) ?? []), { ...row, kind: row.kind }])
  return found
}
