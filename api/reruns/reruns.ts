import { type Selectable, sql } from 'kysely'
import type { RunStatus } from '../../engine/model/run.ts'
import { stageOf } from '../../engine/run/rerun.ts'
import type { Fault } from '../../nodes/fault.ts'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context, Scoped } from '../context.ts'
import { page, readCursor } from '../db/cursor.ts'
import type { Db } from '../db/database.ts'
import type { RerunsTable } from '../db/error-tables.ts'
import { newId } from '../db/new-id.ts'
import { notFound, problem } from '../problem.ts'
import { type FailedRun, failedRuns } from './failed-runs.ts'
import type { RerunFilter, RerunPreview, RerunRow, RerunView } from './rerun-schemas.ts'

/** Runs of one rerun at most: more are asked for in parts, by period. */
const MOST = 10_000
const PAGE = 50
const SHOWN = 1_000
/** Locks of workspaces in which a rerun begins. */
const STARTS = 0x5b0007

type Asking = Scoped & Pick<Context, 'actor'>

/** Which runs a rerun would take, and what they failed of. @throws ProblemError 422 RERUN_TOO_LARGE */
export async function previewRerun(ctx: Scoped, filter: RerunFilter): Promise<RerunPreview> {
  const runs = await fitting(ctx, filter)
  const byCode = new Map<string | null, { code: string | null; runs: number; example: string }>()
  const byPlaybook = new Map<string, RerunPreview['byPlaybook'][number]>()
  for (const run of runs) {
    const code = codeOf(run, filter)
    const counted = byCode.get(code) ?? { code, runs: 0, example: run.reason }
    byCode.set(code, { ...counted, runs: counted.runs + 1 })
    const { slug, name, version } = run
    const of = byPlaybook.get(`${slug} ${version}`) ?? { slug, name, version, runs: 0 }
    byPlaybook.set(`${slug} ${version}`, { ...of, runs: of.runs + 1 })
  }
  const most = (a: { runs: number }, b: { runs: number }) => b.runs - a.runs
  return {
    count: runs.length,
    byCode: [...byCode.values()].sort(most),
    byPlaybook: [...byPlaybook.values()].sort(most),
    first: runs[0]?.id ?? null,
  }
}

async function fitting(ctx: Scoped, filter: RerunFilter): Promise<FailedRun[]> {
  const runs = await failedRuns(ctx, filter, MOST)
  if (runs.length <= MOST) return runs
  throw problem(
    422,
    'RERUN_TOO_LARGE',
    `More than ${MOST.toLocaleString('en')} failed runs fit. Name a playbook, a code or a shorter period, and rerun them in parts.`,
  )
}

/** What a run counts as: the failure that was asked for, else its first. */
const codeOf = ({ failures }: FailedRun, { code }: RerunFilter): string | null => code ?? failures[0]?.code ?? null

/** The one step that is done again, where not all failed ones were asked for. */
function stepOfRun({ failures }: FailedRun, { code, step }: RerunFilter): string | null {
  const meant = failures.filter((one) => (code === undefined || one.code === code) && fitsStep(one.step, step))
  return meant.length === 1 && failures.length > 1 ? (meant[0]?.step ?? null) : null
}

const fitsStep = (instance: string, step: string | undefined): boolean =>
  step === undefined || instance === step || instance.endsWith(`/${step}`)

/**
 * Has failed runs done again from their failed steps: one, then ten, then the rest.
 * @throws ProblemError 409 NOTHING_FAILED, 422 RERUN_TOO_LARGE
 */
export async function startRerun(
  ctx: Asking,
  given: { filter: RerunFilter; maxFailures: number },
): Promise<{ id: string; total: number }> {
  const { filter, maxFailures } = given
  const id = newId(ctx.now)
  const at = new Date(ctx.now)
  return ctx.db.transaction().execute(async (trx) => {
    // One at a time in a workspace: whoever comes second sees which runs the first has in hand.
    await sql`SELECT pg_advisory_xact_lock(${STARTS}, hashtext(${ctx.workspaceId}))`.execute(trx)
    const runs = await fitting({ ...ctx, db: trx }, filter)
    if (runs.length === 0)
      throw problem(409, 'NOTHING_FAILED', 'No failed run fits this, or another rerun has them in hand already.')
    await trx
      .insertInto('reruns')
      .values({
        workspace_id: ctx.workspaceId,
        id,
        filter: JSON.stringify(filter),
        total: runs.length,
        max_failures: maxFailures,
        actor: actorName(ctx.actor),
        created_at: at,
        updated_at: at,
      })
      .execute()
    const steps = runs.map((run) => stepOfRun(run, filter))
    const codes = runs.map((run) => codeOf(run, filter))
    await sql`INSERT INTO rerun_runs (workspace_id, rerun_id, run_id, place, step, code)
      SELECT ${ctx.workspaceId}::uuid, ${id}::uuid, t.run_id, t.n, t.step, t.code
      FROM unnest(${runs.map((run) => run.id)}::text[], ${steps}::text[], ${codes}::text[])
        WITH ORDINALITY AS t (run_id, step, code, n)`.execute(trx)
    await writeAudit(trx, ctx, { action: 'rerun.start', target: id, detail: { filter, runs: runs.length } })
    return { id, total: runs.length }
  })
}

