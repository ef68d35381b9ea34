import { sql } from 'kysely'
import type { Scoped } from '../context.ts'
import type { EventSetting, EventSettings, PropertySetting, PropertySettings } from './settings-schemas.ts'

/** Counts are over the newest rows, so that the page opens at once however many there are. */
const EVENTS_COUNTED = 100_000
const SUBJECTS_COUNTED = 5_000

/** Names of events, those that came lately and those that somebody said something about, the most frequent first. */
export async function listEventSettings(scoped: Scoped): Promise<EventSettings> {
  const { db, workspaceId } = scoped
  const [seen, said] = await Promise.all([
    sql<{ name: string; count: number; last: Date; events: number; since: Date }>`
      WITH newest AS MATERIALIZED (
        SELECT kind, name, status, refusal->>'code' AS code, received_at FROM events
        WHERE workspace_id = ${workspaceId} ORDER BY seq DESC LIMIT ${EVENTS_COUNTED})
      SELECT name, count(*)::int AS count, max(received_at) AS last,
        (SELECT count(*)::int FROM newest) AS events, (SELECT min(received_at) FROM newest) AS since
      FROM newest WHERE kind = 'track' AND name IS NOT NULL AND (status <> 'refused' OR code = 'EVENT_IGNORED')
      GROUP BY name`.execute(db),
    db
      .selectFrom('event_settings')
      .select(['name', 'ignored', 'description'])
      .where('workspace_id', '=', workspaceId)
      .execute(),
  ])
  const rows = new Map<string, EventSetting>()
  for (const { name, count, last } of seen.rows)
    rows.set(name, { name, ignored: false, description: '', count, lastSeen: last.toISOString() })
  for (const { name, ignored, description } of said)
    rows.set(name, { name, count: 0, lastSeen: null, ...rows.get(name), ignored, description })
  const [any] = seen.rows
  return {
    data: [...rows.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)),
    nextCursor: null,
    counted: { events: any?.events ?? 0, since: any?.since.toISOString() ?? null },
  }
}

/** Properties of contacts and accounts, those that are there and those that somebody said something about, by name. */
export async function listPropertySettings(scoped: Scoped): Promise<PropertySettings> {
  const { db, workspaceId } = scoped
  const [contacts, accounts, said] = await Promise.all([
    countProperties(scoped, 'contact'),
    countProperties(scoped, 'account'),
    db
      .selectFrom('property_settings')
      .select(['subject', 'name', 'blocked', 'masked_below', 'description', 'type'])
      .where('workspace_id', '=', workspaceId)
      .execute(),
  ])
  const rows = new Map<string, PropertySetting>()
  const key = (of: { subject: string; name: string }): string => `${of.subject} ${of.name}`
  for (const row of [...contacts.data, ...accounts.data]) rows.set(key(row), row)
  for (const one of said) {
    const seen = rows.get(key(one))
    rows.set(key(one), {
      subject: one.subject,
      name: one.name,
      type: one.type ?? seen?.type ?? null,
      count: seen?.count ?? 0,
      lastSeen: seen?.lastSeen ?? null,
      blocked: one.blocked,
      maskedBelow: one.masked_below,
      description: one.description,
    })
  }
  return {
    data: [...rows.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
    nextCursor: null,
    counted: { contacts: contacts.counted, accounts: accounts.counted },
  }
}

async function countProperties({ db, workspaceId }: Scoped, subject: 'contact' | 'account') {
  const { rows } = await sql<{ name: string | null; type: string; count: number; last: Date; counted: number }>`
    WITH newest AS MATERIALIZED (
      SELECT ${subject === 'contact' ? sql`properties || jsonb_strip_nulls(jsonb_build_object('email', email, 'name', name))` : sql`properties || jsonb_strip_nulls(jsonb_build_object('name', name))`} AS properties, updated_at
      FROM ${sql.table(`${subject}s`)} WHERE workspace_id = ${workspaceId} ORDER BY updated_at DESC LIMIT ${SUBJECTS_COUNTED})
    SELECT each.key AS name, mode() WITHIN GROUP (ORDER BY jsonb_typeof(each.value)) AS type, count(*)::int AS count,
      max(newest.updated_at) AS last, (SELECT count(*)::int FROM newest) AS counted
    FROM newest LEFT JOIN LATERAL jsonb_each(newest.properties) AS each ON jsonb_typeof(each.value) <> 'null'
    GROUP BY each.key`.execute(db)
  return {
    counted: rows[0]?.counted ?? 0,
    // Subjects without any property have a row without a name.
    data: rows.flatMap(({ name, type, count, last }): PropertySetting[] =>
      name === null
        ? []
        : [
            {
              subject,
              name,
              type: TYPES[type] ?? type,
              count,
              lastSeen: last.toISOString(),
              blocked: false,
              maskedBelow: null,
              description: '',
            },
          ],
    ),
  }
}

/** As people call them. */
const TYPES: Record<string, string> = { string: 'text', array: 'list' }
