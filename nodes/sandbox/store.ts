import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Json } from '../manifest.ts'

export type RecordBody = { [name: string]: Json }

/** Values a record can be found by. A missing, null or empty value leaves no key. */
export type RecordKeys = { [name: string]: string | null | undefined }

export interface StoredRecord {
  id: string
  body: RecordBody
}

/** One app's records. Every change is committed when the call returns (or when the outermost `transaction` does). */
export interface SandboxStore {
  get(type: string, id: string): RecordBody | undefined
  /** Writes the whole record and replaces its keys. */
  put(type: string, record: StoredRecord, keys?: RecordKeys): void
  remove(type: string, id: string): boolean
  /** Oldest first. */
  list(type: string, page?: { limit: number; offset: number }): StoredRecord[]
  count(type: string): number
  /** Records with this key value, oldest first; values compare without regard to case. */
  find(type: string, key: string, value: string): StoredRecord[]
  /** 1, 2, 3 … per name, never the same twice, even after a kill. */
  next(name: string): number
  /** All or nothing; nests. The work must be synchronous. */
  transaction<T>(work: () => T): T
  /** Empties the app but for the types to keep: records and their keys. Counters go on, so that no id is used twice. */
  clear(keep: string[]): void
}

export interface Database {
  sqlite: DatabaseSync
  forApp(app: string): SandboxStore
  close(): void
}

const SCHEMA = `
create table if not exists record (
  seq integer primary key, app text not null, type text not null, id text not null, body text not null,
  unique (app, type, id));
create table if not exists record_key (
  app text not null, type text not null, name text not null, value text not null, seq integer not null,
  primary key (app, type, name, value, seq)) without rowid;
create index if not exists record_key_of on record_key (seq);
create table if not exists counter (app text not null, name text not null, value integer not null, primary key (app, name)) without rowid;
create table if not exists request (
  id integer primary key, app text not null, at integer not null, method text not null, path text not null,
  query text not null, status integer, ms real not null, fault text, request_headers text not null,
  request_body text, response_body text);
create index if not exists request_newest on request (app, id);
create table if not exists fault (id integer primary key, app text not null, rule text not null, seen integer not null, fired integer not null);
`

/**
 * Opens `<dataDir>/sandbox.db`, or a database in memory for `null`.
 * WAL with synchronous=NORMAL: a commit survives kill -9 of the process without an fsync per call; only a power loss
 * could take the last moments, and the sandbox is no system of record.
 * @throws DatabaseInUse
 */
export function openDatabase(dataDir: string | null): Database {
  if (dataDir !== null) mkdirSync(dataDir, { recursive: true })
  const path = dataDir === null ? ':memory:' : join(dataDir, 'sandbox.db')
  const sqlite = new DatabaseSync(path)
  try {
    // Exclusive: one process owns the file, and no statement pays for locks.
    sqlite.exec(
      'pragma busy_timeout = 5000; pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal',
    )
    sqlite.exec(SCHEMA)
  } catch (error) {
    sqlite.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) throw new DatabaseInUse(path)
    throw error
  }
  return { sqlite, forApp: (app) => appStore(sqlite, app), close: () => sqlite.close() }
}

const SQLITE_BUSY = 5

/** Another sandbox has the data folder. */
export class DatabaseInUse extends Error {
  constructor(path: string) {
    super(`${path} is in use by another process. End that sandbox, or set SIGNALBOX_DATA_DIR to another folder.`)
    this.name = 'DatabaseInUse'
  }
}

const asRecord = (row: { [name: string]: unknown }): StoredRecord => ({
  id: row.id as string,
  body: JSON.parse(row.body as string) as RecordBody,
})

function appStore(sqlite: DatabaseSync, app: string): SandboxStore {
  const sql = (text: string) => {
    const statement = sqlite.prepare(text)
    return {
      get: (...values: SQLInputValue[]) => statement.get(...values) as { [name: string]: unknown } | undefined,
      all: (...values: SQLInputValue[]) => statement.all(...values) as Array<{ [name: string]: unknown }>,
      run: (...values: SQLInputValue[]) => statement.run(...values).changes,
    }
  }
  const select = sql('select id, body from record where app = ? and type = ? and id = ?')
  const upsert = sql(`insert into record (app, type, id, body) values (?, ?, ?, ?)
    on conflict (app, type, id) do update set body = excluded.body returning seq`)
  const dropKeys = sql('delete from record_key where seq = ?')
  const addKey = sql('insert or ignore into record_key (app, type, name, value, seq) values (?, ?, ?, ?, ?)')
  const seqOf = sql('select seq from record where app = ? and type = ? and id = ?')
  const drop = sql('delete from record where seq = ?')
  const page = sql('select id, body from record where app = ? and type = ? order by seq limit ? offset ?')
  const tally = sql('select count(*) as n from record where app = ? and type = ?')
  const byKey = sql(`select r.id, r.body from record_key k join record r on r.seq = k.seq
    where k.app = ? and k.type = ? and k.name = ? and k.value = ? order by r.seq`)
  const count = sql(`insert into counter (app, name, value) values (?, ?, 1)
    on conflict (app, name) do update set value = value + 1 returning value`)
  const transaction = transactions(sqlite)

  return {
    transaction,
    get: (type, id) => {
      const row = select.get(app, type, id)
      return row && asRecord(row).body
    },
    put: (type, record, keys = {}) =>
      transaction(() => {
        const seq = Number(upsert.get(app, type, record.id, JSON.stringify(record.body))?.seq)
        dropKeys.run(seq)
        for (const [name, value] of Object.entries(keys))
          if (value) addKey.run(app, type, name, value.toLowerCase(), seq)
      }),
    remove: (type, id) =>
      transaction(() => {
        const row = seqOf.get(app, type, id)
        if (!row) return false
        dropKeys.run(Number(row.seq))
        return Number(drop.run(Number(row.seq))) > 0
      }),
    list: (type, range = { limit: -1, offset: 0 }) => page.all(app, type, range.limit, range.offset).map(asRecord),
    count: (type) => Number(tally.get(app, type)?.n),
    find: (type, key, value) => byKey.all(app, type, key, value.toLowerCase()).map(asRecord),
    next: (name) => Number(count.get(app, name)?.value),
    clear: (keep) =>
      transaction(() => {
        const others = `app = ? and type not in (${keep.map(() => '?').join(', ')})`
        for (const table of ['record_key', 'record'])
          sqlite.prepare(`delete from ${table} where ${others}`).run(app, ...keep)
      }),
  }
}

/** Nested calls join the outermost transaction, so that helpers can be atomic alone and together. */
function transactions(sqlite: DatabaseSync): <T>(work: () => T) => T {
  const [begin, commit, rollback] = [
    sqlite.prepare('begin immediate'),
    sqlite.prepare('commit'),
    sqlite.prepare('rollback'),
  ]
  return (work) => {
    if (sqlite.isTransaction) return work()
    begin.run()
    try {
      const result = work()
      commit.run()
      return result
    } catch (error) {
      rollback.run()
      throw error
    }
  }
}
