import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { createBudgets } from './budget-store.ts'
import { openDatabase } from './database.ts'
import { knownMigrations, migrateTo, migrateToLatest } from './migrate.ts'
import { newId } from './new-id.ts'
import { onPool } from './sql.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
})
afterAll(() => database.drop())

it('an installation of the first version is brought to this one with its data, and budgets work on', async () => {
  const [first = '', ...later] = knownMigrations()
  await migrateTo(database.url, first)
  const { db, pool, close } = openDatabase(database.url)
  try {
    const at = new Date()
    const [workspaceId, connectionId] = [newId(at.getTime()), newId(at.getTime())]
    await sql`INSERT INTO workspaces (id, slug, name, created_at) VALUES (${workspaceId}, 'w', 'W', ${at})`.execute(db)
    await sql`INSERT INTO connections (workspace_id, id, slug, app, name, sealed, budget_calls, budget_per_ms, created_at, updated_at)
      VALUES (${workspaceId}, ${connectionId}, 'c', 'intercom', 'C', '', 1, 60000, ${at}, ${at})`.execute(db)
    await sql`INSERT INTO budgets (connection_id, workspace_id, next_at)
      VALUES (${connectionId}, ${workspaceId}, ${at.getTime() + 60_000})`.execute(db)
    expect((await migrateToLatest(database.url)).applied).toEqual(later)
    const taken = await createBudgets(onPool(pool), () => at.getTime()).take(connectionId, 1, null)
    expect(taken).toEqual({ granted: false, at: at.getTime() + 60_000 })
    expect((await migrateToLatest(database.url)).applied).toEqual([])
  } finally {
    await close()
  }
})
