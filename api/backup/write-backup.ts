import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import pg from 'pg'
import type { SnapshotPage } from '../../nodes/sandbox/snapshot.ts'
import { tablesInOrder } from './table-order.ts'

/** First line of a backup. */
export interface BackupHeader {
  signalbox: 'backup'
  /** 2: the sandboxes' rows may stand behind the database's. */
  format: 1 | 2
  /** Of Signalbox. */
  version: string
  createdAt: string
  /** The schema the rows fit. */
  migrations: string[]
  sequences: Array<{ name: string; last: string }>
}

/** Before the names of the sandboxes' tables. */
export const OF_SANDBOX = 'sandbox.'

/** Last line: a file without it, or with other counts, was cut off. */
export interface BackupFooter {
  end: true
  rows: { [table: string]: number }
}

export interface BackupAbout {
  /** Of Signalbox. */
  version: string
  now: number
  sandbox: SnapshotPage[] | null
}

const ROWS_EACH = 500

/**
 * Writes every table into one gzipped text file, as of one instant, while Signalbox goes on working. Rows are kept as
 * the text Postgres gives, so that no number is rounded. The file holds customers' data: only its owner may read it.
 * Not in it: SIGNALBOX_SECRET, without which the credentials in it stay closed, and Temporal's histories (open runs go on
 * from their record).
 * @param about.sandbox the records of the installation's own sandboxes; null where it has none
 */
export async function writeBackup(
  url: string,
  path: string,
  about: BackupAbout,
): Promise<{ rows: number; tables: number; records: number | null }> {
  const client = new pg.Client({ connectionString: url, application_name: 'signalbox backup' })
  await client.connect()
  const unfinished = `${path}.unfinished`
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const counts: { [table: string]: number } = {}
    const file = createWriteStream(unfinished, { mode: 0o600, flags: 'w' })
    await pipeline(Readable.from(lines(client, counts, about)), createGzip(), file)
    await client.query('COMMIT')
    await rename(unfinished, path)
    const ofDatabase = Object.entries(counts).filter(([table]) => !table.startsWith(OF_SANDBOX))
    const rows = ofDatabase.reduce((sum, [, n]) => sum + n, 0)
    const records = about.sandbox?.reduce((sum, page) => sum + page.rows.length, 0) ?? null
    return { rows, tables: ofDatabase.length, records }
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  } finally {
    await client.end()
  }
}

async function* lines(
  client: pg.Client,
  counts: { [table: string]: number },
  about: BackupAbout,
): AsyncGenerator<string> {
  yield `${JSON.stringify(await header(client, about))}\n`
  for (const table of await tablesInOrder(client)) {
    counts[table] = 0
    await client.query(
      `DECLARE rows NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS row FROM public."${table}" AS t`,
    )
    for (;;) {
      const { rows } = await client.query<{ row: string }>(`FETCH ${ROWS_EACH} FROM rows`)
      if (rows.length === 0) break
      counts[table] += rows.length
      yield `${table}\t[${rows.map(({ row }) => row).join(',')}]\n`
    }
    await client.query('CLOSE rows')
  }
  for (const { table, rows } of about.sandbox ?? []) {
    const name = `${OF_SANDBOX}${table}`
    counts[name] = (counts[name] ?? 0) + rows.length
    yield `${name}\t${JSON.stringify(rows)}\n`
  }
  const footer: BackupFooter = { end: true, rows: counts }
  yield `${JSON.stringify(footer)}\n`
}

async function header(client: pg.Client, about: BackupAbout): Promise<BackupHeader> {
  const migrations = await client.query<{ name: string }>('SELECT name FROM kysely_migration ORDER BY name')
  const sequences = await client.query<{ name: string; last: string }>(
    `SELECT sequencename AS name, last_value::text AS last FROM pg_sequences
     WHERE schemaname = 'public' AND last_value IS NOT NULL`,
  )
  return {
    signalbox: 'backup',
    format: 2,
    version: about.version,
    createdAt: new Date(about.now).toISOString(),
    migrations: migrations.rows.map(({ name }) => name),
    sequences: sequences.rows,
  }
}
