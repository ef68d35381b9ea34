import type { Selectable } from 'kysely'
import { page, readCursor } from '../db/cursor.ts'
import type { ImportsTable } from '../db/customer-tables.ts'
import type { Scoped } from '../context.ts'
import { notFound } from '../problem.ts'
import type { ImportColumn, ImportMapping, ImportRow, ImportView } from './import-schemas.ts'
import { suggestMapping } from './suggest-mapping.ts'

const PAGE = 50
const FIRST_REFUSED = 20

export type ImportRecord = Selectable<ImportsTable>

/** Imports, the newest first. */
export async function listImports(
  { db, workspaceId, now }: Scoped,
  { cursor }: { cursor?: string | null | undefined },
): Promise<{ data: ImportRow[]; nextCursor: string | null }> {
  const [before] = cursor === undefined || cursor === null ? [] : readCursor(cursor, ['uuid'])
  const rows = await db
    .selectFrom('imports')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('status', '<>', 'uploading')
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(PAGE + 1)
    .execute()
  const found = page(rows, PAGE, ({ id }) => [id])
  return { ...found, data: found.data.map((row) => rowOf(row, now)) }
}

/** @throws ProblemError 404 */
export async function findImport({ db, workspaceId }: Scoped, id: string): Promise<ImportRecord> {
  const row = await db
    .selectFrom('imports')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('status', '<>', 'uploading')
    .executeTakeFirst()
  if (row === undefined) throw notFound('import', id)
  return row
}

/** @throws ProblemError 404 */
export async function viewImport(scoped: Scoped, { id }: { id: string }): Promise<ImportView> {
  const row = await findImport(scoped, id)
  const firstRefused = await scoped.db
    .selectFrom('import_refusals')
    .select(['row', 'code', 'reason'])
    .where('workspace_id', '=', scoped.workspaceId)
    .where('import_id', '=', id)
    .orderBy('row')
    .limit(FIRST_REFUSED)
    .execute()
  const columns = columnsOf(row)
  return {
    ...rowOf(row, scoped.now),
    delimiter: row.delimiter,
    columns,
    mapping: mappingOf(row),
    suggested: suggestMapping(row.kind, columns),
    firstRefused,
  }
}

export const columnsOf = (row: ImportRecord): ImportColumn[] => row.columns as unknown as ImportColumn[]
export const mappingOf = (row: ImportRecord): ImportMapping | null => row.mapping as unknown as ImportMapping | null

function rowOf(row: ImportRecord, now: number): ImportRow {
  const through = row.taken + row.refused
  const seconds = row.started_at === null ? 0 : ((row.ended_at?.getTime() ?? now) - row.started_at.getTime()) / 1000
  const rate = seconds > 0 && through > 0 ? through / seconds : null
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    status: row.status,
    total: row.total,
    taken: row.taken,
    refused: row.refused,
    bytes: Number(row.bytes),
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    fault: row.fault,
    rate,
    secondsLeft: row.status === 'running' && rate !== null ? (row.total - through) / rate : null,
  }
}
