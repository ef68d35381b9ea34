import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type pg from 'pg'

/** What a store takes, by table with its indexes; in bytes. */
export type Sizes = { [table: string]: number }

/** Every table of the product's, as they lie on the disk: rows that are dead and not swept yet are in it. */
export async function postgresSizes(client: pg.Client): Promise<Sizes> {
  const { rows } = await client.query<{ name: string; bytes: string }>(`
    SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'`)
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes)]))
}

/** Temporal's file by table and index, pages that are free left out. What is still in its log counts as if it were in the file. */
export function temporalSizes(dataDir: string): Sizes {
  const database = new DatabaseSync(join(dataDir, 'temporal', 'temporal.db'), { readOnly: true })
  try {
    const rows = database.prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name').all()
    return Object.fromEntries(rows.map(({ name, bytes }) => [String(name), Number(bytes)]))
  } finally {
    database.close()
  }
}

/** What grew, the most first. */
export function growth(before: Sizes, after: Sizes): Array<{ table: string; bytes: number }> {
  return Object.entries(after)
    .map(([table, bytes]) => ({ table, bytes: bytes - (before[table] ?? 0) }))
    .filter(({ bytes }) => bytes !== 0)
    .sort((a, b) => b.bytes - a.bytes)
}

export const totalOf = (grown: ReadonlyArray<{ bytes: number }>): number =>
  grown.reduce((sum, { bytes }) => sum + bytes, 0)
