import type { Scope } from '../audiences/write-audience.ts'
import { customerFilter } from './customer-filter.ts'
import type { AccountRow, ContactRow, FilterInput, ListInput } from './customer-schemas.ts'
import { listColumns } from './list-columns.ts'
import { countCustomers, type CustomerRow, pageOfCustomers } from './list-customers.ts'
import { accountsOf, cellsOf, contactCounts } from './row-cells.ts'
import type { CustomerKind } from './sort-order.ts'
import { view } from './subject-view.ts'

const PAGE = 50
/** The last changed first. */
const DEFAULT_SORT = '-updatedAt'

/** Contacts in pages; those that were merged into others are not among them. @throws ProblemError 400, 422 */
export async function listContacts(
  ctx: Scope,
  input: ListInput,
): Promise<{ data: ContactRow[]; nextCursor: string | null }> {
  const { rows, nextCursor, cells } = await listed(ctx, 'contact', input)
  const accounts = await accountsOf(ctx, idsOf(rows))
  return { data: rows.map((row) => ({ ...contactRowOf(row, accounts), ...cells(row.id) })), nextCursor }
}

/** Accounts in pages. @throws ProblemError 400, 422 */
export async function listAccounts(
  ctx: Scope,
  input: ListInput,
): Promise<{ data: AccountRow[]; nextCursor: string | null }> {
  const { rows, nextCursor, cells } = await listed(ctx, 'account', input)
  const contacts = await contactCounts(ctx, idsOf(rows))
  return { data: rows.map((row) => ({ ...accountRowOf(row, contacts), ...cells(row.id) })), nextCursor }
}

/** How many a list of this filter has. @throws ProblemError 422 */
export async function countOf(ctx: Scope, kind: CustomerKind, input: FilterInput): Promise<{ count: number }> {
  return { count: await countCustomers(ctx, await customerFilter(ctx, kind, { ...input, among: 'many' })) }
}

const idsOf = (rows: readonly CustomerRow[]): string[] => rows.map((row) => row.id)

async function listed(ctx: Scope, kind: CustomerKind, input: ListInput) {
  const columns = listColumns(kind, input.columns ?? [])
  const filter = await customerFilter(ctx, kind, { ...input, among: 'few' })
  const { sort = DEFAULT_SORT, cursor = null, limit = PAGE } = input
  const { rows, nextCursor } = await pageOfCustomers(ctx, filter, { sort, cursor, limit })
  const shown = columns.length === 0 ? null : await cellsOf(ctx, { kind, columns }, rows)
  return { rows, nextCursor, cells: (id: string) => (shown === null ? {} : { cells: shown.get(id) ?? {} }) }
}

export function contactRowOf(row: CustomerRow, accounts: Awaited<ReturnType<typeof accountsOf>>): ContactRow {
  return {
    ...view('contact', { ...row, externalId: row.external_id }),
    email: row.email,
    name: row.name,
    accounts: (accounts.get(row.id) ?? []).map(({ kind, id, externalId, label }) => ({ kind, id, externalId, label })),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

export const accountRowOf = (row: CustomerRow, contacts: ReadonlyMap<string, number>): AccountRow => ({
  ...view('account', { ...row, externalId: row.external_id }),
  name: row.name,
  contacts: contacts.get(row.id) ?? 0,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})
