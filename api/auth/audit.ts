import type { Json } from '../../nodes/manifest.ts'
import { type Actor, actorName } from './scopes.ts'
import type { Db } from '../db/database.ts'
import { newId } from '../db/new-id.ts'

/**
 * Notes who changed what. In the same transaction as the change.
 * @param by.actor a text where nobody is signed in: what is known of them
 */
export async function writeAudit(
  db: Db,
  by: { workspaceId: string; actor: Actor | string; now: number },
  what: { action: string; target: string; detail?: Json },
): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      workspace_id: by.workspaceId,
      id: newId(by.now),
      at: new Date(by.now),
      actor: typeof by.actor === 'string' ? by.actor : actorName(by.actor),
      action: what.action,
      target: what.target,
      detail: JSON.stringify(what.detail ?? {}),
    })
    .execute()
}
