import type { Plan } from '../../engine/model/plan.ts'
import type { RunInput } from '../../engine/model/run.ts'
import type { Scoped } from '../context.ts'

/** The plan of a version, by its content address. */
export async function readPlan({ db, workspaceId }: Scoped, hash: string): Promise<Plan> {
  const row = await db
    .selectFrom('plans')
    .select('plan')
    .where('workspace_id', '=', workspaceId)
    .where('hash', '=', hash)
    .executeTakeFirstOrThrow()
  return row.plan as unknown as Plan
}

/** What a run was told, in order. */
export async function readInputs({ db, workspaceId }: Scoped, runId: string): Promise<RunInput[]> {
  const rows = await db
    .selectFrom('run_inputs')
    .select('input')
    .where('workspace_id', '=', workspaceId)
    .where('run_id', '=', runId)
    .orderBy('position')
    .execute()
  return rows.map(({ input }) => input as unknown as RunInput)
}
