import type { Actor } from '../auth/scopes.ts'
import type { Db } from '../db/database.ts'

/** Names of properties whose values somebody may not see. */
export interface Masks {
  contact: ReadonlySet<string>
  account: ReadonlySet<string>
}

const RANKS = { viewer: 0, editor: 1, owner: 2 } as const

/** A key counts as who may do as much: an owner with `admin`, an editor with `data:write`, else a viewer. */
function rankOf(actor: Actor): number {
  if (actor.kind === 'user') return RANKS[actor.role]
  if (actor.scopes.includes('admin')) return RANKS.owner
  return actor.scopes.includes('data:write') ? RANKS.editor : RANKS.viewer
}

/** @returns null where the actor may see everything, which costs no look-up for owners */
export async function readMasks(ctx: { db: Db; workspaceId: string; actor: Actor }): Promise<Masks | null> {
  const rank = rankOf(ctx.actor)
  if (rank === RANKS.owner) return null
  const rows = await ctx.db
    .selectFrom('property_settings')
    .select(['subject', 'name', 'masked_below'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('masked_below', 'is not', null)
    .execute()
  const hidden = rows.filter((row) => row.masked_below !== null && rank < RANKS[row.masked_below])
  if (hidden.length === 0) return null
  const of = (subject: 'contact' | 'account') =>
    new Set(hidden.flatMap((row) => (row.subject === subject ? [row.name] : [])))
  return { contact: of('contact'), account: of('account') }
}
