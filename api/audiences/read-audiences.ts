import type { Rule, Trace } from '../../engine/model/rule.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { page, readCursor } from '../db/cursor.ts'
import type { AudienceKind } from '../dispatch/audience-index.ts'
import { notFound } from '../problem.ts'
import type { AudienceRow, AudienceView, MemberPage } from './audience-schemas.ts'
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
  const edges = await ctx.db
    .selectFrom('audience_edges')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('audience_id', '=', audience.id)
    .orderBy('at', 'desc')
    .limit(EDGES)
    .execute()
  const subjects = await subjectViews(
    ctx,
    edges.map((e) => e.subject_id),
  )
  const viewOf = (id: string) => subjects.get(id) ?? goneView(audience.subject, id)
  return {
    ...rowOf(audience),
    backfill: await readProgress(ctx, audience),
    members: members.data,
    nextCursor: members.nextCursor,
    edges: edges.map((e) => ({
      id: e.id,
      subject: viewOf(e.subject_id),
      edge: e.edge,
      at: e.at.toISOString(),
      cause: e.cause,
      why: e.why as unknown as Trace,
    })),
  }
}

/** Who is in it now, the newest first. @throws ProblemError 404 */
export async function listMembers(
  ctx: Scope,
  kind: AudienceKind,
  input: { slug: string; cursor?: string | null | undefined },
): Promise<MemberPage> {
  const audience = await ctx.db
    .selectFrom('audiences')
    .select(['id', 'subject'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('kind', '=', kind)
    .where('slug', '=', input.slug)
    .executeTakeFirst()
  if (audience === undefined) throw notFound(kind, input.slug)
  return readMembers(ctx, audience, input.cursor)
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

/** How far the backfill came. */
export async function readProgress(
  ctx: Scope,
  audience: Pick<QueriedAudience, 'subject' | 'backfilled_to' | 'backfill_done'>,
): Promise<{ done: number; total: number }> {
  const table = audience.subject === 'contact' ? 'contacts' : 'accounts'
  const { total, done } = await ctx.db
    .selectFrom(table)
    .select((eb) => [
      eb.fn.countAll<string>().as('total'),
      eb.fn
        .countAll<string>()
        .filterWhere('id', '<=', audience.backfilled_to ?? '00000000-0000-0000-0000-000000000000')
        .as('done'),
    ])
    .where('workspace_id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  return { total: Number(total), done: audience.backfill_done ? Number(total) : Number(done) }
}
