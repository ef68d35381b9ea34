import pg from 'pg'
import { expect, it } from 'vitest'
import { createTestDatabase } from './postgres.ts'

it('gives each test file a database of its own and removes it', async () => {
  const [first, second] = await Promise.all([createTestDatabase({ empty: true }), createTestDatabase()])
  const client = new pg.Client({ connectionString: first.url })
  await client.connect()
  const { rows } = await client.query(
    'SELECT current_database() AS name, datcollate AS collation FROM pg_database WHERE datname = current_database()',
  )
  expect(rows[0].name).toBe(new URL(first.url).pathname.slice(1))
  await client.end()
  await Promise.all([first.drop(), second.drop()])
  await expect(new pg.Client({ connectionString: first.url }).connect()).rejects.toThrow(/does not exist/)
})
