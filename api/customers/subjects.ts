import type { SubjectRef } from '../../nodes/define.ts'
import type { Subjects } from '../../engine/ports.ts'
import type { Queryable, Statement } from '../db/sql.ts'

type Kind = 'contact' | 'account'
const TABLES = { contact: 'contacts', account: 'accounts' } as const

/** A run keeps the contact it began with; who was merged is whom they became. */
const nowOf = (kind: Kind): string =>
  kind === 'account' ? '$2' : '(SELECT coalesce(merged_into, id) FROM contacts WHERE workspace_id = $1 AND id = $2)'

const get = (kind: Kind): Statement => ({
  name: `subject-get-${kind}`,
  text: `
SELECT '${kind}' AS kind, id, external_id AS "externalId", ${kind === 'contact' ? 'email' : 'NULL::text AS email'}, name, links, properties
FROM ${TABLES[kind]} WHERE workspace_id = $1 AND id = ${nowOf(kind)}`,
})
const link = (kind: Kind): Statement => ({
  name: `subject-link-${kind}`,
  text: `
UPDATE ${TABLES[kind]} SET links = links || jsonb_build_object($3::text, $4::text) WHERE workspace_id = $1 AND id = ${nowOf(kind)}`,
})
// Known by it from now on, unless somebody else is: then a person decides whether they are one.
const KNOW: Statement = {
  name: 'subject-know',
  text: `
WITH held AS (
  SELECT id, updated_at FROM contacts WHERE workspace_id = $1 AND id = ${nowOf('contact')} AND merged_into IS NULL FOR KEY SHARE)
INSERT INTO identities (workspace_id, kind, value, contact_id, created_at)
SELECT $1::uuid, 'vendor_id', $3::text || ':' || $4::text, id, updated_at FROM held ON CONFLICT DO NOTHING`,
}
const GET = { contact: get('contact'), account: get('account') }
const LINK = { contact: link('contact'), account: link('account') }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a text is an id of ours; anything else would be an error in SQL where it should be “not found”. */
export const isOurId = (id: string): boolean => UUID.test(id)

/** Contacts and accounts as connectors see them, and the vendor ids learnt on the way. */
export function createSubjects(q: Queryable): Subjects {
  return {
    get: async (workspaceId, { kind, id }) => {
      if (!isOurId(id)) return null
      return (await q.rows<SubjectRef>(GET[kind], [workspaceId, id]))[0] ?? null
    },
    link: async (workspaceId, { kind, id }, { app, vendorId }) => {
      await q.rows(LINK[kind], [workspaceId, id, app, vendorId])
      if (kind === 'contact') await q.rows(KNOW, [workspaceId, id, app, vendorId])
    },
  }
}
