import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import pg from 'pg'
import { hasSnapshot, type SnapshotPage, type SnapshotWriter, writeSnapshot } from '../../nodes/sandbox/snapshot.ts'
import { DatabaseInUse } from '../../nodes/sandbox/store.ts'
import { knownMigrations, migrateToLatest, migrateTo } from '../db/migrate.ts'
import { tablesInOrder } from './table-order.ts'
import { type BackupFooter, type BackupHeader, OF_SANDBOX } from './write-backup.ts'

/** What a person can mend about a restore. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused'
}

const KEPT_ASIDE = 'signalbox_before_restore'

/**
 * Puts a backup into a database: checks the whole file first, loads it beside what is there, and only then replaces
 * that. A failure leaves the database as it was.
 * @param options.force replaces data that is there
 * @param options.sandboxDir the data folder of the installation's own sandboxes; null where it has none
 * @returns `records`: the sandboxes' rows, or that they were left out, or null where the backup has none
 * @throws RestoreRefused
 */
export async function restoreBackup(
  url: string,
  path: string,
  options: { force: boolean; sandboxDir: string | null },
): Promise<{ rows: number; records: number | 'left' | null; createdAt: string }> {
  const { header, footer } = await checkFile(path)
  const unknown = header.migrations.filter((name) => !knownMigrations().includes(name))
  const newest = header.migrations.at(-1)
  if (unknown.length > 0 || newest === undefined)
    throw new RestoreRefused(
      `The backup was made by a newer Signalbox (${header.version}; it has ${unknown.join(', ') || 'no migrations'}). Restore it with that version.`,
    )
  const records = countOf(footer, (table) => table.startsWith(OF_SANDBOX))
  const sandbox = records === 0 ? null : await loadSandbox(path, options)
  try {
    await restoreDatabase(url, path, { header, newest, force: options.force })
  } catch (error) {
    sandbox?.abandon()
    throw error
  }
  sandbox?.commit()
  return {
    rows: countOf(footer, (table) => !table.startsWith(OF_SANDBOX)),
    records: records === 0 ? null : sandbox === null ? 'left' : records,
    createdAt: header.createdAt,
  }
}

const countOf = ({ rows }: BackupFooter, counts: (table: string) => boolean): number =>
  Object.entries(rows).reduce((sum, [table, n]) => (counts(table) ? sum + n : sum), 0)

async function restoreDatabase(
  url: string,
  path: string,
  { header, newest, force }: { header: BackupHeader; newest: string; force: boolean },
): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'signalbox restore' })
  await client.connect()
  try {
    await refuseBusy(client)
    if (!force) await refuseData(client)
    await client.query(`DROP SCHEMA IF EXISTS ${KEPT_ASIDE} CASCADE`)
    await client.query(`ALTER SCHEMA public RENAME TO ${KEPT_ASIDE}`)
    try {
      await client.query('CREATE SCHEMA public')
      await migrateTo(url, newest)
      await load(client, path, header)
      await migrateToLatest(url)
    } catch (error) {
      await client.query('DROP SCHEMA IF EXISTS public CASCADE')
      await client.query(`ALTER SCHEMA ${KEPT_ASIDE} RENAME TO public`)
      throw error
    }
    await client.query(`DROP SCHEMA ${KEPT_ASIDE} CASCADE`)
  } finally {
    await client.end()
  }
}

/** Beside what the sandboxes have; put in its place once the database is restored. */
async function loadSandbox(
  path: string,
  { force, sandboxDir }: { force: boolean; sandboxDir: string | null },
): Promise<SnapshotWriter | null> {
  if (sandboxDir === null) return null
  if (!force && hasSnapshot(sandboxDir))
    throw new RestoreRefused(
      `The sandboxes in ${sandboxDir} have records already. Restore into an empty data folder, or add --force to replace what is there.`,
    )
  const writer = openWriter(sandboxDir)
  try {
    for await (const line of linesOf(path)) {
      const tab = line.indexOf('\t')
      if (!line.startsWith(OF_SANDBOX) || tab <= 0) continue
      writer.add({
        table: line.slice(OF_SANDBOX.length, tab),
        rows: JSON.parse(line.slice(tab + 1)) as SnapshotPage['rows'],
      })
    }
    return writer
  } catch (error) {
    writer.abandon()
    throw error
  }
}

