import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { onTransaction } from '../db/sql.ts'
import { changeCatalog } from '../dispatch/workspace-catalog.ts'
import { problem } from '../problem.ts'
import { cancelOpenRuns } from '../runs/control.ts'
import { pauseOpenRuns } from '../runs/open-runs.ts'
import { readPlaybook } from './playbook-store.ts'
import { readLivePlan, syncSchedulesOf } from './publish.ts'

const AFTER = { resume: 'on', pause: 'paused', archive: 'archived' } as const

/**
 * Turns a playbook on, pauses or archives it. Only a playbook that is on enrolls; what becomes of the runs that are
 * open is said by `openRuns`, never guessed. Those that pause with it are told in the same transaction, so that none of them
 * is forgotten between the two.
 * @throws ProblemError 409 when it was never published
 */
export async function setPlaybookStatus(
  ctx: Context,
  given: { slug: string; action: keyof typeof AFTER; openRuns: 'finish' | 'pause' | 'cancel' },
): Promise<{ status: 'on' | 'paused' | 'archived'; cancelled: number; toPause: number }> {
  const status = AFTER[given.action]
  const openRuns = given.action === 'resume' ? 'finish' : given.openRuns
  const { playbook, toPause } = await ctx.db.transaction().execute(async (trx) => {
    const found = await readPlaybook({ ...ctx, db: trx }, given.slug, { lock: true })
    if (found.liveVersion === null && given.action !== 'archive')
      throw problem(
        409,
        'NOT_PUBLISHED',
        'The playbook was never published, so there is nothing to turn on or pause. Publish it first.',
      )
    await trx
      .updateTable('playbooks')
      .set({ status, updated_at: new Date(ctx.now) })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', found.id)
      .execute()
    await changeCatalog(onTransaction(trx), ctx.workspaceId)
    await writeAudit(trx, ctx, {
      action: `playbook.${given.action}`,
      target: found.slug,
      detail: { openRuns: given.openRuns },
    })
    const told =
      openRuns === 'pause'
        ? await pauseOpenRuns({ ...ctx, db: trx }, { slug: found.slug, reason: `The playbook was ${status}.` })
        : { runs: 0 }
    return { playbook: found, toPause: told.runs }
  })
  const plan = await readLivePlan(ctx, playbook)
  if (plan !== null) await syncSchedulesOf(ctx, playbook, plan)
  const cancelled = openRuns === 'cancel' ? await cancelOpenRuns(ctx, playbook.id, `The playbook was ${status}.`) : 0
  return { status, cancelled, toPause }
}
