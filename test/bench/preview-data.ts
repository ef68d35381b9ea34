import type pg from 'pg'
import { ensureEventParts } from '../../api/db/event-parts.ts'

/** How much there is to count, and over what time it happened. */
export interface PreviewSize {
  contacts: number
  events: number
  days: number
}

export const PREVIEW_WORKSPACE = '0a000000-0000-7000-8000-000000000000'
const EVENTS_AT_ONCE = 1_000_000

/**
 * Fills a migrated, empty database by a few large statements: contacts with a dozen properties, of whom a few do much and many little,
 * half of all events logins. Rows lie in order of time, as they would have come in.
 * @param now milliseconds since 1970: when the newest event happened
 */
export async function fillPreviewData(pool: pg.Pool, now: number, size: PreviewSize): Promise<void> {
  await ensureEventParts(pool, now)
  const client = await pool.connect()
  try {
    await client.query(`SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SELECT setseed(0.4)`)
    await client.query(`INSERT INTO workspaces (id, slug, name, created_at) VALUES ($1, 'bench', 'Bench', $2)`, [
      PREVIEW_WORKSPACE,
      new Date(now),
    ])
    const restore = await withoutIndexes(client, ['contacts', 'events', 'events_kept'])
    await client.query(CONTACTS, [PREVIEW_WORKSPACE, size.contacts, new Date(now)])
    for (let from = 0; from < size.events; from += EVENTS_AT_ONCE)
      await client.query(EVENTS, [
        PREVIEW_WORKSPACE,
        from,
        Math.min(from + EVENTS_AT_ONCE, size.events) - 1,
        size.events,
        size.contacts,
        new Date(now),
        size.days * 86_400,
      ])
    await restore()
    // As autovacuum leaves tables behind some time after they were filled.
    await client.query('VACUUM (ANALYZE)')
    await client.query('CHECKPOINT')
  } finally {
    client.release()
  }
}

const ID = (n: string): string => `('01900000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`

const CONTACTS = `
INSERT INTO contacts (workspace_id, id, external_id, email, name, properties, created_at, updated_at)
SELECT $1, ${ID('n')}, 'user-' || n, 'user-' || n || '@customer.example', 'Person ' || n, jsonb_build_object(
    'plan', (ARRAY['free', 'free', 'free', 'team', 'team', 'pro', 'enterprise'])[1 + n % 7], 'seats', (n * 37) % 500,
    'mrr', round((random() * 1000)::numeric, 2), 'country', (ARRAY['de', 'us', 'fr', 'gb', 'jp'])[1 + n % 5],
    'role', CASE WHEN n % 10 = 0 THEN 'admin' ELSE 'member' END, 'signedUpAt', to_char($3::timestamptz - n * interval '30 seconds', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'language', 'en', 'newsletter', n % 3 = 0, 'tags', jsonb_build_array('beta', 'wave-' || n % 9)), $3, $3
FROM generate_series(1, $2::int) AS n`

const EVENTS = `
INSERT INTO events (workspace_id, id, message_id, kind, name, lane, subject_key, body, occurred_at, received_at, status, position, contact_id, processed_at)
SELECT $1, gen_random_uuid(), 'bench-' || n, 'track',
  CASE WHEN kind < 0.5 THEN 'login' WHEN kind < 0.7 THEN 'Report Exported' WHEN kind < 0.72 THEN 'Seat Limit Reached' ELSE 'Page Opened ' || (kind * 100)::int END,
  0, 'user_id:user-' || who, jsonb_build_object('properties', jsonb_build_object('source', 'web', 'amount', n % 1000, 'page', '/reports/' || n % 50),
    'context', jsonb_build_object('ip', '192.0.2.1', 'locale', 'en-GB')),
  at, at, 'done', n, ${ID('who')}, at
FROM (SELECT n, random() AS kind, 1 + floor(power(random(), 1.5) * $5::int)::int AS who,
    $6::timestamptz - ((1 - n::float8 / $4::int) * $7::int) * interval '1 second' AS at
  FROM generate_series($2::int, $3::int) AS n OFFSET 0) AS made`

/** Takes away what would be kept up row by row; the answer builds it again at once. */
async function withoutIndexes(client: pg.PoolClient, tables: string[]): Promise<() => Promise<void>> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid::regclass::text = ANY($1) AND NOT indisunique`,
    [tables],
  )
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`)
  // Of a partitioned table the definition names the parent alone, and its parts would have none.
  return async () => {
    for (const { definition } of rows) await client.query(definition.replace(' ON ONLY ', ' ON '))
  }
}
