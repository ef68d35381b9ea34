import type { Fault } from '../../nodes/fault.ts'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { notFound, problem } from '../problem.ts'
import { resumeHeldRuns } from './connections.ts'

/**
 * Nothing is called through it any more until a person lets it go on; runs that come to it are held.
 * @throws ProblemError 404, 409 CONNECTION_STATE
 */
export async function pauseConnection(ctx: Context, given: { id: string; reason: string }): Promise<{ id: string }> {
  const { slug, status } = await find(ctx, given.id)
  if (status === 'paused')
    throw problem(409, 'CONNECTION_STATE', 'The connection is paused already; nothing is called through it.')
  const fault: Fault = {
    code: 'CONNECTION_PAUSED',
    who: 'user',
    message: `${actorName(ctx.actor)} paused the connection: ${given.reason}`,
    fix: 'Let it go on in Connections; its held runs then go on, a share at a time.',
  }
  await ctx.connections.pause(ctx.workspaceId, given.id, fault)
  await writeAudit(ctx.db, ctx, { action: 'connection.pause', target: slug, detail: { reason: given.reason } })
  return { id: given.id }
}

/**
 * Opens a connection that a person paused; its held runs go on, so many a second.
 * @param given.perSecond null: as its budget says
 * @throws ProblemError 404, 409 CONNECTION_STATE where it is paused for another reason
 */
export async function resumeConnection(
  ctx: Context,
  given: { id: string; perSecond: number | null },
): Promise<{ id: string }> {
  const { slug, status, fault } = await find(ctx, given.id)
  if (status === 'open')
    throw problem(409, 'CONNECTION_STATE', 'The connection is open. Runs that it held go on by themselves.')
  if (fault?.code !== 'CONNECTION_PAUSED')
    throw problem(
      409,
      'CONNECTION_STATE',
      `It is not a person who paused it: ${fault?.message ?? 'it does not work.'} ${fault?.fix ?? 'Reconnect it.'}`,
    )
  await ctx.db
    .updateTable('connections')
    .set({
      status: 'open',
      fault: null,
      paused_at: null,
      release_per_second: given.perSecond,
      updated_at: new Date(ctx.now),
    })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', given.id)
    .execute()
  ctx.connections.forget()
  await writeAudit(ctx.db, ctx, { action: 'connection.resume', target: slug, detail: { perSecond: given.perSecond } })
  await resumeHeldRuns(ctx, given.id)
  return { id: given.id }
}

async function find(ctx: Context, id: string): Promise<{ slug: string; status: string; fault: Fault | null }> {
  const row = await ctx.db
    .selectFrom('connections')
    .select(['slug', 'status', 'fault'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('connection', id)
  // Written as a fault only.
  return { ...row, fault: row.fault as unknown as Fault | null }
}
