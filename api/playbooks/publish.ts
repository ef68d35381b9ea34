import type { Transaction } from 'kysely'
import { planHash } from '../../engine/ids.ts'
import { canListen } from '../../engine/run/listens.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import type { Json } from '../../nodes/manifest.ts'
import { namedZone } from '../../nodes/time-zone.ts'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context, Scoped } from '../context.ts'
import type { Db } from '../db/database.ts'
import type { Database } from '../db/schema.ts'
import { onTransaction } from '../db/sql.ts'
import { beginAdmissions } from '../enroll/admissions.ts'
import { changeCatalog } from '../dispatch/workspace-catalog.ts'
import { problem } from '../problem.ts'
import type { MigrationPlan } from '../run-migrations/migration-schemas.ts'
import { beginMigration } from '../run-migrations/start-migration.ts'
import { refuseFailingTests } from '../tests/gate.ts'
import type { PlaybookSchedule, ScheduleKeeper } from '../temporal-ports.ts'
import { compileDraft, refusal } from './compile-draft.ts'
import { sameDocument } from './drafts.ts'
import { readPlaybook, readVersion, type StoredPlaybook } from './playbook-store.ts'
import { keepWebhookTokens } from './webhook-tokens.ts'

/**
 * Freezes the draft as the next version and turns the playbook on. Publishing what is live already changes nothing.
 * @param given.revision of the draft that the caller has seen; undefined publishes whichever there is
 * @param given.openRuns how runs that are open go over to it; undefined: they finish on the version they began with
 * @throws ProblemError 422 PLAYBOOK_HAS_PROBLEMS or TESTS_FAILED, 409 PLAYBOOK_ARCHIVED, 409 REVISION_STALE
 */
export async function publishPlaybook(
  ctx: Context,
  slug: string,
  { revision, openRuns }: { revision?: number | undefined; openRuns?: MigrationPlan | undefined } = {},
): Promise<{ version: number; migration?: { id: string; total: number } }> {
  const draft = await readPlaybook(ctx, slug)
  if (revision !== undefined && revision !== draft.draftRevision)
    throw problem(
      409,
      'REVISION_STALE',
      `Someone saved revision ${draft.draftRevision} meanwhile; you have seen ${revision}. Load the playbook again, then publish.`,
    )
  const compiled = await compileDraft(ctx, draft.draft, draft)
  if (!compiled.ok)
    throw refusal(
      'PLAYBOOK_HAS_PROBLEMS',
      `The draft has ${compiled.problems.length === 1 ? 'a problem' : `${compiled.problems.length} problems`} and was not published.`,
      compiled.problems,
    )
  const { plan } = compiled
  await refuseFailingTests(ctx, draft.id, plan)
  const published = await ctx.db.transaction().execute(async (trx) => {
    const scoped = { ...ctx, db: trx }
    const playbook = await readPlaybook(scoped, slug, { lock: true })
    if (playbook.draftRevision !== draft.draftRevision)
      throw problem(409, 'REVISION_STALE', 'The draft was saved again while it was published. Publish once more.')
    if (playbook.status === 'archived')
      throw problem(409, 'PLAYBOOK_ARCHIVED', 'The playbook is archived. Resume it first, then publish.')
    const live = playbook.liveVersion === null ? null : await readVersion(scoped, playbook, playbook.liveVersion)
    const version =
      live !== null && sameDocument(live.document, playbook.draft)
        ? live.version
        : await insertVersion(scoped, { playbook, plan })
    const migration = openRuns === undefined ? null : await beginMigration(scoped, playbook, { ...openRuns, version })
    return { playbook, version, migration }
  })
  await syncSchedulesOf(ctx, { ...published.playbook, liveVersion: published.version }, plan)
  const { version, migration } = published
  return migration === null ? { version } : { version, migration }
}

