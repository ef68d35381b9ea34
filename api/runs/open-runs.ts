import { sql } from 'kysely'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context, Scoped } from '../context.ts'
import { newId } from '../db/new-id.ts'
import { readLivePlan } from '../playbooks/publish.ts'
import { readPlaybook } from '../playbooks/playbook-store.ts'

/** Open runs of a playbook that are paused together, and how many are on their way there or back. */
export interface PausedRuns {
  paused: number
  toPause: number
  toContinue: number
  /** When the last of them is told. */
  until: string | null
}

/** How many runs a second are told to pause: other commands go in between. */
const PAUSES_PER_SECOND = 150
/** Of a playbook that calls nothing with a budget. */
const CONTINUES_PER_SECOND = 20

const PAUSE = 'playbook-pause:'
const CONTINUE = 'playbook-continue:'

type Asking = Scoped & Pick<Context, 'actor'>

/**
 * Lets the open runs of a playbook begin nothing new. The commands are committed here and handed over by the worker's
 * sweep, so many a second. A run that a person paused by itself is left alone, and one that waits for its turn to begin.
 * @returns how many are told
 * @throws ProblemError 404
 */
export async function pauseOpenRuns(ctx: Asking, given: { slug: string; reason: string }): Promise<{ runs: number }> {
  const playbook = await readPlaybook(ctx, given.slug)
  const command = JSON.stringify({ kind: 'pause', reason: given.reason })
  const runs = await owe(ctx, playbook.id, { id: PAUSE + newId(ctx.now), command, perSecond: PAUSES_PER_SECOND })
  await writeAudit(ctx.db, ctx, { action: 'playbook.pause-runs', target: given.slug, detail: { runs } })
  return { runs }
}

/**
 * Lets the runs that were paused with their playbook go on, so many a second.
 * @param given.perSecond null: as fast as the budgets of the live version's connections allow
 * @throws ProblemError 404
 */
export async function continueOpenRuns(
  ctx: Asking,
  given: { slug: string; perSecond: number | null },
): Promise<{ runs: number; perSecond: number }> {
  const playbook = await readPlaybook(ctx, given.slug)
  const perSecond = given.perSecond ?? (await paceOf(ctx, playbook))
  const command = JSON.stringify({ kind: 'continue' })
  const runs = await owe(ctx, playbook.id, { id: CONTINUE + newId(ctx.now), command, perSecond })
  await writeAudit(ctx.db, ctx, { action: 'playbook.continue-runs', target: given.slug, detail: { runs, perSecond } })
  return { runs, perSecond }
}

/** @throws ProblemError 404 */
export async function readPausedRuns(ctx: Scoped, slug: string): Promise<PausedRuns> {
  const playbook = await readPlaybook(ctx, slug)
  const { rows } = await sql<{ paused: number; to_pause: number; to_continue: number; until: Date | null }>`
    WITH last AS (${lastTold(ctx, playbook.id)})
    SELECT count(*) FILTER (WHERE l.id LIKE ${`${PAUSE}%`} AND o.id IS NULL)::int AS paused,
      count(*) FILTER (WHERE l.id LIKE ${`${PAUSE}%`} AND o.id IS NOT NULL)::int AS to_pause,
      count(*) FILTER (WHERE l.id LIKE ${`${CONTINUE}%`} AND o.id IS NOT NULL)::int AS to_continue, max(o.at) AS until
    FROM last l LEFT JOIN run_outbox o ON o.workspace_id = ${ctx.workspaceId} AND o.run_id = l.run_id AND o.id = l.id`.execute(
    ctx.db,
  )
  const [row] = rows
  return {
    paused: row?.paused ?? 0,
    toPause: row?.to_pause ?? 0,
    toContinue: row?.to_continue ?? 0,
    until: row?.until?.toISOString() ?? null,
  }
}

/** Of each open run what it was told last of pausing and going on. */
const lastTold = ({ workspaceId }: Pick<Scoped, 'workspaceId'>, playbookId: string) => sql`
  SELECT DISTINCT ON (c.run_id) c.run_id, c.id, c.command ->> 'kind' AS kind, c.at FROM runs r
  JOIN run_commands c ON c.workspace_id = r.workspace_id AND c.run_id = r.id AND c.command ->> 'kind' IN ('pause', 'continue')
  WHERE r.workspace_id = ${workspaceId} AND r.playbook_id = ${playbookId} AND r.ended_at IS NULL
  ORDER BY c.run_id, c.at DESC, c.id DESC`

interface Owed {
  id: string
  command: string
  perSecond: number
}

/** Commits the command for each run that it is meant for, with when it is handed over: never before the one before it. */
async function owe(ctx: Asking, playbookId: string, { id, command, perSecond }: Owed): Promise<number> {
  const meant = id.startsWith(PAUSE)
    ? sql`(l.kind IS NULL OR l.kind = 'continue') AND (r.started OR r.place IS NULL)`
    : sql`l.id LIKE ${`${PAUSE}%`}`
  const at = new Date(ctx.now)
  const { rows } = await sql<{ runs: number }>`
    WITH last AS (${lastTold(ctx, playbookId)}),
    meant AS (
      SELECT r.id, row_number() OVER (ORDER BY r.created_at, r.id) - 1 AS n, o.at AS before FROM runs r
      LEFT JOIN last l ON l.run_id = r.id
      LEFT JOIN run_outbox o ON o.workspace_id = r.workspace_id AND o.run_id = r.id AND o.id = l.id
      WHERE r.workspace_id = ${ctx.workspaceId} AND r.playbook_id = ${playbookId} AND r.ended_at IS NULL AND ${meant}),
    told AS (
      INSERT INTO run_commands (workspace_id, run_id, id, command, actor, at)
      SELECT ${ctx.workspaceId}::uuid, id, ${id}, ${command}::jsonb, ${actorName(ctx.actor)}, ${at} FROM meant),
    owed AS (
      INSERT INTO run_outbox (workspace_id, run_id, id, at)
      SELECT ${ctx.workspaceId}::uuid, id, ${id},
        greatest(before + interval '1 millisecond', ${at}::timestamptz + n / ${perSecond}::float8 * interval '1 second')
      FROM meant)
    SELECT count(*)::int AS runs FROM meant`.execute(ctx.db)
  return rows[0]?.runs ?? 0
}

/** Runs a second by the tightest budget of the live version's connections. */
async function paceOf(ctx: Scoped, playbook: Parameters<typeof readLivePlan>[1]): Promise<number> {
  const plan = await readLivePlan(ctx, playbook)
  const slugs = (plan?.steps ?? []).flatMap((step) => (step.op === 'act' && step.connection ? [step.connection] : []))
  if (slugs.length === 0) return CONTINUES_PER_SECOND
  const budgets = await ctx.db
    .selectFrom('connections')
    .select(['budget_calls', 'budget_per_ms'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('slug', 'in', slugs)
    .execute()
  const paces = budgets.flatMap(({ budget_calls: calls, budget_per_ms: perMs }) =>
    calls === null || perMs === null ? [] : [(calls * 1000) / perMs],
  )
  return paces.length === 0 ? CONTINUES_PER_SECOND : Math.min(...paces)
}
