import { CompiledQuery, type Transaction } from 'kysely'
import type pg from 'pg'
import type { Database } from './schema.ts'

/** A statement with a name, so that each connection prepares it once: hot paths pay no parsing. */
export interface Statement {
  name: string
  text: string
}

/** What the stores of the hot paths run on: a transaction of either kind. */
export interface Queryable {
  rows<R>(statement: Statement, values: unknown[]): Promise<R[]>
}

/**
 * A column of times as milliseconds since 1970. Times are kept to the millisecond, so rounding loses nothing, and doubles
 * are many times as quick as the decimals of `extract`.
 */
export const msOf = (column: string): string => `round(date_part('epoch', ${column}) * 1000)`

/** A Kysely transaction as a `Queryable`, for callers that hold one (the API's handlers). */
export const onTransaction = (trx: Transaction<Database>): Queryable => ({
  rows: async <R>(statement: Statement, values: unknown[]) =>
    (await trx.executeQuery(CompiledQuery.raw(statement.text, values))).rows as R[],
})

/** A connection that the caller holds, with whatever transaction it is in. */
export const onClient = (client: pg.ClientBase): Queryable => ({
  rows: async <R>(statement: Statement, values: unknown[]) =>
    (await client.query({ name: statement.name, text: statement.text, values })).rows as R[],
})

/** Runs single statements, each its own transaction. */
export const onPool = (pool: pg.Pool): Queryable => ({
  rows: async <R>(statement: Statement, values: unknown[]) =>
    (await pool.query({ name: statement.name, text: statement.text, values })).rows as R[],
})

/** One transaction on the pool (read committed): commits when `work` resolves, rolls back when it rejects. */
export async function inTransaction<T>(pool: pg.Pool, work: (q: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(onClient(client))
    await client.query('COMMIT')
    return result
  } catch (error) {
    // A connection that cannot even roll back is closed, which rolls back.
    await client.query('ROLLBACK').catch((failure: unknown) => {
      broken = failure instanceof Error ? failure : new Error(String(failure))
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** The SQLSTATE of a database error, or null for anything else. */
export function sqlState(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  const { code } = error
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null
}
