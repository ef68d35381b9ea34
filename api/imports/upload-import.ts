import { once } from 'node:events'
import type { Readable } from 'node:stream'
import pg from 'pg'
import { addChunk, CHUNK_BYTES } from '../db/import-store.ts'
import { newId } from '../db/new-id.ts'
import type { Scoped } from '../context.ts'
import { problem } from '../problem.ts'
import { guessType } from './cell-values.ts'
import { type CsvRow, csvProblem, csvRows, delimiterOf, notUtf8, refuseOtherKinds } from './csv-format.ts'
import type { ImportColumn, ImportKind } from './import-schemas.ts'

export const FILE_LIMIT_BYTES = 100 * 1024 * 1024
const SAMPLE_ROWS = 500
const SAMPLES_KEPT = 5
const SAMPLE_LENGTH = 200
const COLUMNS_LIMIT = 1_000

export interface Upload {
  name: string
  kind: ImportKind
  /** Who uploads, as others read it. */
  createdBy: string
}

/**
 * Takes a file in, piece by piece: never more than a few pieces of it are in memory. Looks it through on the way, so
 * that what is no CSV is refused now and not in the middle of the import.
 * @throws ProblemError 409 UPLOAD_BROKEN_OFF, 413 over 100 MB, 422 CSV_ENCODING, CSV_INVALID or CSV_EMPTY; nothing is kept then
 */
export async function uploadImport(scoped: Scoped, upload: Upload, file: Readable): Promise<{ id: string }> {
  const { db, workspaceId, now } = scoped
  const id = newId(now)
  await db
    .insertInto('imports')
    .values({
      workspace_id: workspaceId,
      id,
      name: upload.name,
      kind: upload.kind,
      status: 'uploading',
      columns: '[]',
      total: 0,
      created_by: upload.createdBy,
      created_at: new Date(now),
    })
    .execute()
  try {
    const seen = await takeFile(scoped, id, file)
    const { numUpdatedRows } = await db
      .updateTable('imports')
      .set({
        status: 'draft',
        delimiter: seen.delimiter,
        bytes: seen.bytes,
        columns: JSON.stringify(seen.columns),
        total: seen.rows,
        next_row: 2,
        next_byte: seen.headerEnd,
      })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw brokenOff()
    return { id }
  } catch (error) {
    await db.deleteFrom('imports').where('workspace_id', '=', workspaceId).where('id', '=', id).execute()
    throw isGone(error) ? brokenOff() : csvProblem(error)
  }
}

/** A piece of a file that is kept no more. */
const isGone = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.constraint === 'import_chunks_workspace_id_import_id_fkey'

/** A deletion of somebody cannot know whether they are in what is still to come. */
const brokenOff = () =>
  problem(
    409,
    'UPLOAD_BROKEN_OFF',
    'A person was being deleted while the file came in, so nothing of it was kept. Upload it again, without them.',
  )

interface Seen {
  delimiter: string
  bytes: number
  headerEnd: number
  rows: number
  columns: ImportColumn[]
}

async function takeFile({ db, workspaceId }: Scoped, importId: string, file: Readable): Promise<Seen> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let look: ReturnType<typeof createLook> | null = null
  let bytes = 0
  let n = 0
  for await (const piece of piecesOf(file)) {
    bytes += piece.length
    if (bytes > FILE_LIMIT_BYTES)
      throw problem(413, 'BODY_TOO_LARGE', 'The file is over 100 MB. Split it, or use the bulk API.')
    if (look === null) {
      refuseOtherKinds(piece)
      look = createLook(delimiterOf(piece.toString('utf8')))
    }
    checkUtf8(decoder, piece, bytes)
    await look.write(piece)
    await addChunk(db, { workspaceId, importId }, { n, bytes: piece })
    n += 1
  }
  checkUtf8(decoder, null, bytes)
  const seen = look === null ? null : await look.end()
  if (seen === null || seen.columns.length === 0 || seen.rows === 0)
    throw problem(
      422,
      'CSV_EMPTY',
      'The file has no rows below its header. Upload one with a header and a row at least.',
    )
  return { ...seen, bytes }
}

function checkUtf8(decoder: TextDecoder, piece: Buffer | null, bytes: number): void {
  try {
    decoder.decode(piece ?? undefined, { stream: piece !== null })
  } catch {
    throw notUtf8(`The file is not UTF-8 text (within the first ${Math.ceil(bytes / 1024)} KB).`)
  }
}

/** The stream in pieces of one size. */
async function* piecesOf(file: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  for await (const part of file as AsyncIterable<Buffer>) {
    parts.push(part)
    length += part.length
    while (length >= CHUNK_BYTES) {
      const all = Buffer.concat(parts)
      yield all.subarray(0, CHUNK_BYTES)
      parts = [all.subarray(CHUNK_BYTES)]
      length = all.length - CHUNK_BYTES
    }
  }
  if (length > 0) yield Buffer.concat(parts)
}

/** Reads along: counts rows and keeps the first cells of each column. */
function createLook(delimiter: string) {
  const parser = csvRows(delimiter)
  let failure: unknown
  let header: string[] | null = null
  let headerEnd = 0
  let rows = 0
  const cells: string[][] = []
  const filled: number[] = []
  parser.on('error', (error) => {
    failure = error
  })
  parser.on('data', ({ record, info }: CsvRow) => {
    if (header === null) {
      header = record.map((name) => name.trim())
      headerEnd = info.bytes
      return
    }
    rows += 1
    for (const [i, cell] of record.entries()) {
      const text = cell.trim()
      if (text === '') continue
      filled[i] = (filled[i] ?? 0) + 1
      const column = (cells[i] ??= [])
      if (column.length < SAMPLE_ROWS) column.push(text)
    }
  })
  const check = (): void => {
    if (failure !== undefined) throw failure
    if (header !== null) checkHeader(header)
  }
  return {
    write: async (piece: Buffer): Promise<void> => {
      if (!parser.write(piece) && failure === undefined)
        // It rejects with the parser's error, which the listener has.
        await once(parser, 'drain').catch(() => undefined)
      check()
    },
    end: async (): Promise<Omit<Seen, 'bytes'>> => {
      parser.end()
      if (failure === undefined && !parser.readableEnded) await once(parser, 'end').catch(() => undefined)
      check()
      const columns = (header ?? []).map((name, i) => columnOf(name, cells[i] ?? [], filled[i] ?? 0))
      return { delimiter, headerEnd, rows, columns }
    },
  }
}

function columnOf(name: string, cells: string[], filled: number): ImportColumn {
  const samples = cells.slice(0, SAMPLES_KEPT).map((cell) => cell.slice(0, SAMPLE_LENGTH))
  return { name, samples, type: guessType(cells).type, filled }
}

function checkHeader(header: string[]): void {
  if (header.length > COLUMNS_LIMIT)
    throw problem(422, 'CSV_INVALID', `The file has ${header.length} columns; ${COLUMNS_LIMIT} are the most.`)
  const named = header.filter((name) => name !== '')
  const double = named.find((name, i) => named.indexOf(name) !== i)
  if (double !== undefined)
    throw problem(422, 'CSV_INVALID', `Two columns are called “${double}”. Give each a name of its own.`)
}
