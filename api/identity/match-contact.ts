import type { Db } from '../db/database.ts'
import { emailIdentity, isSharedMailbox } from './shared-mailbox.ts'

interface Scope {
  db: Db
  workspaceId: string
}

/** How another system names a person. */
export interface Participant {
  app: string
  vendorId?: string | undefined
  userId?: string | undefined
  email?: string | undefined
}

/** The identities that can tell who it is, as `kind:value`, the surest first. A shared mailbox tells nothing. */
export async function participantKeys(scope: Scope, { app, vendorId, userId, email }: Participant): Promise<string[]> {
  const address = email === undefined ? null : emailIdentity(email)
  return [
    ...(vendorId === undefined ? [] : [`vendor_id:${app}:${vendorId}`]),
    ...(userId === undefined ? [] : [`user_id:${userId}`]),
    ...(address === null || isSharedMailbox(address, await ownSharedMailboxes(scope)) ? [] : [`email:${address}`]),
  ]
}

/** The contact that is known by the first of these keys that anybody is known by; null when nobody is. */
export async function matchContact({ db, workspaceId }: Scope, keys: string[]): Promise<string | null> {
  for (const key of keys) {
    const colon = key.indexOf(':')
    const row = await db
      .selectFrom('identities')
      .select('contact_id')
      .where('workspace_id', '=', workspaceId)
      .where('kind', '=', key.slice(0, colon) as 'user_id' | 'vendor_id' | 'email')
      .where('value', '=', key.slice(colon + 1))
      .executeTakeFirst()
    if (row) return row.contact_id
  }
  return null
}

/** What the workspace itself named as shared, in small letters. */
export async function ownSharedMailboxes({ db, workspaceId }: Scope): Promise<Set<string>> {
  const row = await db
    .selectFrom('workspaces')
    .select('shared_mailboxes')
    .where('id', '=', workspaceId)
    .executeTakeFirstOrThrow()
  return new Set(row.shared_mailboxes)
}
