import type { Scoped } from '../context.ts'
import { findRun } from '../runs/run-list.ts'
import type { OtherRun } from './calls-router.ts'

/** @throws ProblemError 404 */
export async function callsOfRun(ctx: Scoped, id: string): Promise<{ caller: OtherRun | null; called: OtherRun[] }> {
  await findRun(ctx, id)
  const [callers, called] = await Promise.all([
    others(ctx, { other: 'caller_id', own: 'run_id', id }),
    others(ctx, { other: 'run_id', own: 'caller_id', id }),
  ])
  return { caller: callers[0] ?? null, called }
}

type Side = 'run_id' | 'caller_id'

async function others(
  { db, workspaceId }: Scoped,
  { other, own, id }: { other: Side; own: Side; id: string },
): Promise<OtherRun[]> {
  const rows = await db
    .selectFrom('run_calls')
    .innerJoin('runs', (join) =>
      join.onRef('runs.workspace_id', '=', 'run_calls.workspace_id').onRef('runs.id', '=', `run_calls.${other}`),
    )
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .select(['runs.id', 'runs.status', 'run_calls.step', 'run_calls.waits', 'playbooks.slug', 'playbooks.name'])
    .where('run_calls.workspace_id', '=', workspaceId)
    .where(`run_calls.${own}`, '=', id)
    .orderBy('runs.created_at')
    .limit(1000)
    .execute()
  return rows.map(({ id: run, status, step, waits, slug, name }) => ({
    run,
    step,
    waits,
    playbook: { slug, name },
    // Written by the record from RUN_STATUSES only.
    status: status as OtherRun['status'],
  }))
}
