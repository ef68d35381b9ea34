import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from './sql.ts'

/** Contacts and the identities they are known by, as the dispatcher reads and writes them: many at a time. */

/** Of a vendor id the value is `<app>:<id there>`. */
export type IdentityKind = 'user_id' | 'anonymous_id' | 'email' | 'vendor_id'
export interface Identity {
  kind: IdentityKind
  value: string
}

export interface KnownIdentity extends Identity {
  contactId: string
  externalId: string | null
  /** Not null: a merge moved the identity since it was looked up. */
  mergedInto: string | null
  accountIds: string[]
}

// Held until the transaction ends: no merge takes a contact away from events that are being written for it.
// Looked up one by one, which LIMIT insists on: a plan made while a workspace was small would read all its contacts.
const FIND: Statement = {
  name: 'identities-find',
  text: `
SELECT wanted.kind, wanted.value, i.contact_id AS "contactId", c.external_id AS "externalId", c.merged_into AS "mergedInto",
  ARRAY(SELECT account_id FROM account_contacts ac WHERE ac.workspace_id = $1 AND ac.contact_id = i.contact_id) AS "accountIds"
FROM unnest($2::text[], $3::text[]) AS wanted(kind, value),
  LATERAL (SELECT contact_id FROM identities
    WHERE workspace_id = $1 AND kind = wanted.kind AND value = wanted.value LIMIT 1) AS i,
  LATERAL (SELECT external_id, merged_into FROM contacts
    WHERE workspace_id = $1 AND id = i.contact_id LIMIT 1 FOR KEY SHARE) AS c`,
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
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND merged_into IS NULL ORDER BY id ${locking}`,
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
/** Two contacts that are perhaps one person, each known by an id of yours. */
export interface PossiblePair {
  contacts: [string, string]
  /** What both are known by. */
  reason: { kind: string; value: string }
}

const PAIRS: Statement = {
  name: 'contact-pairs-note',
  text: `
INSERT INTO contact_pairs (workspace_id, first_id, second_id, status, reason, found_at)
SELECT $1, least(x.one, x.other), greatest(x.one, x.other), 'possible', x.reason, to_timestamp($3 / 1000.0)
FROM json_to_recordset($2::json) AS x(one uuid, other uuid, reason jsonb) ORDER BY 2, 3 ON CONFLICT DO NOTHING`,
}
// Conversations that came before their contact was known.
const ADOPT: Statement = {
  name: 'conversations-adopt',
  text: `
UPDATE conversations c SET contact_id = x."contactId",
  account_id = coalesce(c.account_id, (SELECT min(account_id::text)::uuid FROM account_contacts
    WHERE workspace_id = $1 AND contact_id = x."contactId" HAVING count(*) = 1))
FROM json_to_recordset($2::json) AS x(kind text, value text, "contactId" uuid)
WHERE c.workspace_id = $1 AND c.contact_id IS NULL AND c.participant @> ARRAY[x.kind || ':' || x.value]`,
}
const VENDOR_LINKS: Statement = {
  name: 'contacts-vendor-links',
  text: `
UPDATE contacts c SET links = x.links || c.links
FROM (SELECT "contactId" AS id, jsonb_object_agg(split_part(value, ':', 1), substr(value, strpos(value, ':') + 1)) AS links
  FROM json_to_recordset($2::json) AS added(kind text, value text, "contactId" uuid) WHERE kind = 'vendor_id' GROUP BY 1) AS x
WHERE c.workspace_id = $1 AND c.id = x.id`,
}

/** @returns false when another transaction gave one of them to somebody in the meantime: read again */
export async function writeIdentities(
  q: Queryable,
  workspaceId: string,
  links: { added: IdentityLink[]; pairs: PossiblePair[]; now: number },
): Promise<boolean> {
  const { added, now } = links
  const pairs = links.pairs.map(({ contacts: [one, other], reason }) => ({ one, other, reason }))
  if (pairs.length > 0) await q.rows(PAIRS, [workspaceId, JSON.stringify(pairs), now])
  if (added.length === 0) return true
  const rows = JSON.stringify(added)
  const written = await q.rows(LINK, [workspaceId, rows, now])
  if (written.length !== added.length) return false
  // An anonymous id is nothing that another system knows somebody by.
  if (added.some(({ kind }) => kind !== 'anonymous_id')) await q.rows(ADOPT, [workspaceId, rows])
  if (added.some(({ kind }) => kind === 'vendor_id')) await q.rows(VENDOR_LINKS, [workspaceId, rows])
  return true
}
