import type { Context } from '../context.ts'
import type { Actor } from '../auth/scopes.ts'

/**
 * Which properties an answer may not show to who asks: the one place where that is decided for every “why”. Values of
 * hidden ones, the remarks about them and the flips that name them are left out; whether the part held stays.
 * @returns whether a property, `contact.plan`, is hidden
 */
export async function hiddenFrom({
  db,
  workspaceId,
  actor,
}: Pick<Context, 'db' | 'workspaceId' | 'actor'>): Promise<(path: string) => boolean> {
  const rows = await db
    .selectFrom('property_settings')
    .select(['subject', 'name', 'masked_below'])
    .where('workspace_id', '=', workspaceId)
    .where('masked_below', 'is not', null)
    .execute()
  const hidden = new Set(
    rows.flatMap((row) =>
      row.masked_below !== null && rank(actor) < RANKS[row.masked_below] ? [`${row.subject}.${row.name}`] : [],
    ),
  )
  return (path) => hidden.has(path)
}

const RANKS = { viewer: 0, editor: 1, owner: 2 } as const

/** A key sees what a person sees who may do as much. */
function rank(actor: Actor): number {
  if (actor.kind === 'user') return RANKS[actor.role]
  if (actor.scopes.includes('admin')) return RANKS.owner
  return actor.scopes.includes('data:write') ? RANKS.editor : RANKS.viewer
}
