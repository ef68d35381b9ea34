import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { endImport } from '../db/import-store.ts'
import { inTransaction, type Queryable } from '../db/sql.ts'
import { problem } from '../problem.ts'
import { checkMapping, refuseBadMapping } from './check-mapping.ts'
import type { ImportMapping, MappingCheck } from './import-schemas.ts'
import { findImport, type ImportRecord, mappingOf } from './read-imports.ts'

type Writer = Pick<Context, 'db' | 'pool' | 'workspaceId' | 'now' | 'actor'>

/**
 * Keeps what the columns are for, and says what that makes of the rows.
 * @throws ProblemError 404, 409 once it was started, 422 MAPPING_INVALID
 */
export async function mapImport(ctx: Writer, input: { id: string; mapping: ImportMapping }): Promise<MappingCheck> {
  const row = await draft(ctx, input.id)
  refuseBadMapping(row, input.mapping)
  const check = await checkMapping(ctx.pool, row, { mapping: input.mapping, now: ctx.now })
  await ctx.db
    .updateTable('imports')
    .set({ mapping: JSON.stringify(input.mapping) })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', input.id)
    .where('status', '=', 'draft')
    .execute()
  return check
}

/** A worker takes its rows from now on. @throws ProblemError 404, 409, 422 MAPPING_INVALID when there is none yet */
export async function startImport(ctx: Writer, { id }: { id: string }): Promise<{ id: string }> {
  const row = await draft(ctx, id)
  const mapping = mappingOf(row)
  if (mapping === null) throw problem(422, 'MAPPING_INVALID', 'Say first what each column is for.')
  await ctx.db.transaction().execute(async (trx) => {
    await trx
      .updateTable('imports')
      .set({ status: 'running', started_at: new Date(ctx.now) })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .where('status', '=', 'draft')
      .execute()
    await writeAudit(trx, ctx, { action: 'import.start', target: id, detail: { kind: row.kind, rows: row.total } })
  })
  return { id }
}

/** Ends it where it is: rows that were taken stay. Of a draft it throws the file away. @throws ProblemError 404, 409 */
export async function cancelImport(ctx: Writer, { id }: { id: string }): Promise<{ id: string }> {
  await findImport(ctx, id)
  await inTransaction(ctx.pool, async (q) => {
    // Waits for the page under way.
    const status = await lockStatus(q, ctx.workspaceId, id)
    if (status !== 'draft' && status !== 'running') throw over(status)
    await endImport(q, { workspaceId: ctx.workspaceId, id }, { status: 'cancelled', fault: null, now: ctx.now })
  })
  await writeAudit(ctx.db, ctx, { action: 'import.cancel', target: id })
  return { id }
}

const LOCK = {
  name: 'import-lock',
  text: 'SELECT status FROM imports WHERE workspace_id = $1 AND id = $2 FOR UPDATE',
}
const lockStatus = async (q: Queryable, workspaceId: string, id: string): Promise<string> =>
  (await q.rows<{ status: string }>(LOCK, [workspaceId, id]))[0]?.status ?? 'gone'

async function draft(ctx: Writer, id: string): Promise<ImportRecord> {
  const row = await findImport(ctx, id)
  if (row.status !== 'draft') throw over(row.status)
  return row
}

const over = (status: string) =>
  problem(409, 'IMPORT_STARTED', `The import is ${status} already. Upload the file again for another one.`)
