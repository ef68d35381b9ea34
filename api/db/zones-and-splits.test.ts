import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { openDatabase } from './database.ts'
import { migrateTo, migrateToLatest } from './migrate.ts'
import { newId } from './new-id.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
})
afterAll(() => database.drop())

const step = (id: string, key: string) => ({ id, op: 'split', key, arms: [] })

it('a workspace is where its quiet hours were, and nobody changes arms', async () => {
  await migrateTo(database.url, '0012-loops')
  const { db, close } = openDatabase(database.url)
  try {
    const at = new Date()
    const ids = new Map(['quiet', 'other', 'plain', 'odd'].map((slug, n) => [slug, newId(at.getTime() + n)] as const))
    for (const [slug, id] of ids)
      await sql`INSERT INTO workspaces (id, slug, name, created_at) VALUES (${id}, ${slug}, ${slug}, ${at})`.execute(db)
    await sql`UPDATE workspaces SET time_zone = 'Asia/Tokyo' WHERE slug = 'other'`.execute(db)
    for (const [slug, zone] of [
      ['quiet', 'Europe/Berlin'],
      ['other', 'Europe/Berlin'],
      // Schedules could not take it.
      ['odd', 'europe/berlin'],
    ] as const) {
      const quiet = JSON.stringify({ from: '21:00', to: '08:00', zone, property: null })
      await sql`INSERT INTO contact_rules (workspace_id, quiet, updated_at) VALUES (${ids.get(slug)}, ${quiet}, ${at})`.execute(
        db,
      )
    }
    const workspaceId = ids.get('plain')
    const playbookId = newId(at.getTime() + 9)
    await sql`INSERT INTO playbooks (workspace_id, id, slug, name, draft, created_at, updated_at)
      VALUES (${workspaceId}, ${playbookId}, 'p', 'P', '{}', ${at}, ${at})`.execute(db)
    const versions = [
      [step('offer', 'offer'), step('named', 'spring')],
      [step('offer', 'offer'), step('late', 'late')],
    ]
    for (const [n, steps] of versions.entries()) {
      const plan = JSON.stringify({ kind: 'plan', steps })
      await sql`INSERT INTO plans (workspace_id, hash, plan, created_at) VALUES (${workspaceId}, ${`h${n}`}, ${plan}, ${at})`.execute(
        db,
      )
      await sql`INSERT INTO playbook_versions (workspace_id, playbook_id, version, document, plan_hash, published_by, published_at)
        VALUES (${workspaceId}, ${playbookId}, ${n + 1}, '{}', ${`h${n}`}, 'ada', ${at})`.execute(db)
    }
    await migrateToLatest(database.url)
    const { rows } = await sql<{ slug: string; zone: string; quiet: string | null }>`
      SELECT slug, time_zone AS zone, quiet ->> 'zone' AS quiet
      FROM workspaces LEFT JOIN contact_rules ON workspace_id = id ORDER BY slug`.execute(db)
    expect(rows).toEqual([
      { slug: 'odd', zone: 'UTC', quiet: 'europe/berlin' },
      { slug: 'other', zone: 'Asia/Tokyo', quiet: 'Europe/Berlin' },
      { slug: 'plain', zone: 'UTC', quiet: null },
      { slug: 'quiet', zone: 'Europe/Berlin', quiet: null },
    ])
    const { plain_splits: plain } = await db.selectFrom('playbooks').select('plain_splits').executeTakeFirstOrThrow()
    expect(plain).toEqual(['late', 'offer'])
  } finally {
    await close()
  }
})