/** The newest first. */
export async function listReruns(
  ctx: Scoped,
  { cursor }: { cursor?: string | null | undefined },
): Promise<{ data: RerunRow[]; nextCursor: string | null }> {
  const [before] = cursor === undefined || cursor === null ? [] : readCursor(cursor, ['uuid'])
  const rows = await ctx.db
    .selectFrom('reruns')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(PAGE + 1)
    .execute()
  const found = page(rows, PAGE, ({ id }) => [id])
  const counted = await countsOf(
    ctx,
    found.data.map(({ id }) => id),
  )
  return { ...found, data: found.data.map((row) => rowOf(row, counted.get(row.id) ?? NONE)) }
}

type Counts = RerunRow['counts']
const NONE: Counts = { waiting: 0, begun: 0, passed: 0, failed: 0, moved: 0 }

/** How many runs of each of these reruns stand where. */
export async function countsOf(
  { db, workspaceId }: { db: Db; workspaceId: string },
  ids: string[],
): Promise<Map<string, Counts>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('rerun_runs')
    .select(['rerun_id', 'status', sql<number>`count(*)::int`.as('runs')])
    .where('workspace_id', '=', workspaceId)
    .where('rerun_id', 'in', ids)
    .groupBy(['rerun_id', 'status'])
    .execute()
  const counts = new Map<string, Counts>()
  for (const { rerun_id: id, status, runs } of rows) counts.set(id, { ...(counts.get(id) ?? NONE), [status]: runs })
  return counts
}

const rowOf = (row: Selectable<RerunsTable>, counts: Counts): RerunRow => ({
  id: row.id,
  filter: row.filter as RerunFilter,
  status: row.status,
  reason: row.reason,
  stage: stageOf({ through: counts.passed + counts.failed }),
  total: row.total,
  counts,
  maxFailures: row.max_failures,
  by: row.actor,
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
})

/** @throws ProblemError 404 */
export async function viewRerun(ctx: Scoped, id: string): Promise<RerunView> {
  const row = await findRerun(ctx.db, ctx, id)
  const counts = (await countsOf(ctx, [id])).get(id) ?? NONE
  const runs = await ctx.db
    .selectFrom('rerun_runs')
    .innerJoin('runs', (join) =>
      join.onRef('runs.workspace_id', '=', 'rerun_runs.workspace_id').onRef('runs.id', '=', 'rerun_runs.run_id'),
    )
    .selectAll('rerun_runs')
    .select('runs.status as run_status')
    .where('rerun_runs.workspace_id', '=', ctx.workspaceId)
    .where('rerun_runs.rerun_id', '=', id)
    .where((eb) => eb.or([eb('rerun_runs.place', '<=', SHOWN), eb('rerun_runs.status', '=', 'failed')]))
    .orderBy('rerun_runs.place')
    .limit(2 * SHOWN)
    .execute()
  return {
    ...rowOf(row, counts),
    runs: runs.map((run) => ({
      id: run.run_id,
      place: run.place,
      status: run.status,
      // Written by the record from RUN_STATUSES only.
      runStatus: run.status === 'begun' ? (run.run_status as RunStatus) : null,
      code: run.code,
      step: run.failed_step,
      fault: run.fault as unknown as Fault | null,
      begunAt: run.begun_at?.toISOString() ?? null,
      endedAt: run.ended_at?.toISOString() ?? null,
    })),
  }
}

async function findRerun(db: Db, { workspaceId }: Pick<Scoped, 'workspaceId'>, id: string) {
  const row = await db
    .selectFrom('reruns')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('rerun', id)
  return row
}

/** Goes on after it stopped: the failures so far are accepted. @throws ProblemError 404, 409 RERUN_STATE */
export async function continueRerun(ctx: Asking, id: string): Promise<{ id: string }> {
  const counts = (await countsOf(ctx, [id])).get(id) ?? NONE
  await change(ctx, id, { from: ['stopped'], set: { status: 'running', reason: null, accepted: counts.failed } })
  return { id }
}

/** Begins no more runs; those under way go on. @throws ProblemError 404, 409 RERUN_STATE */
export async function cancelRerun(ctx: Asking, id: string): Promise<{ id: string }> {
  await change(ctx, id, {
    from: ['running', 'stopped'],
    set: { status: 'cancelled', reason: `Cancelled by ${actorName(ctx.actor)}.` },
  })
  return { id }
}

interface Change {
  from: Array<RerunRow['status']>
  set: { status: RerunRow['status']; reason: string | null; accepted?: number }
}

async function change(ctx: Asking, id: string, { from, set }: Change): Promise<void> {
  const changed = await ctx.db
    .updateTable('reruns')
    .set({ ...set, updated_at: new Date(ctx.now) })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .where('status', 'in', from)
    .returning('id')
    .executeTakeFirst()
  if (changed === undefined) {
    const { status } = await findRerun(ctx.db, ctx, id)
    throw problem(409, 'RERUN_STATE', `The rerun is ${status}. Load it again to see what can be done.`)
  }
  await writeAudit(ctx.db, ctx, { action: `rerun.${set.status}`, target: id })
}
