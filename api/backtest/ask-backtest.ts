import { BacktestRefused } from '../../engine/backtest/reading.ts'
import { documentDigest } from '../../engine/model/document-digest.ts'
import { DAY } from '../../engine/model/duration.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { Json } from '../../nodes/manifest.ts'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { newId } from '../db/new-id.ts'
import { onPool, sqlState } from '../db/sql.ts'
import { compileDraft, refusal, requireDocument } from '../playbooks/compile-draft.ts'
import { readPlaybook } from '../playbooks/playbook-store.ts'
import { readLivePlan } from '../playbooks/publish.ts'
import { notFound, problem } from '../problem.ts'
import { keepEventsDays } from '../why/past-store.ts'
import type { AskedBacktest } from './backtest-store.ts'
import type { BacktestRow, BacktestView } from './backtest-schemas.ts'
import { answersOf } from './step-samples.ts'
import { wantedPast } from './wanted-past.ts'
import type { BacktestResult } from './run-backtest.ts'

export interface BacktestInput {
  slug: string
  days: number
  /** What is on the canvas; default: the saved draft. */
  document?: unknown
  /** By step: what an action is taken to answer, before the kept sample and that of its definition. */
  pins: { [step: string]: Json }
}

/** Of a playbook so many are kept. */
const KEPT = 20

/**
 * Asks for a backtest of the draft over the events of the last days, to be carried out by a worker.
 * @throws ProblemError 422 while the draft has problems, reads what is not followed or asks for days that are not kept;
 *   409 BACKTEST_RUNNING
 */
export async function askBacktest(ctx: Context, given: BacktestInput): Promise<{ id: string }> {
  const { db, workspaceId, now } = ctx
  const playbook = await readPlaybook(ctx, given.slug)
  const compiled = await compileDraft(ctx, given.document ?? playbook.draft, playbook)
  if (!compiled.ok) {
    requireDocument(given.document ?? playbook.draft, compiled.problems)
    throw refusal('PLAYBOOK_HAS_PROBLEMS', 'The draft has problems, so there is nothing to try yet.', compiled.problems)
  }
  const { plan } = compiled
  const kept = await keepEventsDays(onPool(ctx.pool), workspaceId)
  if (given.days > kept)
    throw problem(
      422,
      'BACKTEST_TOO_LONG',
      `Events are kept for ${kept} days here. Ask for ${kept} days or fewer, or keep them longer under Settings.`,
    )
  const period = { from: now - given.days * DAY, until: now }
  refuseUnfollowed(plan, period)
  const livePlan = await readLivePlan(ctx, playbook)
  const isLive = livePlan !== null && JSON.stringify(livePlan) === JSON.stringify(plan)
  const asked: AskedBacktest = {
    plan,
    live: livePlan === null || isLive ? null : { version: playbook.liveVersion ?? 0, plan: livePlan },
    isLive,
    answers: await answersOf(ctx, playbook.id, { plan, live: livePlan, pins: given.pins }),
    holdoutPercent: await holdoutPercentOf(ctx),
  }
  const id = newId(now)
  // What compiles is a document.
  const digest = documentDigest((given.document ?? playbook.draft) as PlaybookDocument)
  await insert(ctx, { id, playbookId: playbook.id, period, asked, digest })
  await writeAudit(db, ctx, { action: 'playbook.backtest', target: playbook.slug, detail: { days: given.days } })
  return { id }
}

function refuseUnfollowed(plan: Plan, period: { from: number; until: number }): void {
  try {
    wantedPast(plan, period)
  } catch (error) {
    if (error instanceof BacktestRefused) throw problem(422, 'BACKTEST_REFUSED', error.message)
    throw error
  }
}

async function holdoutPercentOf({ db, workspaceId }: Context): Promise<number> {
  const row = await db
    .selectFrom('contact_rules')
    .select('holdout_percent')
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst()
  return row?.holdout_percent ?? 0
}

async function insert(
  { db, workspaceId, now, actor }: Context,
  row: {
    id: string
    playbookId: string
    period: { from: number; until: number }
    asked: AskedBacktest
    digest: string
  },
): Promise<void> {
  try {
    await db
      .insertInto('backtests')
      .values({
        workspace_id: workspaceId,
        id: row.id,
        playbook_id: row.playbookId,
        status: 'waiting',
        from_at: new Date(row.period.from),
        until_at: new Date(row.period.until),
        asked: JSON.stringify(row.asked),
        asked_by: actorName(actor),
        asked_at: new Date(now),
        digest: row.digest,
      })
      .execute()
  } catch (error) {
    if (sqlState(error) !== '23505') throw error
    throw problem(
      409,
      'BACKTEST_RUNNING',
      'Another backtest of this workspace is under way. Wait for it, or cancel it, then ask again.',
    )
  }
  await db
    .deleteFrom('backtests')
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', row.playbookId)
    .where('status', 'not in', ['waiting', 'running'])
    .where((eb) =>
      eb(
        'id',
        'not in',
        eb
          .selectFrom('backtests')
          .select('id')
          .where('workspace_id', '=', workspaceId)
          .where('playbook_id', '=', row.playbookId)
          .orderBy('asked_at', 'desc')
          .limit(KEPT),
      ),
    )
    .execute()
}

const COLUMNS = [
  'id',
  'status',
  'progress',
  'from_at',
  'until_at',
  'asked_by',
  'asked_at',
  'ended_at',
  'fault',
  'digest',
] as const

/** Those of a playbook that are kept, the newest first. @throws ProblemError 404 */
export async function listBacktests(ctx: Context, slug: string): Promise<BacktestRow[]> {
  const playbook = await readPlaybook(ctx, slug)
  const rows = await ctx.db
    .selectFrom('backtests')
    .select(COLUMNS)
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .orderBy('asked_at', 'desc')
    .limit(KEPT)
    .execute()
  return rows.map(asRow)
}

/** @throws ProblemError 404 */
export async function viewBacktest(ctx: Context, of: { slug: string; id: string }): Promise<BacktestView> {
  const playbook = await readPlaybook(ctx, of.slug)
  const row = await ctx.db
    .selectFrom('backtests')
    .select([...COLUMNS, 'result'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('id', '=', of.id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('backtest', of.id)
  // Written by a worker of this version or of one before, and only added to since.
  return { ...asRow(row), result: row.result as unknown as BacktestResult | null }
}

/** Ends one that is under way; what is over stays as it is. @throws ProblemError 404, 409 */
export async function cancelBacktest(ctx: Context, of: { slug: string; id: string }): Promise<BacktestView> {
  const before = await viewBacktest(ctx, of)
  const { numUpdatedRows } = await ctx.db
    .updateTable('backtests')
    .set({ status: 'cancelled', ended_at: new Date(ctx.now), worker: null })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', of.id)
    .where('status', 'in', ['waiting', 'running'])
    .executeTakeFirst()
  if (numUpdatedRows === 0n)
    throw problem(409, 'BACKTEST_OVER', `This backtest is over (${before.status}); there is nothing to cancel.`)
  return viewBacktest(ctx, of)
}

function asRow(row: {
  id: string
  status: BacktestRow['status']
  progress: number
  from_at: Date
  until_at: Date
  asked_by: string
  asked_at: Date
  ended_at: Date | null
  fault: string | null
  digest: string | null
}): BacktestRow {
  return {
    id: row.id,
    status: row.status,
    progress: row.progress,
    from: row.from_at.toISOString(),
    until: row.until_at.toISOString(),
    askedBy: row.asked_by,
    askedAt: row.asked_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    fault: row.fault,
    digest: row.digest,
  }
}
