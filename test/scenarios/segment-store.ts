import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { postgresUrl } from '../../bin/embedded/postgres.ts'
import type { Instance } from '../helpers/instance.ts'
import type { AccountState, ContactState, EventState, Store, Traits } from '../helpers/store-model.ts'

/** The store as the database has it, in the model's words. */

export async function connectStore({ dataDir }: Pick<Instance, 'dataDir'>): Promise<pg.Client> {
  const { postgres } = JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8')) as { postgres: number }
  const password = readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim()
  const client = new pg.Client({ connectionString: postgresUrl({ port: postgres, password }, 'signalbox') })
  await client.connect()
  return client
}

export async function pendingEvents(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM events WHERE status = 'pending'`)
  return rows[0]?.n ?? 0
}

export async function readStore(client: pg.Client): Promise<Store> {
  const { contacts, names } = await readContacts(client)
  const { rows: stored } = await client.query<EventRow>(EVENTS)
  const events = new Map<string, EventState>()
  const refused = new Map<string, string>()
  for (const row of stored) {
    const into: Map<string, unknown> = row.refusal === null ? events : refused
    // Found twice: the second gets a key of its own, which the model does not have.
    const key = into.has(row.message_id) ? `${row.message_id} again` : row.message_id
    if (row.refusal !== null) refused.set(key, row.refusal)
    else
      events.set(key, {
        kind: row.kind,
        name: row.name,
        contact: names.get(row.contact_id) ?? `unknown ${row.contact_id}`,
        account: row.group_id === null ? null : row.account,
        at: row.at,
      })
  }
  return { contacts, accounts: await readAccounts(client, names), events, refused }
}

interface EventRow {
  message_id: string
  kind: string
  name: string | null
  contact_id: string
  group_id: string | null
  account: string | null
  refusal: string | null
  at: number
}

// Of a contact that was merged its events count for whom it was merged into.
const EVENTS = `
SELECT e.message_id, e.kind, e.name, coalesce(c.merged_into, e.contact_id) AS contact_id, a.external_id AS account,
  coalesce(e.body->>'groupId', e.body->'context'->>'groupId') AS group_id, e.refusal->>'code' AS refusal,
  (extract(epoch FROM e.occurred_at) * 1000)::float8 AS at
FROM events e LEFT JOIN contacts c ON c.workspace_id = e.workspace_id AND c.id = e.contact_id
LEFT JOIN accounts a ON a.workspace_id = e.workspace_id AND a.id = e.account_id`

async function readContacts(client: pg.Client) {
  const { rows } = await client.query<{
    id: string
    email: string | null
    name: string | null
    properties: Traits
    identities: string[]
  }>(`
SELECT c.id, c.email, c.name, c.properties, array_agg(i.kind || ':' || i.value) AS identities
FROM contacts c LEFT JOIN identities i ON i.workspace_id = c.workspace_id AND i.contact_id = c.id
WHERE c.merged_into IS NULL GROUP BY c.workspace_id, c.id`)
  const contacts = new Map<string, ContactState>()
  const names = new Map<string, string>()
  for (const { id, email, name, properties, identities } of rows) {
    const sorted = identities.filter((one) => one !== null).sort(byCodePoint)
    const key = sorted[0] ?? `nameless ${id}`
    names.set(id, key)
    contacts.set(contacts.has(key) ? `${key} again` : key, {
      identities: sorted,
      properties: { ...properties, ...(email === null ? {} : { email }), ...(name === null ? {} : { name }) },
    })
  }
  return { contacts, names }
}

const byCodePoint = (a: string, b: string): number => (a < b ? -1 : 1)

async function readAccounts(client: pg.Client, names: Map<string, string>): Promise<Map<string, AccountState>> {
  const { rows } = await client.query<{
    external_id: string
    name: string | null
    properties: Traits
    members: Array<string | null>
  }>(`
SELECT a.external_id, a.name, a.properties, array_agg(m.contact_id) AS members
FROM accounts a LEFT JOIN account_contacts m ON m.workspace_id = a.workspace_id AND m.account_id = a.id
GROUP BY a.workspace_id, a.id`)
  return new Map(
    rows.map(({ external_id: id, name, properties, members }) => [
      id,
      {
        properties: { ...properties, ...(name === null ? {} : { name }) },
        members: members
          .flatMap((member) => (member === null ? [] : [names.get(member) ?? `unknown ${member}`]))
          .sort(),
      },
    ]),
  )
}
