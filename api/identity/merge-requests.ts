import { sql } from 'kysely'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { page, readCursor } from '../db/cursor.ts'
import { forgetPair } from '../db/pair-store.ts'
import { inTransaction, onPool, type Queryable } from '../db/sql.ts'
import { again } from '../dispatch/work-events.ts'
import { createCatalogCache, shareCatalog, type WorkspaceCatalog } from '../dispatch/workspace-catalog.ts'
import type { EnteredRun } from '../enroll/enroll.ts'
import { notFound, problem } from '../problem.ts'
import type { MergeInput, MergeListInput, MergeRow } from './identity-schemas.ts'
import { type Merged, mergeContacts } from './merge-contacts.ts'
import { undoMerge } from './undo-merge.ts'

const PAGE = 50

/** Our ids of two contacts that are named. @throws ProblemError 404, 409 where both are one */
export async function namedPair(ctx: Context, names: [string, string]): Promise<[string, string]> {
  const [one, other] = [await contactId(ctx, names[0]), await contactId(ctx, names[1])]
  if (one === other)
    throw problem(409, 'ALREADY_ONE', `“${names[0]}” and “${names[1]}” are one contact already. Name two.`)
  return [one, other]
}

/** @throws ProblemError 404 */
export async function contactId(ctx: Context, name: string): Promise<string> {
  const id = await findSubjectId(ctx, 'contact', name)
  if (id === null) throw notFound('contact', name)
  return id
}

/** Does work that needs the rules of the workspace in one transaction, again where another one was quicker. */
function withCatalog<T>(ctx: Context, work: (q: Queryable, catalog: WorkspaceCatalog) => Promise<T>): Promise<T> {
  return again(() =>
    inTransaction(ctx.pool, async (q) => {
      await shareCatalog(q)
      return work(q, await createCatalogCache().get(q, ctx.workspaceId))
    }),
  )
}

/** Merges two contacts because somebody says so, whatever was said before. @throws ProblemError 404, 409 */
export async function mergeByHand(ctx: Context, input: MergeInput): Promise<MergeRow> {
  const { workspaceId, now } = ctx
  const contacts = await namedPair(ctx, input.contacts)
  const merged = await withCatalog(ctx, async (q, catalog) => {
    await forgetPair(q, workspaceId, contacts)
    const actor = actorName(ctx.actor)
    return mergeContacts(q, { workspaceId, catalog, contacts, reason: { kind: 'hand' }, actor, now })
  })
  if (merged === null) throw problem(409, 'TRY_AGAIN', 'One of the two was merged at the same moment. Load them again.')
  await handOver(ctx, merged)
  return viewMerge(ctx, merged.id)
}

/** What cannot be handed over now is in the database, and the workers' sweeps do it. */
const leftToWorkers =
  (ctx: Context) =>
  (error: unknown): void =>
    ctx.log.warn(error, 'left to the workers')

async function startNow(ctx: Context, runs: EnteredRun[]): Promise<void> {
  if (runs.length > 0) await ctx.temporal.startRuns(runs.map(refOf)).catch(leftToWorkers(ctx))
}

/** After the commit. */
async function handOver(ctx: Context, merged: Merged): Promise<void> {
  const { workspaceId } = ctx
  await startNow(ctx, merged.runs)
  const id = `merge:${merged.id}`
  for (const runId of merged.endedRuns)
    await ctx.temporal
      .command({ workspaceId, runId }, { id, command: { kind: 'exit', reason: 'merged' } })
      .then(() => onPool(ctx.pool).rows(PAID, [workspaceId, runId, id]))
      .catch(leftToWorkers(ctx))
}

const refOf = ({ workspaceId, runId }: EnteredRun) => ({ workspaceId, runId })
const PAID = {
  name: 'run-outbox-paid',
  text: 'DELETE FROM run_outbox WHERE workspace_id = $1 AND run_id = $2 AND id = $3',
}

/** @throws ProblemError 404, 409 */
export async function undoByHand(ctx: Context, id: string): Promise<MergeRow> {
  const { workspaceId, now } = ctx
  const actor = actorName(ctx.actor)
  const { runs } = await withCatalog(ctx, (q, catalog) => undoMerge(q, { workspaceId, catalog, id, actor, now }))
  await startNow(ctx, runs)
  return viewMerge(ctx, id)
}

const mergeQuery = ({ db, workspaceId }: Context) =>
  db
    .selectFrom('merges')
    .select(['id', 'winner_id', 'loser_id', 'reason', 'actor', 'at', 'undone_at', 'undone_by', 'seq'])
    .select(sql<string[]>`coalesce(undo->'endedRuns', '[]')`.as('ended'))
    .select(sql<string[]>`coalesce(undo->'kept', '[]')`.as('kept'))
    .where('workspace_id', '=', workspaceId)
type QueriedMerge = Awaited<ReturnType<ReturnType<typeof mergeQuery>['executeTakeFirstOrThrow']>>

/** The newest first. */
export async function listMerges(
  ctx: Context,
  input: MergeListInput,
): Promise<{ data: MergeRow[]; nextCursor: string | null }> {
  const limit = input.limit ?? PAGE
  let query = mergeQuery(ctx)
    .orderBy('seq', 'desc')
    .limit(limit + 1)
  if (input.contact !== undefined) {
    const id = await contactId(ctx, input.contact)
    // Also those of the contacts that became this one.
    const ids = ctx.db
      .selectFrom('contacts')
      .select('id')
      .where('workspace_id', '=', ctx.workspaceId)
      .where((eb) => eb.or([eb('id', '=', id), eb('merged_into', '=', id)]))
    query = query.where((eb) => eb.or([eb('winner_id', 'in', ids), eb('loser_id', 'in', ids)]))
  }
  if (input.cursor) query = query.where('seq', '<', readCursor(input.cursor, ['count'])[0] ?? '0')
  const { data, nextCursor } = page(await query.execute(), limit, (row) => [row.seq])
  return { data: await mergeRows(ctx, data), nextCursor }
}

async function viewMerge(ctx: Context, id: string): Promise<MergeRow> {
  const stored = await mergeQuery(ctx).where('id', '=', id).executeTakeFirst()
  const [row] = stored === undefined ? [] : await mergeRows(ctx, [stored])
  if (row === undefined) throw notFound('merge', id)
  return row
}

async function mergeRows(ctx: Context, rows: QueriedMerge[]): Promise<MergeRow[]> {
  const views = await subjectViews(
    ctx,
    rows.flatMap((row) => [row.winner_id, row.loser_id]),
  )
  const viewOf = (id: string) => views.get(id) ?? goneView('contact', id)
  return rows.map((row) => ({
    id: row.id,
    winner: viewOf(row.winner_id),
    loser: viewOf(row.loser_id),
    reason: row.reason as MergeRow['reason'],
    actor: row.actor,
    at: row.at.toISOString(),
    undoneAt: row.undone_at?.toISOString() ?? null,
    undoneBy: row.undone_by,
    endedRuns: row.ended,
    kept: row.kept,
  }))
}
