import type pg from 'pg'

/** Kept by the migrator itself. */
const NOT_DATA = new Set(['kysely_migration', 'kysely_migration_lock'])

/** All tables with data, each after the ones it refers to, so that rows can be put back in this order. */
export async function tablesInOrder(client: pg.ClientBase): Promise<string[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    // Of a table in parts the whole: where its rows go is found out again as they are put back.
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname`,
  )
  const { rows: references } = await client.query<{ from: string; to: string }>(
    `SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to"
     FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`,
  )
  const left = new Set(tables.map(({ name }) => name).filter((name) => !NOT_DATA.has(name)))
  const ordered: string[] = []
  while (left.size > 0) {
    const free = [...left].filter(
      (name) => !references.some(({ from, to }) => from === name && to !== name && left.has(to)),
    )
    if (free.length === 0) throw new Error(`The tables ${[...left].join(', ')} refer to each other in a circle.`)
    for (const name of free) left.delete(name)
    ordered.push(...free)
  }
  return ordered
}
