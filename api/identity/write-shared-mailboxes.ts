import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { onTransaction } from '../db/sql.ts'
import { changeCatalog } from '../dispatch/workspace-catalog.ts'
import { ownSharedMailboxes } from './match-contact.ts'
import { ALWAYS_SHARED } from './shared-mailbox.ts'

/** Addresses that say nothing of who somebody is. */
export async function viewSharedMailboxes(ctx: Context): Promise<{ own: string[]; always: string[] }> {
  return { own: [...(await ownSharedMailboxes(ctx))].sort(), always: ALWAYS_SHARED.map((part) => `${part}@`) }
}

/**
 * Replaces the workspace's own list. Nobody is found by these addresses any more; who was merged by one before stays
 * merged until that is undone.
 */
export async function writeSharedMailboxes(
  ctx: Context,
  given: { own: string[] },
): Promise<{ own: string[]; always: string[] }> {
  const own = [...new Set(given.own.map((mailbox) => mailbox.toLowerCase()))].sort()
  await ctx.db.transaction().execute(async (trx) => {
    await changeCatalog(onTransaction(trx), ctx.workspaceId)
    await trx.updateTable('workspaces').set({ shared_mailboxes: own }).where('id', '=', ctx.workspaceId).execute()
    await writeAudit(trx, ctx, { action: 'sharedMailboxes.set', target: ctx.workspaceId, detail: { own } })
  })
  return viewSharedMailboxes(ctx)
}
