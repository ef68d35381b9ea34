import { sql } from 'kysely'
import type { Scoped } from '../context.ts'
import { readPlaybook } from './playbook-store.ts'

/** How many open runs are at each step now, for the canvas. */
export async function flowOf(ctx: Scoped, slug: string): Promise<{ steps: Record<string, number>; open: number }> {
  const playbook = await readPlaybook(ctx, slug)
  const { rows } = await sql<{ step: string; runs: number }>`
    SELECT step, count(*)::int AS runs FROM runs, unnest(at_steps) AS step
    WHERE workspace_id = ${ctx.workspaceId} AND playbook_id = ${playbook.id} AND ended_at IS NULL
    GROUP BY step`.execute(ctx.db)
  const open = await ctx.db
    .selectFrom('runs')
    .select(sql<number>`count(*)::int`.as('runs'))
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow()
  return { steps: Object.fromEntries(rows.map(({ step, runs }) => [step, runs])), open: open.runs }
}
