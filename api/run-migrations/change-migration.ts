import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import type { Db } from '../db/database.ts'
import { readPlaybook, type StoredPlaybook } from '../playbooks/playbook-store.ts'
import { notFound, problem } from '../problem.ts'
import type { MigrationRow } from './migration-schemas.ts'
import { readMigration } from './read-migrations.ts'
import { refuseSecond } from './start-migration.ts'

type Status = MigrationRow['status']
type Change = 'pause' | 'continue' | 'cancel' | 'revert'

const AFTER: { [change in Change]: { [status in Status]?: Status } } = {
  pause: { running: 'paused', reverting: 'revertingPaused' },
  continue: { paused: 'running', revertingPaused: 'reverting' },
  cancel: { running: 'cancelled', paused: 'cancelled' },
  revert: { running: 'reverting', paused: 'reverting', done: 'reverting', cancelled: 'reverting' },
}

/**
 * Pauses a migration, lets it go on (then without going slowly at first), ends it where it is, or takes it back: runs
 * that still wait where they went over go back, the others stay and are told.
 * @throws ProblemError 404; 409 MIGRATION_STATE, MIGRATION_RUNNING (it was over, and another one is under way)
 */
export async function changeMigration(
  ctx: Context,
  given: { slug: string; id: string; change: Change },
): Promise<MigrationRow> {
  const { slug, id, change } = given
  await ctx.db.transaction().execute(async (trx) => {
    const { status, playbook } = await lock(trx, ctx, given)
    const after = AFTER[change][status]
    if (after === undefined)
      throw problem(409, 'MIGRATION_STATE', `The migration is ${WORDS[status]}: it cannot be ${DONE[change]} now.`)
    // It was over, so another one may have begun: two at once would tell the same runs.
    if (status === 'done' || status === 'cancelled') await refuseSecond({ ...ctx, db: trx }, playbook)
    const ended = after === 'cancelled' ? new Date(ctx.now) : null
    await trx
      .updateTable('run_migrations')
      .set({ status: after, reason: null, updated_at: new Date(ctx.now), ended_at: ended })
      // Whoever lets it go on has looked at the first runs.
      .$if(change === 'continue', (set) => set.set({ canary: 0 }))
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    if (change === 'cancel' || change === 'revert') await leaveOthers(trx, ctx, id)
    await writeAudit(trx, ctx, { action: `playbook.migrate-${change}`, target: slug, detail: { id } })
  })
  return (await readMigration(ctx, given)).migration
}

const WORDS: { [status in Status]: string } = {
  running: 'running',
  paused: 'paused',
  done: 'done',
  cancelled: 'cancelled',
  reverting: 'being taken back',
  revertingPaused: 'being taken back, and paused',
  reverted: 'taken back',
}
const DONE: { [change in Change]: string } = {
  pause: 'paused',
  continue: 'continued',
  cancel: 'cancelled',
  revert: 'taken back',
}

async function lock(
  trx: Db,
  ctx: Context,
  { slug, id }: { slug: string; id: string },
): Promise<{ status: Status; playbook: StoredPlaybook }> {
  // Whoever begins a migration holds the playbook too.
  const playbook = await readPlaybook({ ...ctx, db: trx }, slug, { lock: true })
  const row = await trx
    .selectFrom('run_migrations')
    .select('status')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) throw notFound('migration', id)
  return { status: row.status, playbook }
}

/** Runs that were not told yet are not told any more. */
async function leaveOthers(trx: Db, { workspaceId, now }: Context, id: string): Promise<void> {
  await trx
    .updateTable('run_migration_runs')
    .set({ status: 'cancelled', changed_at: new Date(now) })
    .where('workspace_id', '=', workspaceId)
    .where('migration_id', '=', id)
    .where('status', '=', 'waiting')
    .execute()
}
