import { writeAudit } from '../auth/audit.ts'
import { actorName, type Scope } from '../auth/scopes.ts'
import type { Context, Scoped } from '../context.ts'
import { notFound } from '../problem.ts'
import { newKey, storeKey } from './api-keys.ts'

export interface KeyView {
  id: string
  name: string
  prefix: string
  scopes: string[]
  createdBy: string | null
  createdAt: string
  lastUsedAt: string | null
  revokedAt: string | null
}

/** All keys of the workspace, the newest first; never a key itself. */
export async function listKeys({ db, workspaceId }: Scoped): Promise<KeyView[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'prefix', 'scopes', 'created_by', 'created_at', 'last_used_at', 'revoked_at'])
    .where('workspace_id', '=', workspaceId)
    .orderBy('created_at', 'desc')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }))
}

/** Makes a key; the answer is the only place where it can ever be read. */
export async function createKey(
  ctx: Context,
  given: { name: string; scopes: Scope[] },
): Promise<{ id: string; key: string }> {
  const key = newKey()
  const { id } = await storeKey(ctx.db, ctx.now, {
    workspaceId: ctx.workspaceId,
    name: given.name,
    key,
    scopes: given.scopes,
    createdBy: actorName(ctx.actor),
  })
  await writeAudit(ctx.db, ctx, { action: 'key.create', target: id, detail: { scopes: given.scopes } })
  return { id, key }
}

/** Works no more in this process at once, in others within 5 s. @throws ProblemError 404 */
export async function revokeKey(ctx: Context, id: string): Promise<{ id: string }> {
  const row = await ctx.db
    .updateTable('api_keys')
    .set({ revoked_at: new Date(ctx.now) })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  if (row === undefined) throw notFound('key that works', id)
  ctx.keys.forget()
  await writeAudit(ctx.db, ctx, { action: 'key.revoke', target: id })
  return { id }
}
