import type pg from 'pg'

/** Kept events lie in one table a quarter of their own time: old ones go by dropping a table, windows read few of them. */

/** Held while parts are made, so that processes that start together make each once. */
const PARTS_LOCK = 0x51_6e_a2
/** Quarters that stand ready before and after the current one; a clock ahead of ours finds its table too. */
const BEFORE = 4
const AHEAD = 2

export interface Quarter {
  /** The part's table. */
  name: string
  /** ISO dates, UTC: from the first to before the second. */
  from: string
  to: string
}

/** @param offset quarters after the one that holds `now`; negative: before it */
export function quarterOf(now: number, offset: number): Quarter {
  const date = new Date(now)
  const first = Date.UTC(date.getUTCFullYear(), (Math.floor(date.getUTCMonth() / 3) + offset) * 3)
  const start = new Date(first)
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 3))
  return {
    name: `events_${start.getUTCFullYear()}_q${start.getUTCMonth() / 3 + 1}`,
    from: start.toISOString().slice(0, 10),
    to: end.toISOString().slice(0, 10),
  }
}

/**
 * Makes the tables of the quarters around now that are not there yet, each in a transaction of its own. Events that
 * came before their quarter's table move into it.
 * @param now milliseconds since 1970
 * @returns names of the tables made
 */
export async function ensureEventParts(pool: pg.Pool, now: number): Promise<string[]> {
  const made: string[] = []
  for (let offset = -BEFORE; offset <= AHEAD; offset++) {
    const quarter = quarterOf(now, offset)
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      await client.query('BEGIN')
      await client.query('SELECT pg_advisory_xact_lock($1)', [PARTS_LOCK])
      const { rowCount } = await client.query(`SELECT 1 FROM pg_class WHERE oid = to_regclass($1)`, [quarter.name])
      if (rowCount === 0) {
        await makePart(client, quarter)
        made.push(quarter.name)
      }
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure))
      })
      throw error
    } finally {
      client.release(broken)
    }
  }
  return made
}

async function makePart(client: pg.PoolClient, { name, from, to }: Quarter): Promise<void> {
  const bounds = `FROM ('${from}T00:00:00Z') TO ('${to}T00:00:00Z')`
  const within = `occurred_at >= '${from}T00:00:00Z' AND occurred_at < '${to}T00:00:00Z'`
  // Nobody adds to the rest while its rows move: a part cannot be attached while the rest holds rows of its time.
  await client.query('LOCK TABLE events_kept_rest IN ACCESS EXCLUSIVE MODE')
  await client.query(`CREATE TABLE ${name} (LIKE events_kept INCLUDING CONSTRAINTS INCLUDING DEFAULTS)`)
  await client.query(
    `WITH moved AS (DELETE FROM events_kept_rest WHERE ${within} RETURNING *) INSERT INTO ${name} SELECT * FROM moved`,
  )
  await client.query(`ALTER TABLE events_kept ATTACH PARTITION ${name} FOR VALUES ${bounds}`)
}
