import type { Queryable, Statement } from '../db/sql.ts'

/** Who somebody is here and what they are called, kept while they are being deleted, to find them everywhere. */
export interface KnownPerson {
  /** The contact, all that were merged into it, and whom it was itself merged into meanwhile. */
  contactIds: string[]
  accountIds: string[]
  identities: Array<{ kind: string; value: string }>
  userIds: string[]
  anonymousIds: string[]
  /** In small letters. */
  emails: string[]
  /**
   * Words in small letters that tell this person from others where no id says whose a row is: addresses as they are,
   * ids as they stand in JSON. A short id is none: "1" is in everything.
   */
  needles: string[]
  /** The same as people wrote them, for files. */
  spellings: string[]
}

const CONTACTS: Statement = {
  name: 'person-contacts',
  text: `
WITH RECURSIVE up AS (
  SELECT id, merged_into FROM contacts WHERE workspace_id = $1 AND id = $2
  UNION SELECT c.id, c.merged_into FROM contacts c JOIN up ON c.workspace_id = $1 AND c.id = up.merged_into
), same AS (
  SELECT id FROM up
  UNION SELECT c.id FROM contacts c JOIN same ON c.workspace_id = $1 AND c.merged_into = same.id
) SELECT c.id, c.external_id AS "externalId", c.email, c.links FROM contacts c JOIN same USING (id) WHERE c.workspace_id = $1`,
}
const IDENTITIES: Statement = {
  name: 'person-identities',
  text: 'SELECT kind, value FROM identities WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[]) ORDER BY kind, value',
}
// Also accounts of runs and events: memberships end.
const ACCOUNTS: Statement = {
  name: 'person-accounts',
  text: `
SELECT account_id AS id FROM account_contacts WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])
UNION SELECT account_id FROM events WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[]) AND account_id IS NOT NULL
UNION SELECT r.subject_id FROM run_people p JOIN runs r ON r.workspace_id = p.workspace_id AND r.id = p.run_id
  WHERE p.workspace_id = $1 AND p.contact_id = ANY ($2::uuid[]) AND r.subject_kind = 'account'`,
}

interface ContactRow {
  id: string
  externalId: string | null
  email: string | null
  links: { [app: string]: unknown }
}

/** Shorter ones are found through ids alone. */
const TELLING_LENGTH = 5

/** @returns null when there is no such contact */
export async function readPerson(q: Queryable, workspaceId: string, contactId: string): Promise<KnownPerson | null> {
  const contacts = await q.rows<ContactRow>(CONTACTS, [workspaceId, contactId])
  if (contacts.length === 0) return null
  const contactIds = contacts.map(({ id }) => id)
  const identities = await q.rows<{ kind: string; value: string }>(IDENTITIES, [workspaceId, contactIds])
  const accounts = await q.rows<{ id: string }>(ACCOUNTS, [workspaceId, contactIds])
  const valuesOf = (kind: string): string[] => identities.flatMap((i) => (i.kind === kind ? [i.value] : []))
  const userIds = distinct([...valuesOf('user_id'), ...contacts.map(({ externalId }) => externalId)])
  const anonymousIds = distinct(valuesOf('anonymous_id'))
  const written = distinct([...valuesOf('email'), ...contacts.map(({ email }) => email)])
  const emails = distinct(written.map((email) => email.toLowerCase()))
  const vendorIds = contacts.flatMap(({ links }) =>
    Object.values(links).flatMap((id) => (typeof id === 'string' ? [id] : [])),
  )
  const telling = distinct([...userIds, ...anonymousIds, ...valuesOf('vendor_id'), ...vendorIds]).filter(
    (value) => value.length >= TELLING_LENGTH,
  )
  return {
    contactIds,
    accountIds: accounts.map(({ id }) => id),
    identities,
    userIds,
    anonymousIds,
    emails,
    needles: distinct([...emails, ...telling.map((value) => JSON.stringify(value).toLowerCase())]),
    spellings: distinct([...written, ...emails, ...telling]),
  }
}

const distinct = (values: Array<string | null>): string[] => [
  ...new Set(values.filter((value): value is string => value !== null && value !== '')),
]
