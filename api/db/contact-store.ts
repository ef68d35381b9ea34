import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from './sql.ts'

/** Contacts and the identities they are known by, as the dispatcher reads and writes them: many at a time. */

export type IdentityKind = 'user_id' | 'anonymous_id' | 'email'
export interface Identity {
  kind: IdentityKind
  value: string
}

export interface KnownIdentity extends Identity {
  contactId: string
  externalId: string | null
  accountIds: string[]
}

// Looked up one by one, which LIMIT insists on: a plan made while a workspace was small would read all its contacts.
const FIND: Statement = {
  name: 'identities-find',
  text: `
SELECT wanted.kind, wanted.value, i.contact_id AS "contactId", c.external_id AS "externalId",
  ARRAY(SELECT account_id FROM account_contacts ac WHERE ac.workspace_id = $1 AND ac.contact_id = i.contact_id) AS "accountIds"
FROM unnest($2::text[], $3::text[]) AS wanted(kind, value),
  LATERAL (SELECT contact_id FROM identities
    WHERE workspace_id = $1 AND kind = wanted.kind AND value = wanted.value LIMIT 1) AS i,
  LATERAL (SELECT external_id FROM contacts WHERE workspace_id = $1 AND id = i.contact_id LIMIT 1) AS c`,
}

/** Those of the identities that are known, each with its contact and the contact's accounts. */
export function findIdentities(q: Queryable, workspaceId: string, wanted: Identity[]): Promise<KnownIdentity[]> {
  return q.rows<KnownIdentity>(FIND, [workspaceId, wanted.map((i) => i.kind), wanted.map((i) => i.value)])
}

export interface SubjectRow {
  id: string
  externalId: string | null
  email: string | null
  name: string | null
  properties: { [name: string]: Json }
}

const READ = (locking: string): Statement => ({
  name: `contacts-read${locking === '' ? '' : '-locked'}`,
  text: `
SELECT id, external_id AS "externalId", email, name, properties FROM contacts
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id ${locking}`,
})
const READ_LOCKED = READ('FOR NO KEY UPDATE')
const READ_ONLY = READ('')

/**
 * Reads contacts. With `lock` nobody else changes or evaluates them until this transaction ends; sorted, so that two
 * transactions wait for each other and never in a circle.
 */
export function readContacts(
  q: Queryable,
  workspaceId: string,
  wanted: { ids: string[]; lock: boolean },
): Promise<SubjectRow[]> {
  return q.rows<SubjectRow>(wanted.lock ? READ_LOCKED : READ_ONLY, [workspaceId, wanted.ids])
}

const INSERT: Statement = {
  name: 'contacts-insert',
  text: `
INSERT INTO contacts (workspace_id, id, external_id, email, name, properties, created_at, updated_at)
SELECT $1, x.id, x."externalId", x.email, x.name, x.properties, to_timestamp($3 / 1000.0), to_timestamp($3 / 1000.0)
FROM json_to_recordset($2::json) AS x(id uuid, "externalId" text, email text, name text, properties jsonb) ORDER BY x."externalId", x.id`,
}
const UPDATE: Statement = {
  name: 'contacts-update',
  text: `
UPDATE contacts c SET external_id = x."externalId", email = x.email, name = x.name, properties = x.properties,
  updated_at = to_timestamp($3 / 1000.0)
FROM json_to_recordset($2::json) AS x(id uuid, "externalId" text, email text, name text, properties jsonb)
WHERE c.workspace_id = $1 AND c.id = x.id`,
}

export interface SubjectWrites {
  created: SubjectRow[]
  changed: SubjectRow[]
  now: number
}

export async function writeContacts(q: Queryable, workspaceId: string, writes: SubjectWrites): Promise<void> {
  if (writes.created.length > 0) await q.rows(INSERT, [workspaceId, JSON.stringify(writes.created), writes.now])
  if (writes.changed.length > 0) await q.rows(UPDATE, [workspaceId, JSON.stringify(writes.changed), writes.now])
}

export interface IdentityLink extends Identity {
  contactId: string
}

const LINK: Statement = {
  name: 'identities-link',
  text: `
INSERT INTO identities (workspace_id, kind, value, contact_id, created_at)
SELECT $1, x.kind, x.value, x."contactId", to_timestamp($3 / 1000.0)
FROM json_to_recordset($2::json) AS x(kind text, value text, "contactId" uuid) ORDER BY x.kind, x.value
ON CONFLICT DO NOTHING RETURNING 1`,
}
const MOVE: Statement = {
  name: 'identities-move',
  text: `
UPDATE identities i SET contact_id = x."contactId"
FROM json_to_recordset($2::json) AS x(kind text, value text, "contactId" uuid)
WHERE i.workspace_id = $1 AND i.kind = x.kind AND i.value = x.value`,
}

/** @returns false when another transaction gave one of them to somebody in the meantime: read again */
export async function writeIdentities(
  q: Queryable,
  workspaceId: string,
  links: { added: IdentityLink[]; moved: IdentityLink[]; now: number },
): Promise<boolean> {
  if (links.moved.length > 0) await q.rows(MOVE, [workspaceId, JSON.stringify(links.moved)])
  if (links.added.length === 0) return true
  const written = await q.rows(LINK, [workspaceId, JSON.stringify(links.added), links.now])
  return written.length === links.added.length
}
