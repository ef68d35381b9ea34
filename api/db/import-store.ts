import { sql } from 'kysely'
import type { Db } from './database.ts'
import type { Queryable, Statement } from './sql.ts'

/** Imported files: in pieces of one size, with how far each import has come. */

/** Every piece but the last has exactly so many bytes. */
export const CHUNK_BYTES = 256 * 1024

export interface RunningImport {
  workspaceId: string
  id: string
  kind: 'contacts' | 'accounts' | 'events'
  delimiter: string
  columns: Array<{ name: string }>
  mapping: unknown
  nextRow: number
  nextByte: number
  bytes: number
}

export interface RowRefused {
  row: number
  code: string
  reason: string
  cells: string[]
}

export async function addChunk(
  db: Db,
  of: { workspaceId: string; importId: string },
  chunk: { n: number; bytes: Buffer },
) {
  await db
    .insertInto('import_chunks')
    .values({ workspace_id: of.workspaceId, import_id: of.importId, ...chunk })
    .execute()
}

const CHUNK: Statement = {
  name: 'import-chunk',
  text: 'SELECT bytes FROM import_chunks WHERE workspace_id = $1 AND import_id = $2 AND n = $3',
}

/** The file from a byte on, piece by piece. */
export async function* readFrom(
  q: Queryable,
  of: { workspaceId: string; id: string },
  fromByte: number,
): AsyncGenerator<Buffer> {
  let n = Math.floor(fromByte / CHUNK_BYTES)
  let skip = fromByte % CHUNK_BYTES
  for (;;) {
    const [chunk] = await q.rows<{ bytes: Buffer }>(CHUNK, [of.workspaceId, of.id, n])
    if (chunk === undefined) return
    if (skip < chunk.bytes.length) yield chunk.bytes.subarray(skip)
    n += 1
    skip = 0
  }
}

const CLAIM: Statement = {
  name: 'import-claim',
  text: `
SELECT workspace_id AS "workspaceId", id, kind, delimiter, columns, mapping, next_row AS "nextRow", next_byte::float8 AS "nextByte",
  bytes::float8 AS bytes
FROM imports WHERE status = 'running' ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
}

/** The import that was started first, held until the transaction ends; null when none runs, or others hold them. */
export async function claimImport(q: Queryable): Promise<RunningImport | null> {
  return (await q.rows<RunningImport>(CLAIM, []))[0] ?? null
}

const ADVANCE: Statement = {
  name: 'import-advance',
  text: `
UPDATE imports SET next_row = $3, next_byte = $4, taken = taken + $5, refused = refused + $6
WHERE workspace_id = $1 AND id = $2`,
}
const REFUSE: Statement = {
  name: 'import-refuse',
  text: `
INSERT INTO import_refusals (workspace_id, import_id, row, code, reason, cells)
SELECT $1, $2, x.row, x.code, x.reason, x.cells
FROM json_to_recordset($3::json) AS x(row integer, code text, reason text, cells jsonb) ON CONFLICT DO NOTHING`,
}

/** Notes that a page is through, with the rows of it that were refused. */
export async function advanceImport(
  q: Queryable,
  of: RunningImport,
  page: { nextRow: number; nextByte: number; taken: number; refused: RowRefused[] },
): Promise<void> {
  const { nextRow, nextByte, taken, refused } = page
  await q.rows(ADVANCE, [of.workspaceId, of.id, nextRow, nextByte, taken, refused.length])
  if (refused.length > 0) await q.rows(REFUSE, [of.workspaceId, of.id, JSON.stringify(refused)])
}

const END: Statement = {
  name: 'import-end',
  text: `UPDATE imports SET status = $3, fault = $4, ended_at = $5 WHERE workspace_id = $1 AND id = $2`,
}
const DROP_FILE: Statement = {
  name: 'import-drop-file',
  text: 'DELETE FROM import_chunks WHERE workspace_id = $1 AND import_id = $2',
}

/** Ends an import. The file goes with it: it is full of people. */
export async function endImport(
  q: Queryable,
  of: { workspaceId: string; id: string },
  end: { status: 'done' | 'cancelled' | 'failed'; fault: string | null; now: number },
): Promise<void> {
  await q.rows(END, [of.workspaceId, of.id, end.status, end.fault, new Date(end.now)])
  await q.rows(DROP_FILE, [of.workspaceId, of.id])
}

const WAITING: Statement = {
  name: 'events-waiting',
  text: `SELECT count(*)::int AS waiting FROM (SELECT 1 FROM events WHERE status = 'pending' LIMIT $1) AS first`,
}

/** @returns how many events wait for a dispatcher, counted up to `most` */
export async function waitingEvents(q: Queryable, most: number): Promise<number> {
  return (await q.rows<{ waiting: number }>(WAITING, [most]))[0]?.waiting ?? 0
}

/** Uploads that broke off, drafts nobody started, and refused rows that nobody will mend any more. */
export async function dropStaleImports(db: Db, before: { unfinished: Date; ended: Date }): Promise<void> {
  await sql`
    DELETE FROM imports WHERE (status IN ('uploading', 'draft') AND created_at < ${before.unfinished})`.execute(db)
  await sql`
    DELETE FROM import_refusals USING imports
    WHERE imports.workspace_id = import_refusals.workspace_id AND imports.id = import_refusals.import_id
      AND imports.ended_at < ${before.ended}`.execute(db)
}
