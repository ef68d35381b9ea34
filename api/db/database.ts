import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from './schema.ts'

export type Db = Kysely<Database>

export interface OpenedDatabase {
  db: Db
  /** The same pool, for LISTEN and for libraries that want one. */
  pool: pg.Pool
  close(): Promise<void>
}

/** A look-up in an index for each row that is asked for, and no table, or all of a workspace's rows, beside them. */
const BY_INDEXES = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off'

/**
 * Opens a pool on a migrated database.
 * @param url a `postgres://` URL
 * @param options.max connections at most; sum over all processes must stay under the server's limit
 * @param options.onError told of errors of idle clients (a stopped Postgres must not end the process)
 * @param options.byIndexes for statements that look rows up by their keys, are prepared once and run all day: one that was
 *   planned in a moment when a table was all but empty would else read all of it, to find a few, ever after
 */
export function openDatabase(
  url: string,
  options: { max?: number; onError?: (error: Error) => void; byIndexes?: boolean } = {},
): OpenedDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: 'signalbox',
    ...(options.byIndexes ? { options: BY_INDEXES } : {}),
  })
  pool.on('error', (error) => options.onError?.(error))
  // A client that is lost between two statements of a transaction has nobody who listens; the next statement says so.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  const close = async (): Promise<void> => {
    await db.destroy()
    // Kysely ends a pool that it has used; left alone, connections would keep the process for their idle time.
    if (!pool.ending) await pool.end()
  }
  return { db, pool, close }
}
