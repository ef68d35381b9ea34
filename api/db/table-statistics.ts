import type { Queryable, Statement } from './sql.ts'

/** A table's statistics are too old when it has this many times the pages they were made from. */
const GROWTH = 4

const OUTGROWN: Statement = {
  name: 'statistics-outgrown',
  text: `
SELECT t.oid::regclass::text AS name, (
    SELECT string_agg(DISTINCT quote_ident(a.attname), ', ') FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey) WHERE i.indrelid = t.oid) AS columns
FROM pg_class t
WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND EXISTS (SELECT 1 FROM pg_index WHERE indrelid = t.oid)
  AND pg_relation_size(t.oid) > current_setting('block_size')::bigint * ${GROWTH} * greatest(t.relpages, 1)
ORDER BY 1`,
}

/**
 * Has the database look at tables that have grown far beyond what its planner knows of them. Its own autovacuum does so
 * once a minute; a burst fills an empty table in a second, and a planner that takes it for empty reads all of a
 * workspace's events to find thirty, in every session that has prepared the statement, until somebody has looked.
 * @returns the tables, as SQL writes them
 */
export async function analyzeOutgrown(q: Queryable): Promise<string[]> {
  const tables = await q.rows<{ name: string; columns: string }>(OUTGROWN, [])
  // What no index holds decides no plan here, and documents take long. One that is being looked at is left to whoever does.
  for (const { name, columns } of tables)
    await q.rows({ name: `analyze-${name}`, text: `ANALYZE (SKIP_LOCKED) ${name} (${columns})` }, [])
  return tables.map(({ name }) => name)
}

const TIDY: Statement = { name: 'pending-vacuum', text: 'VACUUM (SKIP_LOCKED, TRUNCATE false) events_pending' }

/**
 * Clears away what worked events leave in the table of those that wait. Autovacuum comes once a minute, and after some
 * hundred thousand of them every look for work steps over them.
 */
export async function tidyPending(q: Queryable): Promise<void> {
  await q.rows(TIDY, [])
}
