import type { Rule, Trace } from '../../engine/model/rule.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { page, readCursor } from '../db/cursor.ts'
import type { AudienceKind } from '../dispatch/audience-index.ts'
import { notFound } from '../problem.ts'
import { causeView } from '../why/source-words.ts'
import type { AudienceRow, AudienceView, EdgePage, MemberPage } from './audience-schemas.ts'
import type { Scope } from './write-audience.ts'

const MEMBERS = 50
const EDGES = 20

const audienceQuery = ({ db, workspaceId }: Scope, kind: AudienceKind) =>
  db
    .selectFrom('audiences')
    .selectAll('audiences')
    .select((eb) =>
      eb
        .selectFrom('audience_members')
        .select((inner) => inner.fn.countAll<string>().as('n'))
        .where('audience_members.workspace_id', '=', workspaceId)
        .whereRef('audience_members.audience_id', '=', 'audiences.id')
        .where('is_member', '=', true)
        .as('count'),
    )
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', kind)

type QueriedAudience = Awaited<ReturnType<ReturnType<typeof audienceQuery>['executeTakeFirstOrThrow']>>

const rowOf = (row: QueriedAudience): AudienceRow => ({
  slug: row.slug,
  name: row.name,
  description: row.description,
  subject: row.subject,
  // Written from a checked rule only.
  rule: row.rule as unknown as Rule,
  count: Number(row.count ?? 0),
  status: row.status,
  backfillDone: row.backfill_done,
  updatedAt: row.updated_at.toISOString(),
})

/** All segments or all signals, by name. */
export async function listAudiences(
  ctx: Scope,
  kind: AudienceKind,
): Promise<{ data: AudienceRow[]; nextCursor: null }> {
  const rows = await audienceQuery(ctx, kind).orderBy('name').execute()
  return { data: rows.map(rowOf), nextCursor: null }
}

/** One, with a page of who is in it (newest first) and its latest edges. @throws ProblemError 404 */
export async function viewAudience(
  ctx: Scope,
  kind: AudienceKind,
  input: { slug: string; cursor?: string | null | undefined },
): Promise<AudienceView> {
  const audience = await audienceQuery(ctx, kind).where('slug', '=', input.slug).executeTakeFirst()
  if (audience === undefined) throw notFound(kind, input.slug)
  const members = await readMembers(ctx, audience, input.cursor)
  const [edges, asOf] = await Promise.all([readEdges(ctx, audience, null), readAsOf(ctx, audience.id)])
  return {
    ...rowOf(audience),
    backfill: progressOf(audience),
    asOf,
    members: members.data,
    nextCursor: members.nextCursor,
    edges: edges.data,
  }
}

/** What turned it, the newest first, each with its cause and why. @throws ProblemError 404 */
export async function listEdges(
  ctx: Scope,
  kind: AudienceKind,
  input: { slug: string; cursor?: string | null | undefined },
): Promise<EdgePage> {
  return readEdges(ctx, await audienceRecord(ctx, kind, input.slug), input.cursor)
}

async function readEdges(
  ctx: Scope,
  audience: Pick<QueriedAudience, 'id' | 'subject'>,
  cursor: string | null | undefined,
): Promise<EdgePage> {
  let query = ctx.db
    .selectFrom('audience_edges')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('audience_id', '=', audience.id)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(EDGES + 1)
  if (cursor) {
    const [before = '', id = ''] = readCursor(cursor, ['instant', 'uuid'])
    const at = new Date(before)
    query = query.where((eb) => eb.or([eb('at', '<', at), eb.and([eb('at', '=', at), eb('id', '<', id)])]))
  }
  const { data, nextCursor } = page(await query.execute(), EDGES, (row) => [row.at.toISOString(), row.id])
  const subjects = await subjectViews(
    ctx,
    data.map((row) => row.subject_id),
  )
  return {
    data: data.map((row) => ({
      id: row.id,
      subject: subjects.get(row.subject_id) ?? goneView(audience.subject, row.subject_id),
      edge: row.edge,
      at: row.at.toISOString(),
      cause: row.cause,
      by: causeView(row.cause),
      why: row.why as unknown as Trace,
    })),
    nextCursor,
  }
}

/** Up to when it is true: what waits, or is overdue, is not in it yet. */
async function readAsOf(ctx: Scope, audienceId: string): Promise<string> {
  const [waiting, overdue] = await Promise.all([
    ctx.db
      .selectFrom('events')
      .select((eb) => eb.fn.min('received_at').as('at'))
      .where('workspace_id', '=', ctx.workspaceId)
      .where('status', '=', 'pending')
      .executeTakeFirst(),
    ctx.db
      .selectFrom('audience_members')
      .select((eb) => eb.fn.min('valid_until').as('at'))
      .where('workspace_id', '=', ctx.workspaceId)
      .where('audience_id', '=', audienceId)
      .where('valid_until', '<=', new Date(ctx.now))
      .executeTakeFirst(),
  ])
  return new Date(Math.min(ctx.now, waiting?.at?.getTime() ?? ctx.now, overdue?.at?.getTime() ?? ctx.now)).toISOString()
}

/** @throws ProblemError 404 */
export async function audienceRecord(ctx: Scope, kind: AudienceKind, slug: string) {
  const audience = await ctx.db
    .selectFrom('audiences')
    .select(['id', 'subject'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('kind', '=', kind)
    .where('slug', '=', slug)
    .executeTakeFirst()
  if (audience === undefined) throw notFound(kind, slug)
  return audience
}

/** Who is in it now, the newest first. @throws ProblemError 404 */
export async function listMembers(
  ctx: Scope,
  kind: AudienceKind,
  input: { slug: string; cursor?: string | null | undefined },
): Promise<MemberPage> {
  return readMembers(ctx, await audienceRecord(ctx, kind, input.slug), input.cursor)
}

async function readMembers(
  ctx: Scope,
  audience: Pick<QueriedAudience, 'id' | 'subject'>,
  cursor: string | null | undefined,
): Promise<MemberPage> {
  let query = ctx.db
    .selectFrom('audience_members')
    .select(['subject_id', 'since'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('audience_id', '=', audience.id)
    .where('is_member', '=', true)
    .orderBy('since', 'desc')
    .orderBy('subject_id')
    .limit(MEMBERS + 1)
  if (cursor) {
    const [since = '', id = ''] = readCursor(cursor, ['instant', 'uuid'])
    const at = new Date(since)
    query = query.where((eb) =>
      eb.or([eb('since', '<', at), eb.and([eb('since', '=', at), eb('subject_id', '>', id)])]),
    )
  }
  const { data, nextCursor } = page(await query.execute(), MEMBERS, (row) => [row.since.toISOString(), row.subject_id])
  const subjects = await subjectViews(
    ctx,
    data.map((row) => row.subject_id),
  )
  return {
    data: data.map((row) => ({
      subject: subjects.get(row.subject_id) ?? goneView(audience.subject, row.subject_id),
      since: row.since.toISOString(),
    })),
    nextCursor,
  }
}

/** How far the backfill came: of those who were there when it began. Until its first page nobody is counted. */
export function progressOf(audience: Pick<QueriedAudience, 'backfill_total' | 'backfill_count'>) {
  const { backfill_total: total, backfill_count: count } = audience
  // Who comes while it runs is asked about as well, and may be one of a page.
  return { done: total === null ? 0 : Math.min(count, total), total: total ?? 0 }
}
