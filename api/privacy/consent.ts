import type { Consent } from '../../nodes/define.ts'
import type { Queryable, Statement } from '../db/sql.ts'
import { unsubscribeToken } from './unsubscribe-token.ts'
import type { WorkspaceKeyReader } from './workspace-keys.ts'

/** Property that a person's own click sets, and any source may: whether they want no more marketing mail. */
export const UNSUBSCRIBED = 'unsubscribed'

// Consent under either name: {"consent": {"email": false}} and "consent.email": false.
const READ: Statement = {
  name: 'consent-read',
  text: `SELECT id, (properties -> '${UNSUBSCRIBED}' = 'true' OR properties #> '{consent,email}' = 'false'
      OR properties -> 'consent.email' = 'false') IS TRUE AS refused
    FROM contacts WHERE workspace_id = $1 AND lower(email) = lower($2) AND merged_into IS NULL ORDER BY created_at, id`,
}

export interface ConsentDeps {
  q: Queryable
  keys: WorkspaceKeyReader
  publicUrl: string
}

/** What whoever has an address said. Where several contacts share it, one who said no is enough. */
export function createConsent({ q, keys, publicUrl }: ConsentDeps) {
  return async (workspaceId: string, address: string): Promise<Consent> => {
    const contacts = await q.rows<{ id: string; refused: boolean }>(READ, [workspaceId, address])
    const [first] = contacts
    if (first === undefined) return { unsubscribed: false, unsubscribeUrl: null }
    const token = await unsubscribeToken(keys, { workspaceId, contactId: first.id })
    return {
      unsubscribed: contacts.some(({ refused }) => refused),
      unsubscribeUrl: `${publicUrl}/unsubscribe/${token}`,
    }
  }
}
