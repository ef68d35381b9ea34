import type { Queryable, Statement } from './sql.ts'

/** A table's statistics are too old when it has this many times the pages they were made from. */
const GROWTH = 4
/** Below this many pages every plan is quick. */
const SMALL_PAGES = 8

const OUTGROWN: Statement = {
  name: 'statistics-outgrown',
  text: `
SELECT oid::regclass::text AS name FROM pg_class
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
  AND pg_relation_size(oid) > current_setting('block_size')::bigint * ${GROWTH} * greatest(relpages, ${SMALL_PAGES})
ORDER BY 1`,
}

/**
 * Has the database look at tables that have grown far beyond what its planner knows of them. Its own autovacuum does so
 * once a minute; a burst fills an empty table in a second, and a planner that takes it for empty reads all of a
 * workspace's events to find thirty, in every session that has prepared the statement, until somebody has looked.
 * @returns the tables, as SQL writes them
 */
export async function analyzeOutgrown(q: Queryable): Promise<string[]> {
  const tables = (await q.rows<{ name: string }>(OUTGROWN, [])).map(({ name }) => name)
  // One that is being looked at already is left to whoever does.
  for (const name of tables) await q.rows({ name: `analyze-${name}`, text: `ANALYZE (SKIP_LOCKED) ${name}` }, [])
  return tables
}
