import { sql } from 'kysely'
import type { ScoreValue } from '../../engine/model/score.ts'
import type { Trace } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { page, readCursor } from '../db/cursor.ts'
import { withNamed } from '../dispatch/world.ts'
import { notFound } from '../problem.ts'
import type { AccountView, ContactView, SubjectPage } from './customer-schemas.ts'
import { eventsOf } from './list-events.ts'
import type { CustomerRow } from './list-customers.ts'
import { accountRowOf, contactRowOf } from './read-customers.ts'
import { accountsOf, contactCounts, workedOut } from './row-cells.ts'
import { type CustomerKind, TABLE } from './sort-order.ts'
import { subjectId } from './subject-id.ts'
import { view } from './subject-view.ts'
import type { HistoryInput, MembershipWhy, PropertyChangeView } from './timeline-schemas.ts'

const LATEST = 20
const MEMBERS = 200
const PAGE = 50

type ProfileRow = CustomerRow & { links: Json }

/** One contact by your own id or ours; one that was merged away answers as who it became. @throws ProblemError 404 */
export async function viewContact(ctx: Scope, input: { id: string }): Promise<ContactView> {
  const row = await rowOf(ctx, 'contact', input.id)
  const identities = await ctx.db
    .selectFrom('identities')
    .select(['kind', 'value'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('contact_id', '=', row.id)
    .orderBy('created_at')
    .orderBy('value')
    .execute()
  const accounts = await accountsOf(ctx, [row.id])
  return { ...contactRowOf(row, accounts), ...(await subjectPageOf(ctx, 'contact', row)), identities }
}

/** One account by your own id or ours. @throws ProblemError 404 */
export async function viewAccount(ctx: Scope, input: { id: string }): Promise<AccountView> {
  const row = await rowOf(ctx, 'account', input.id)
  const members = await ctx.db
    .selectFrom('account_contacts')
    .innerJoin('contacts', (join) =>
      join
        .onRef('contacts.workspace_id', '=', 'account_contacts.workspace_id')
        .onRef('contacts.id', '=', 'account_contacts.contact_id'),
    )
    .select(['contacts.id', 'contacts.external_id as externalId', 'contacts.email', 'contacts.name'])
    .where('account_contacts.workspace_id', '=', ctx.workspaceId)
    .where('account_contacts.account_id', '=', row.id)
    .where('contacts.merged_into', 'is', null)
    .orderBy('contacts.id')
    .limit(MEMBERS)
    .execute()
  return {
    ...accountRowOf(row, await contactCounts(ctx, [row.id])),
    ...(await subjectPageOf(ctx, 'account', row)),
    members: members.map((member) => view('contact', member)),
  }
}

async function rowOf(ctx: Scope, kind: CustomerKind, name: string): Promise<ProfileRow> {
  const id = await subjectId(ctx, kind, name)
  const email = kind === 'contact' ? sql`email` : sql`NULL::text AS email`
  const { rows } = await sql<ProfileRow>`
    SELECT id, external_id, ${email}, name, properties, links, created_at, updated_at FROM ${sql.table(TABLE[kind])}
    WHERE workspace_id = ${ctx.workspaceId} AND id = ${id}`.execute(ctx.db)
  const [row] = rows
  // Deleted between the two looks.
  if (row === undefined) throw notFound(kind, name)
  return row
}

async function subjectPageOf(ctx: Scope, kind: CustomerKind, row: ProfileRow): Promise<SubjectPage> {
  const worked = (await workedOut(ctx, [row.id])).get(row.id) ?? []
  return {
    properties: withNamed(row),
    provenance: await provenanceOf(ctx, row.id),
    scores: worked
      .filter(({ kind: of }) => of === 'score')
      .map(({ slug, name, since, value }) => ({ slug, name, since: since.toISOString(), value: scoreOf(value) })),
    links: asObject(row.links),
    memberships: worked
      .flatMap(({ kind: of, slug, name, since }) => (of === 'score' ? [] : [{ kind: of, slug, name, since }]))
      .sort((a, b) => b.since.getTime() - a.since.getTime())
      .map((one) => ({ ...one, since: one.since.toISOString() })),
    events: await eventsOf(ctx, { kind, id: row.id, most: LATEST }),
    runs: await runsOf(ctx, row.id),
  }
}

// What `audience_members.value` of a score holds, by whoever worked it out.
const scoreOf = (value: Json): ScoreValue => value as unknown as ScoreValue

async function runsOf({ db, workspaceId }: Scope, id: string): Promise<SubjectPage['runs']> {
  const runs = await db
    .selectFrom('runs')
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .select(['runs.id', 'runs.status', 'runs.created_at', 'runs.ended_at', 'playbooks.slug', 'playbooks.name'])
    .where('runs.workspace_id', '=', workspaceId)
    .where('runs.subject_id', '=', id)
    .orderBy('runs.created_at', 'desc')
    .limit(LATEST)
    .execute()
  return runs.map((run) => ({
    id: run.id,
    playbook: { slug: run.slug, name: run.name },
    status: run.status,
    createdAt: run.created_at.toISOString(),
    endedAt: run.ended_at?.toISOString() ?? null,
  }))
}

/** Who wrote each property last. */
async function provenanceOf({ db, workspaceId }: Scope, id: string): Promise<SubjectPage['provenance']> {
  const rows = await db
    .selectFrom('property_changes')
    .distinctOn('property')
    .select(['property', 'at', 'occurred_at', 'source'])
    .where('workspace_id', '=', workspaceId)
    .where('subject_id', '=', id)
    .orderBy('property')
    .orderBy('seq', 'desc')
    .execute()
  return Object.fromEntries(
    rows.map(({ property, at, occurred_at, source }) => [
      property,
      { at: at.toISOString(), occurredAt: occurred_at.toISOString(), source },
    ]),
  )
}

/** All values a property had, the newest first, and who wrote each. @throws ProblemError 404, 400 */
export async function propertyHistory(
  ctx: Scope,
  kind: CustomerKind,
  input: HistoryInput,
): Promise<{ data: PropertyChangeView[]; nextCursor: string | null }> {
  const id = await subjectId(ctx, kind, input.id)
  const limit = input.limit ?? PAGE
  let query = ctx.db
    .selectFrom('property_changes')
    .select(['seq', 'before', 'value', 'at', 'occurred_at', 'source'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('subject_id', '=', id)
    .where('property', '=', input.property)
    .orderBy('seq', 'desc')
    .limit(limit + 1)
  if (input.cursor) query = query.where('seq', '<', readCursor(input.cursor, ['count'])[0] ?? '0')
  const { data, nextCursor } = page(await query.execute(), limit, (row) => [row.seq])
  return {
    data: data.map(({ before, value, at, occurred_at, source }) => ({
      before,
      value,
      at: at.toISOString(),
      occurredAt: occurred_at.toISOString(),
      source,
    })),
    nextCursor,
  }
}

/** The segments and signals somebody is in, each with why it came true. @throws ProblemError 404 */
export async function membershipsOf(
  ctx: Scope,
  kind: CustomerKind,
  input: { id: string },
): Promise<{ data: MembershipWhy[] }> {
  const id = await subjectId(ctx, kind, input.id)
  const { rows } = await sql<{
    kind: 'segment' | 'signal'
    slug: string
    name: string
    since: Date
    why: Trace | null
  }>`
    SELECT audiences.kind, audiences.slug, audiences.name, members.since, (
      SELECT edges.why FROM audience_edges edges WHERE edges.workspace_id = members.workspace_id
        AND edges.audience_id = members.audience_id AND edges.subject_id = members.subject_id AND edges.edge IN ('set', 'entered')
      ORDER BY edges.at DESC LIMIT 1) AS why
    FROM audience_members members
    JOIN audiences ON audiences.workspace_id = members.workspace_id AND audiences.id = members.audience_id
    WHERE members.workspace_id = ${ctx.workspaceId} AND members.subject_id = ${id} AND members.is_member
      AND audiences.kind IN ('segment', 'signal')
    ORDER BY members.since DESC, audiences.slug`.execute(ctx.db)
  return { data: rows.map((row) => ({ ...row, since: row.since.toISOString() })) }
}

const asObject = (value: Json): { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
