import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { type OpenedDatabase, openDatabase } from './database.ts'

let database: TestDatabase
let opened: OpenedDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  opened = openDatabase(database.url)
})
afterAll(async () => {
  await opened.close()
  await database.drop()
})

it('a connection lost between two statements fails its transaction and not the process', async () => {
  const broken = opened.db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(trx)
    await sql`SELECT pg_terminate_backend(${rows[0]?.pid})`.execute(opened.db)
    // The end of the connection arrives while no statement waits for it.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await sql`SELECT 1`.execute(trx)
  })
  await expect(broken).rejects.toThrow()
  expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(opened.db)).rows).toEqual([{ one: 1 }])
})
