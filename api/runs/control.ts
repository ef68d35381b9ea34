import type { OperatorCommand } from '../../engine/model/run.ts'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import type { Db } from '../db/database.ts'
import { newId } from '../db/new-id.ts'
import { problem } from '../problem.ts'
import { findRun } from './run-list.ts'

/** How many runs are told at once when many are cancelled. */
const AT_ONCE = 200

/**
 * Ends a run early. A write that is under way is finished and recorded all the same.
 * @throws ProblemError 409 RUN_ENDED
 */
export async function cancelRun(ctx: Context, given: { id: string; reason: string }): Promise<{ id: string }> {
  const run = await findRun(ctx, given.id)
  if (run.ended_at !== null)
    throw problem(409, 'RUN_ENDED', `The run has ended already (${run.status}). There is nothing left to cancel.`)
  await sendCommand(ctx, given.id, { kind: 'cancel', reason: given.reason })
  return { id: given.id }
}

/**
 * Acts again on every failed step, or on one; what others gave is kept.
 * @throws ProblemError 409 NOTHING_FAILED
 */
export async function retryRun(
  ctx: Context,
  given: { id: string; step?: string | undefined },
): Promise<{ id: string }> {
  const run = await findRun(ctx, given.id)
  if (run.status !== 'failed' && run.ended_at !== null)
    throw problem(409, 'NOTHING_FAILED', `The run is ${run.status}; no step of it failed. Start a new run instead.`)
  await sendCommand(ctx, given.id, { kind: 'retry', step: given.step ?? null })
  return { id: given.id }
}

/** The command is kept before it is handed on, so that it is known who gave it. */
export async function sendCommand(ctx: Context, runId: string, command: OperatorCommand): Promise<void> {
  const id = newId(ctx.now)
  await ctx.db.transaction().execute((trx) => keepCommand(trx, ctx, { runId, id, command }))
  await ctx.temporal.command({ workspaceId: ctx.workspaceId, runId }, { id, command })
}

/** Writes down which command a run is given, and by whom. Within a transaction. */
export async function keepCommand(
  trx: Db,
  by: Pick<Context, 'workspaceId' | 'actor' | 'now'>,
  { runId, id, command }: { runId: string; id: string; command: OperatorCommand },
): Promise<void> {
  await trx
    .insertInto('run_commands')
    .values({
      workspace_id: by.workspaceId,
      run_id: runId,
      id,
      command: JSON.stringify(command),
      actor: actorName(by.actor),
      at: new Date(by.now),
    })
    // A late attempt can bring an effect back into review: settled again, it is the same command.
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await writeAudit(trx, by, { action: `run.${command.kind}`, target: runId })
}

/** Cancels every open run of a playbook. @returns how many were told */
export async function cancelOpenRuns(ctx: Context, playbookId: string, reason: string): Promise<number> {
  let told = 0
  let after = ''
  for (;;) {
    const runs = await ctx.db
      .selectFrom('runs')
      .select('id')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('playbook_id', '=', playbookId)
      .where('ended_at', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(AT_ONCE)
      .execute()
    await Promise.all(runs.map(({ id }) => sendCommand(ctx, id, { kind: 'cancel', reason })))
    told += runs.length
    const last = runs.at(-1)
    if (last === undefined || runs.length < AT_ONCE) return told
    after = last.id
  }
}
