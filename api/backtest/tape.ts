import type pg from 'pg'

/** Rows of a query, a page at a time; the next page is fetched while one is read. */
export interface Tape<T> {
  /** The next one; null at the end of the page. */
  peek(): T | null
  step(): void
  /** Whether the page is through and there may be another. */
  isRead(): boolean
  /** Waits for the next page. */
  turn(): Promise<void>
}

const PAGE = 5_000

/**
 * Opens a cursor in the caller's transaction, with which it ends.
 * @param of.name of the cursor: its own in the transaction
 * @param of.make of a row, as an array of its columns
 */
export async function openTape<R extends unknown[], T>(
  client: pg.ClientBase,
  of: { name: string; query: string; values: unknown[]; make: (row: R) => T },
): Promise<Tape<T>> {
  await client.query(`DECLARE ${of.name} NO SCROLL CURSOR FOR ${of.query}`, of.values)
  const fetch = async (): Promise<R[]> =>
    (await client.query<R>({ text: `FETCH ${PAGE} FROM ${of.name}`, rowMode: 'array' })).rows
  let coming: Promise<R[]> | null = null
  let rows: R[] = []
  let next = 0
  let current: T | null = null
  let ended = false
  const show = (): void => {
    const row = rows[next]
    current = row === undefined ? null : of.make(row)
  }
  return {
    peek: () => current,
    step: () => {
      next += 1
      show()
    },
    isRead: () => current === null && !ended,
    turn: async () => {
      rows = await (coming ?? fetch())
      next = 0
      ended = rows.length < PAGE
      coming = ended ? null : fetch()
      // Whoever does not come back for it has failed elsewhere already.
      coming?.catch(() => undefined)
      show()
    },
  }
}
