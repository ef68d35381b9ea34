import type { SubjectRow, SubjectWrites } from './contact-store.ts'
import type { Queryable, Statement } from './sql.ts'

/** Accounts and who belongs to them, as the dispatcher reads and writes them. */

const FIND: Statement = {
  name: 'accounts-find',
  text: `SELECT id, external_id AS "externalId" FROM accounts WHERE workspace_id = $1 AND external_id = ANY($2::text[])`,
}

export function findAccounts(
  q: Queryable,
  workspaceId: string,
  externalIds: string[],
): Promise<Array<{ id: string; externalId: string }>> {
  return q.rows(FIND, [workspaceId, externalIds])
}

const READ = (locking: string): Statement => ({
  name: `accounts-read${locking === '' ? '' : '-locked'}`,
  text: `
SELECT id, external_id AS "externalId", NULL::text AS email, name, properties FROM accounts
WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id ${locking}`,
})
const READ_LOCKED = READ('FOR NO KEY UPDATE')
const READ_ONLY = READ('')

/** As `readContacts`. Accounts are always locked before contacts. */
export function readAccounts(
  q: Queryable,
  workspaceId: string,
  wanted: { ids: string[]; lock: boolean },
): Promise<SubjectRow[]> {
  return q.rows<SubjectRow>(wanted.lock ? READ_LOCKED : READ_ONLY, [workspaceId, wanted.ids])
}

export interface AccountLink {
  accountId: string
  contactId: string
}

const LINKS_OF_CONTACTS: Statement = {
  name: 'account-links-of-contacts',
  text: `
SELECT account_id AS "accountId", contact_id AS "contactId" FROM account_contacts
WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[])`,
}

export function accountsOfContacts(q: Queryable, workspaceId: string, contactIds: string[]): Promise<AccountLink[]> {
  return q.rows<AccountLink>(LINKS_OF_CONTACTS, [workspaceId, contactIds])
}

const CONTACTS_OF: Statement = {
  name: 'contacts-of-accounts',
  text: `SELECT DISTINCT contact_id AS id FROM account_contacts WHERE workspace_id = $1 AND account_id = ANY($2::uuid[])`,
}

export async function contactsOfAccounts(q: Queryable, workspaceId: string, accountIds: string[]): Promise<string[]> {
  return (await q.rows<{ id: string }>(CONTACTS_OF, [workspaceId, accountIds])).map((row) => row.id)
}

const INSERT: Statement = {
  name: 'accounts-insert',
  text: `
INSERT INTO accounts (workspace_id, id, external_id, name, properties, created_at, updated_at)
SELECT $1, x.id, x."externalId", x.name, x.properties, to_timestamp($3 / 1000.0), to_timestamp($3 / 1000.0)
FROM json_to_recordset($2::json) AS x(id uuid, "externalId" text, name text, properties jsonb) ORDER BY x."externalId"`,
}
const UPDATE: Statement = {
  name: 'accounts-update',
  text: `
UPDATE accounts a SET name = x.name, properties = x.properties, updated_at = to_timestamp($3 / 1000.0)
FROM json_to_recordset($2::json) AS x(id uuid, name text, properties jsonb)
WHERE a.workspace_id = $1 AND a.id = x.id`,
}
const ATTACH: Statement = {
  name: 'account-contacts-attach',
  text: `
INSERT INTO account_contacts (workspace_id, account_id, contact_id, created_at)
SELECT $1, x."accountId", x."contactId", to_timestamp($3 / 1000.0)
FROM json_to_recordset($2::json) AS x("accountId" uuid, "contactId" uuid) ORDER BY 2, 3
ON CONFLICT DO NOTHING`,
}

export async function writeAccounts(q: Queryable, workspaceId: string, writes: SubjectWrites): Promise<void> {
  if (writes.created.length > 0) await q.rows(INSERT, [workspaceId, JSON.stringify(writes.created), writes.now])
  if (writes.changed.length > 0) await q.rows(UPDATE, [workspaceId, JSON.stringify(writes.changed), writes.now])
}

export async function attachContacts(
  q: Queryable,
  workspaceId: string,
  attached: { links: AccountLink[]; now: number },
): Promise<void> {
  if (attached.links.length > 0) await q.rows(ATTACH, [workspaceId, JSON.stringify(attached.links), attached.now])
}
