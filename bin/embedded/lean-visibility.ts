import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** The development server's file is written to by the server; a lock is waited for. */
const BUSY_MS = 5_000

/**
 * Drops the indexes of the development server's list of workflows. It has one for each search attribute that anybody
 * may ever set, fifty-seven of them, and writes all of them for each workflow; nothing here lists workflows, and for a
 * person who does, a file of this size is read at once. Two thirds of what a run takes in the file were these.
 * To be called while the server is down, and once it has made a new file: SQLite prepares its statements again, but a
 * server that is at work waits meanwhile. Does nothing where they are gone, or there is no file yet.
 */
export function dropVisibilityIndexes(file: string): void {
  if (!existsSync(file)) return
  const database = new DatabaseSync(file, { timeout: BUSY_MS })
  try {
    const indexes = database
      .prepare(
        `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND name LIKE 'by_%'`,
      )
      .all()
    if (indexes.length === 0) return
    database.exec('BEGIN IMMEDIATE')
    for (const { name } of indexes) database.exec(`DROP INDEX "${String(name).replaceAll('"', '""')}"`)
    database.exec('COMMIT')
  } finally {
    database.close()
  }
}