function openWriter(dataDir: string): SnapshotWriter {
  try {
    return writeSnapshot(dataDir)
  } catch (error) {
    if (error instanceof DatabaseInUse)
      throw new RestoreRefused(`The sandboxes of ${dataDir} are running. Stop Signalbox first, then restore.`)
    throw error
  }
}

async function checkFile(path: string): Promise<{ header: BackupHeader; footer: BackupFooter }> {
  let header: BackupHeader | null = null
  let last = ''
  const counts: { [table: string]: number } = {}
  try {
    for await (const line of linesOf(path)) {
      header ??= readHeader(line)
      const tab = line.indexOf('\t')
      if (tab > 0 && !line.startsWith('{')) {
        const table = line.slice(0, tab)
        counts[table] = (counts[table] ?? 0) + (JSON.parse(line.slice(tab + 1)) as unknown[]).length
      }
      last = line
    }
  } catch (error) {
    if (error instanceof RestoreRefused) throw error
    throw new RestoreRefused(
      `${path} cannot be read as a backup (${error instanceof Error ? error.message : String(error)}). Name a file that "signalbox backup" made.`,
      { cause: error },
    )
  }
  const footer = header === null || !last.startsWith('{"end":true') ? null : (JSON.parse(last) as BackupFooter)
  if (header === null || footer === null || !sameCounts(footer.rows, counts))
    throw new RestoreRefused(`${path} is not a whole backup: its end is missing. Take another one.`)
  return { header, footer }
}

function readHeader(line: string): BackupHeader {
  if (!line.startsWith('{"signalbox":"backup"'))
    throw new RestoreRefused('This is not a backup of Signalbox. Name a file that "signalbox backup" made.')
  const header = JSON.parse(line) as BackupHeader
  if (header.format !== 1 && header.format !== 2)
    throw new RestoreRefused(
      `The backup has the form ${JSON.stringify((header as { format: unknown }).format)}, which this version does not know. Update Signalbox.`,
    )
  return header
}

const sameCounts = (said: { [table: string]: number }, seen: { [table: string]: number }): boolean =>
  Object.entries(said).every(([table, n]) => (seen[table] ?? 0) === n)

/** By hand, because readline passes over the errors of what it reads: a cut-off file would look like a shorter one. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path)
  const plain = createGunzip()
  file.on('error', (error) => plain.destroy(error))
  file.pipe(plain)
  plain.setEncoding('utf8')
  let rest = ''
  for await (const chunk of plain) {
    const parts = (rest + String(chunk)).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest !== '') yield rest
}

async function load(client: pg.Client, path: string, header: BackupHeader): Promise<void> {
  await client.query('BEGIN')
  try {
    const known = new Set(await tablesInOrder(client))
    for await (const line of linesOf(path)) {
      const tab = line.indexOf('\t')
      if (tab <= 0 || line.startsWith('{') || line.startsWith(OF_SANDBOX)) continue
      const table = line.slice(0, tab)
      if (!known.has(table)) throw new RestoreRefused(`The backup has a table "${table}" that its schema has not.`)
      await client.query(
        `INSERT INTO public."${table}" OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::public."${table}", $1::json)`,
        [line.slice(tab + 1)],
      )
    }
    for (const { name, last } of header.sequences)
      await client.query('SELECT setval($1::regclass, $2)', [`public.${name}`, last])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

async function refuseBusy(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ n: string }>(
    `SELECT count(*) AS n FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'signalbox%'`,
  )
  if (rows[0]?.n !== '0')
    throw new RestoreRefused('Signalbox is running on this database. Stop it (API and workers) first, then restore.')
}

async function refuseData(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('public.workspaces') IS NOT NULL AS there`,
  )
  if (rows[0]?.there !== true) return
  const { rows: some } = await client.query('SELECT 1 FROM workspaces LIMIT 1')
  if (some.length > 0)
    throw new RestoreRefused(
      'The database has data already. Restore into an empty one, or add --force to replace what is there.',
    )
}
