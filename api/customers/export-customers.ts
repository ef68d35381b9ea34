import type { Json } from '../../nodes/manifest.ts'
import type { Actor } from '../auth/scopes.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { labelOf } from './subject-view.ts'
import { csvLine } from './csv.ts'
import { customerFilter } from './customer-filter.ts'
import type { FilterInput } from './customer-schemas.ts'
import { maskAnswer, refuseMasked } from '../privacy/mask.ts'
import { readMasks } from '../privacy/masks.ts'
import { type ListColumn, listColumns } from './list-columns.ts'
import { allCustomers } from './list-customers.ts'
import { cellsOf } from './row-cells.ts'
import type { CustomerKind } from './sort-order.ts'

/** Rows in memory at a time. */
const PAGE = 1000

export interface ExportInput extends FilterInput {
  columns?: string[] | undefined
}

/**
 * Everybody the filter leaves as lines of CSV, page by page as they are asked for. The head is there once the filter and
 * the columns are known to be right.
 * @throws ProblemError 400, 422
 */
export async function exportCustomers(
  ctx: Scope & { actor: Actor },
  kind: CustomerKind,
  input: ExportInput,
): Promise<{ head: string; pages: AsyncGenerator<string, void> }> {
  // Our id and the name stand first in any case.
  const columns = listColumns(kind, input.columns ?? []).filter(({ name }) => name !== 'id')
  const masks = await readMasks(ctx)
  if (masks !== null) refuseMasked(input, masks)
  const filter = await customerFilter(ctx, kind, { ...input, among: 'few' })
  async function* pages(): AsyncGenerator<string, void> {
    for await (const rows of allCustomers(ctx, filter, PAGE)) {
      const shown = await cellsOf(ctx, { kind, columns }, rows)
      yield rows
        .map((row) => {
          const named = {
            kind,
            label: labelOf(kind, { ...row, externalId: row.external_id }),
            name: row.name,
            email: row.email,
          }
          const line = { ...named, cells: shown.get(row.id) ?? {} }
          const { label, cells } = masks === null ? line : maskAnswer(line, masks)
          return csvLine([row.id, label, ...columns.map((column) => written(column, cells[column.name] ?? null))])
        })
        .join('')
    }
  }
  return { head: csvLine(['id', 'name', ...columns.map(({ name }) => name)]), pages: pages() }
}

/** What a cell says in a file: names of what has names, and a score's number. */
function written(column: ListColumn, value: Json): Json {
  if (column.show === 'score') return isObject(value) ? (value['value'] ?? null) : null
  if (column.show !== 'plain' || !Array.isArray(value)) return value
  return value
    .filter(isObject)
    .map((one) => one['label'] ?? one['name'] ?? null)
    .join(', ')
}

const isObject = (value: Json): value is { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