async function insertVersion(
  ctx: Context & { db: Transaction<Database> },
  { playbook, plan }: { playbook: StoredPlaybook; plan: Plan },
): Promise<number> {
  const { db: trx, workspaceId } = ctx
  const text = JSON.stringify(plan)
  const hash = planHash(workspaceId, text)
  const at = new Date(ctx.now)
  const last = await trx
    .selectFrom('playbook_versions')
    .select((eb) => eb.fn.max('version').as('version'))
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', playbook.id)
    .executeTakeFirst()
  const version = (last?.version ?? 0) + 1
  await trx
    .insertInto('plans')
    .values({ workspace_id: workspaceId, hash, plan: text, listens: canListen(plan), created_at: at })
    .onConflict((conflict) => conflict.columns(['workspace_id', 'hash']).doNothing())
    .execute()
  await trx
    .insertInto('playbook_versions')
    .values({
      workspace_id: workspaceId,
      playbook_id: playbook.id,
      version,
      document: JSON.stringify(playbook.draft),
      plan_hash: hash,
      published_by: actorName(ctx.actor),
      published_at: at,
    })
    .execute()
  await trx
    .updateTable('playbooks')
    .set({ live_version: version, status: playbook.status === 'draft' ? 'on' : playbook.status, updated_at: at })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', playbook.id)
    .execute()
  await keepWebhookTokens(
    ctx,
    playbook.id,
    triggersOf(plan, 'trigger.webhook').map(({ id }) => id),
  )
  await changeCatalog(onTransaction(trx), workspaceId)
  await beginAdmissions(trx, ctx, { playbookId: playbook.id, version, plan })
  await writeAudit(trx, ctx, { action: 'playbook.publish', target: playbook.slug, detail: { version } })
  return version
}

type TriggerStep = PlanStep & { op: 'trigger' }

export function triggersOf(plan: Plan, type: string): TriggerStep[] {
  return plan.steps.filter((step): step is TriggerStep => step.op === 'trigger' && step.type.split('@')[0] === type)
}

/** Brings Temporal's schedules in line with the live version; a playbook that is not on has none. */
export async function syncSchedulesOf(
  ctx: Scoped & { temporal: ScheduleKeeper },
  playbook: Pick<StoredPlaybook, 'id' | 'liveVersion'>,
  plan: Plan,
): Promise<void> {
  const row = await ctx.db
    .selectFrom('playbooks')
    .innerJoin('workspaces', 'workspaces.id', 'playbooks.workspace_id')
    .select(['playbooks.status', 'workspaces.time_zone'])
    .where('playbooks.workspace_id', '=', ctx.workspaceId)
    .where('playbooks.id', '=', playbook.id)
    .executeTakeFirst()
  await ctx.temporal.syncSchedules(
    { workspaceId: ctx.workspaceId, playbookId: playbook.id },
    row?.status === 'on' ? schedulesOf(plan, playbook.liveVersion ?? 0, row.time_zone) : [],
  )
}

/** @param timeZone the workspace's, for triggers that name none */
function schedulesOf(plan: Plan, version: number, timeZone: string): PlaybookSchedule[] {
  return triggersOf(plan, 'trigger.schedule').map(({ id, input }) => ({
    step: id,
    version,
    cron: text(input['cron']),
    timeZone: namedZone(input['timeZone']) ?? timeZone,
    segment: text(input['segment']),
  }))
}

/** Whether some of its schedules go by the workspace's clocks. */
export const followsWorkspaceZone = (plan: Plan): boolean =>
  triggersOf(plan, 'trigger.schedule').some(({ input }) => namedZone(input['timeZone']) === null)

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** Of the live version; null before the first publish. */
export async function readLivePlan(
  { db, workspaceId }: { db: Db; workspaceId: string },
  playbook: Pick<StoredPlaybook, 'id' | 'liveVersion'>,
): Promise<Plan | null> {
  if (playbook.liveVersion === null) return null
  const row = await db
    .selectFrom('playbook_versions')
    .innerJoin('plans', (join) =>
      join
        .onRef('plans.workspace_id', '=', 'playbook_versions.workspace_id')
        .onRef('plans.hash', '=', 'playbook_versions.plan_hash'),
    )
    .select('plans.plan')
    .where('playbook_versions.workspace_id', '=', workspaceId)
    .where('playbook_versions.playbook_id', '=', playbook.id)
    .where('playbook_versions.version', '=', playbook.liveVersion)
    .executeTakeFirst()
  // Written by publish from a compiled plan, and never changed.
  return row === undefined ? null : (row.plan as unknown as Plan)
}
