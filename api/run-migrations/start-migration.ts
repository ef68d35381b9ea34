import { sql } from 'kysely'
import type { Plan } from '../../engine/model/plan.ts'
import { waitChange } from '../../engine/run/plan-changes.ts'
import { stepOf } from '../../engine/run/instance.ts'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context, Scoped } from '../context.ts'
import { IN_LINE } from '../db/enrollment-store.ts'
import { newId } from '../db/new-id.ts'
import { readPlaybook, readVersion, type StoredPlaybook } from '../playbooks/playbook-store.ts'
import { problem } from '../problem.ts'
import { readPlan } from '../runs/read-record.ts'
import type { MigrationPlan } from './migration-schemas.ts'
import { groupsOf, plansOf } from './publish-preview.ts'
import { holdLine, repointLine } from './repoint-line.ts'

type Asking = Scoped & Pick<Context, 'actor'>

/**
 * Has the open runs of a playbook go over to a version. Which runs those are is settled now; each is told by the
 * worker, the first few alone.
 * @param given.version undefined: the live one
 * @throws ProblemError 404; 409 NOT_PUBLISHED, MIGRATION_RUNNING, NOTHING_TO_MOVE; 422 MOVE_INVALID
 */
export async function startMigration(
  ctx: Context,
  given: MigrationPlan & { slug: string; version?: number | undefined },
): Promise<{ id: string; total: number }> {
  return ctx.db.transaction().execute(async (trx) => {
    const scoped = { ...ctx, db: trx }
    const playbook = await readPlaybook(scoped, given.slug, { lock: true })
    const version = given.version ?? playbook.liveVersion
    if (version === null)
      throw problem(409, 'NOT_PUBLISHED', 'The playbook was never published, so there is no version to go over to.')
    const begun = await beginMigration(scoped, playbook, { ...given, version })
    if (begun === null)
      throw problem(
        409,
        'NOTHING_TO_MOVE',
        `No run of another version than ${version} is open. There is nothing to do.`,
      )
    return begun
  })
}

/**
 * Within the caller's transaction, which holds the playbook.
 * @returns null where no run of another version is open
 */
export async function beginMigration(
  ctx: Asking,
  playbook: StoredPlaybook,
  given: MigrationPlan & { version: number },
): Promise<{ id: string; total: number } | null> {
  await refuseSecond(ctx, playbook)
  const { planHash } = await readVersion(ctx, playbook, given.version)
  const plan = await readPlan(ctx, planHash)
  await refuseWrongMoves(ctx, playbook, { given, to: plan })
  const id = newId(ctx.now)
  const at = new Date(ctx.now)
  const common = { workspace_id: ctx.workspaceId, id, playbook_id: playbook.id, created_at: at, updated_at: at }
  const { version, moves, canary, perSecond } = given
  await ctx.db
    .insertInto('run_migrations')
    .values({
      ...common,
      to_version: version,
      to_plan: planHash,
      moves: JSON.stringify(moves),
      canary,
      per_second: perSecond,
      actor: actorName(ctx.actor),
    })
    .execute()
  const line = { workspaceId: ctx.workspaceId, playbookId: playbook.id, version }
  // Held first: what leaves the line before is one of those that are told.
  await holdLine(ctx.db, line)
  const { numAffectedRows } = await sql`
    INSERT INTO run_migration_runs (workspace_id, migration_id, run_id, place, from_version, from_plan, at_steps, changed_at)
    SELECT workspace_id, ${id}::uuid, id, (row_number() OVER (ORDER BY created_at, id))::int - 1, version, plan_hash, at_steps, ${at}
    FROM runs WHERE workspace_id = ${ctx.workspaceId} AND playbook_id = ${playbook.id} AND ended_at IS NULL
      AND version <> ${version} AND NOT (${sql.raw(IN_LINE)})`.execute(ctx.db)
  const after = Number(numAffectedRows ?? 0n)
  const total = after + (await repointLine(ctx.db, line, { migration: id, planHash, plan, after, at }))
  if (total === 0) {
    await ctx.db.deleteFrom('run_migrations').where('workspace_id', '=', ctx.workspaceId).where('id', '=', id).execute()
    return null
  }
  await writeAudit(ctx.db, ctx, { action: 'playbook.migrate', target: playbook.slug, detail: { id, version, total } })
  return { id, total }
}

/** @throws ProblemError 409 MIGRATION_RUNNING where runs of the playbook are on their way to another version, or back */
export async function refuseSecond(
  { db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>,
  playbook: Pick<StoredPlaybook, 'id'>,
): Promise<void> {
  const other = await db
    .selectFrom('run_migrations')
    .select(['to_version'])
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('status', 'in', ['running', 'paused', 'reverting', 'revertingPaused'])
    .executeTakeFirst()
  if (other !== undefined)
    throw problem(
      409,
      'MIGRATION_RUNNING',
      `Runs are going over to version ${other.to_version} already. Wait until that is over, or cancel it.`,
    )
}

/** @throws ProblemError 422 MOVE_INVALID for a step that is still there, and for a place to go on that is none */
async function refuseWrongMoves(
  ctx: Scoped,
  playbook: StoredPlaybook,
  { given, to }: { given: MigrationPlan & { version: number }; to: Plan },
): Promise<void> {
  const groups = await groupsOf(ctx, playbook.id, given.version)
  const plans = await plansOf(ctx, groups)
  const gone = new Set(
    groups.flatMap(({ planHash, at }) => {
      const from = plans.get(planHash)
      return from === undefined
        ? []
        : [...at, ...from.steps.map(({ id }) => id)].filter((id) => waitChange({ from, to }, id) === 'gone').map(stepOf)
    }),
  )
  const wrong = Object.entries(given.moves).flatMap(([step, move]) => {
    const path = `moves.${step}`
    if (groups.length > 0 && !gone.has(step))
      return [
        { path, message: `Version ${given.version} has this step still, or no open run knows it: leave the move out.` },
      ]
    const target = 'to' in move ? to.steps.find(({ id }) => id === move.to) : undefined
    if ('to' in move && (target === undefined || target.op === 'trigger'))
      return [{ path, message: `Version ${given.version} has no step “${move.to}” at which a run could go on.` }]
    return []
  })
  if (wrong.length > 0)
    throw problem(422, 'MOVE_INVALID', {
      detail: `${wrong[0]?.message ?? ''} Look at the preview for the steps that are gone, and where their runs may go on.`,
      problems: wrong,
    })
}
