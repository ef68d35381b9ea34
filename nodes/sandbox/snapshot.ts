import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Json } from '../manifest.ts'
import { openDatabase } from './store.ts'

/** Records, what they are found by, counters and rules for faults; the log of calls is no data. In order of return. */
const TABLES = ['record', 'record_key', 'counter', 'fault']
const ROWS_EACH = 500

/** Some rows of one table of the sandboxes' database, by column. */
export interface SnapshotPage {
  table: string
  rows: Array<{ [column: string]: Json }>
}

/** All data of the sandboxes as of one instant: read without a pause, so that no call changes it meanwhile. */
export function readSnapshot(sqlite: DatabaseSync): SnapshotPage[] {
  return TABLES.flatMap((table) => {
    // The columns hold text and whole numbers only.
    const rows = sqlite.prepare(`select * from ${table}`).all() as SnapshotPage['rows']
    return Array.from({ length: Math.ceil(rows.length / ROWS_EACH) }, (_, page) => ({
      table,
      rows: rows.slice(page * ROWS_EACH, (page + 1) * ROWS_EACH).map((row) => ({ ...row })),
    }))
  })
}

/** Whether a data folder holds sandboxes' data. */
export const hasSnapshot = (dataDir: string): boolean => existsSync(join(dataDir, 'sandbox.db'))

/** The data in a folder whose sandboxes do not run. @throws DatabaseInUse when they do */
export function readSnapshotOf(dataDir: string): SnapshotPage[] {
  const { sqlite, close } = openDatabase(dataDir)
  try {
    return readSnapshot(sqlite)
  } finally {
    close()
  }
}

/** A snapshot being put into a data folder: beside what is there, until it is whole. */
export interface SnapshotWriter {
  /** @throws Error for a table or column that this version does not know */
  add(page: SnapshotPage): void
  /** Puts it in place of what is there. */
  commit(): void
  /** Leaves what is there. */
  abandon(): void
}

/** @throws DatabaseInUse when the folder's sandboxes run */
export function writeSnapshot(dataDir: string): SnapshotWriter {
  mkdirSync(dataDir, { recursive: true })
  if (hasSnapshot(dataDir)) openDatabase(dataDir).close()
  const beside = join(dataDir, 'sandbox.restoring')
  rmSync(beside, { recursive: true, force: true })
  const { sqlite, close } = openDatabase(beside)
  sqlite.exec('begin immediate')
  return {
    add: ({ table, rows }) => {
      if (!TABLES.includes(table)) throw new Error(`The sandboxes have no table "${table}".`)
      const known = new Set(
        sqlite
          .prepare(`pragma table_info(${table})`)
          .all()
          .map((column) => column['name']),
      )
      for (const row of rows) {
        const columns = Object.keys(row)
        const unknown = columns.find((column) => !known.has(column))
        if (unknown !== undefined) throw new Error(`The sandboxes’ table ${table} has no column "${unknown}".`)
        const places = columns.map(() => '?').join(', ')
        const values = Object.values(row) as SQLInputValue[]
        sqlite.prepare(`insert into ${table} (${columns.join(', ')}) values (${places})`).run(...values)
      }
    },
    commit: () => {
      sqlite.exec('commit')
      // Closing writes the log ahead into the file itself.
      close()
      for (const suffix of ['-wal', '-shm']) rmSync(join(dataDir, `sandbox.db${suffix}`), { force: true })
      renameSync(join(beside, 'sandbox.db'), join(dataDir, 'sandbox.db'))
      rmSync(beside, { recursive: true })
    },
    abandon: () => {
      close()
      rmSync(beside, { recursive: true, force: true })
    },
  }
}

/** A snapshot as running sandboxes answer it: whose it is, then a page a line. */
export function snapshotText(dataDir: string | null, pages: SnapshotPage[]): string {
  const whose = { dataDir: dataDir === null ? null : realpathSync(dataDir) }
  return [whose, ...pages].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** @returns null when it is not of this data folder's sandboxes */
export function parseSnapshot(text: string, dataDir: string): SnapshotPage[] | null {
  const [first = '{}', ...pages] = text.trimEnd().split('\n')
  const { dataDir: whose } = JSON.parse(first) as { dataDir?: string | null }
  return whose === realpathSync(dataDir) ? pages.map((page) => JSON.parse(page) as SnapshotPage) : null
}
