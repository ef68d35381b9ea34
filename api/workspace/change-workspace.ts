import { sql } from 'kysely'
import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { followsWorkspaceZone, readLivePlan, syncSchedulesOf } from '../playbooks/publish.ts'
import { problem } from '../problem.ts'

/**
 * Sets the time zone of the workspace, and moves the schedules that follow it. Safe to repeat: where Temporal could not be
 * reached, the same call again moves them.
 * @throws ProblemError 400 where the database does not know the zone by this name
 */
export async function changeWorkspace(
  ctx: Context,
  { timeZone }: { timeZone: string },
): Promise<{ slug: string; name: string; timeZone: string }> {
  await refuseUnknown(ctx, timeZone)
  const changed = await ctx.db.transaction().execute(async (trx) => {
    const was = await trx
      .selectFrom('workspaces')
      .select('time_zone')
      .where('id', '=', ctx.workspaceId)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const row = await trx
      .updateTable('workspaces')
      .set({ time_zone: timeZone })
      .where('id', '=', ctx.workspaceId)
      .returning(['slug', 'name', 'time_zone as timeZone'])
      .executeTakeFirstOrThrow()
    await writeAudit(trx, ctx, {
      action: 'workspace.timeZone',
      target: ctx.workspaceId,
      detail: { from: was.time_zone, to: timeZone },
    })
    return row
  })
  await moveSchedules(ctx)
  return changed
}

/** Days of charts are cut by the database, whose names of zones must be the same to the letter. */
async function refuseUnknown({ db }: Context, timeZone: string): Promise<void> {
  const { rows } = await sql`SELECT 1 FROM pg_timezone_names WHERE name = ${timeZone}`.execute(db)
  if (rows.length > 0) return
  const message = `The database knows no time zone “${timeZone}”. Write it as the IANA list does, such as Europe/Berlin.`
  throw problem(400, 'INPUT_INVALID', {
    detail: message,
    problems: [{ path: 'timeZone', message, code: 'custom' }],
  })
}

async function moveSchedules(ctx: Context): Promise<void> {
  const playbooks = await ctx.db
    .selectFrom('playbooks')
    .select(['id', 'live_version'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('status', '=', 'on')
    .where('live_version', 'is not', null)
    .orderBy('id')
    .execute()
  for (const { id, live_version: liveVersion } of playbooks) {
    const plan = await readLivePlan(ctx, { id, liveVersion })
    if (plan !== null && followsWorkspaceZone(plan)) await syncSchedulesOf(ctx, { id, liveVersion }, plan)
  }
}
