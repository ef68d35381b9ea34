import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { postgresUrl } from '../../bin/embedded/postgres.ts'
import { withPostgres } from '../../bin/embedded/temporary-postgres.ts'
import { migrateToLatest } from '../../api/db/migrate.ts'
import { ensureEventParts } from '../../api/db/event-parts.ts'

/** A database of a scenario: migrated, with the tables of the quarters around `now`. */
export interface OwnDatabase {
  url: string
  drop: () => Promise<void>
}

/**
 * A Postgres of the scenario's own on this machine's disk, set up as `npm start` sets it up; gone afterwards.
 * @param now milliseconds since 1970
 */
export async function withOwnPostgres<T>(
  now: number,
  work: (create: () => Promise<OwnDatabase>) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'signalbox-scenario-'))
  // The postgres user, when this runs as root, has to pass through.
  await chmod(root, 0o711)
  const password = 'scenario'
  try {
    return await withPostgres(
      { dataDir: join(root, 'postgres'), password, durable: true, pids: join(root, 'pids') },
      (port) => work(() => createDatabase(postgresUrl({ port, password }, 'postgres'), now)),
    )
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

let made = 0
async function createDatabase(adminUrl: string, now: number): Promise<OwnDatabase> {
  made += 1
  const name = `scenario_${made}`
  await asAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE template0`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  await migrateToLatest(url.href)
  const pool = new pg.Pool({ connectionString: url.href, max: 1 })
  try {
    await ensureEventParts(pool, now)
  } finally {
    await pool.end()
  }
  return { url: url.href, drop: () => asAdmin(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`) }
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    await admin.query(statement)
  } finally {
    await admin.end()
  }
}
