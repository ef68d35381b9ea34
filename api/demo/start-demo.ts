import type { ApiDeps, Context } from '../context.ts'
import { isComplete, seedDemo } from './seed-demo.ts'
import { tellDemo } from './tell-demo.ts'

export interface Demo {
  /** Sends the first live event and tells what came of it. Call it once the API answers. */
  tell(say: (line: string) => void, signal: AbortSignal): Promise<void>
}

/**
 * Fills the demo workspace unless it is complete. A workspace of another kind is never touched.
 * @returns null when there is nothing left to tell
 */
export async function startDemo(deps: ApiDeps, workspaceId: string, now: number): Promise<Demo | null> {
  const workspace = await deps.db
    .selectFrom('workspaces')
    .select('slug')
    .where('id', '=', workspaceId)
    .executeTakeFirstOrThrow()
  if (workspace.slug !== 'demo') return null
  const ctx: Context = {
    ...deps,
    actor: { kind: 'key', id: 'demo', name: 'demo', scopes: ['admin'] },
    workspaceId,
    now,
    origin: deps.publicUrl,
  }
  if (await isComplete(ctx)) return null
  await seedDemo(ctx)
  return { tell: (say, signal) => tellDemo(ctx, say, signal) }
}
