import { sql } from 'kysely'
import type { Trace } from '../../engine/model/rule.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { page, readCursor } from '../db/cursor.ts'
import type { EventListInput, EventRow } from './customer-schemas.ts'
import { propertiesOf } from './event-properties.ts'
import { findSubjectId } from './find-subject.ts'
import { goneView, subjectViews } from './subject-view.ts'

const PAGE = 50

const eventQuery = ({ db, workspaceId }: Scope) =>
  db
    .selectFrom('events')
    .select([
      'seq',
      'message_id',
      'kind',
      'name',
      'subject_key',
      'body',
      'cause',
      'occurred_at',
      'received_at',
      'status',
      'refusal',
      'contact_id',
      'account_id',
      'processed_at',
    ])
    .where('workspace_id', '=', workspaceId)

export type QueriedEvent = Awaited<ReturnType<ReturnType<typeof eventQuery>['executeTakeFirstOrThrow']>>

/** What was received, newest first, with what each started, or why nothing. An unknown subject has no events. */
export async function listEvents(
  ctx: Scope,
  input: EventListInput,
): Promise<{ data: EventRow[]; nextCursor: string | null }> {
  const limit = input.limit ?? PAGE
  let query = eventQuery(ctx)
    .orderBy('seq', 'desc')
    .limit(limit + 1)
  if (input.name !== undefined) query = query.where('name', '=', input.name)
  if (input.kind !== undefined) query = query.where('kind', '=', input.kind)
  if (input.status !== undefined) query = query.where('status', '=', input.status)
  if (input.subject !== undefined) {
    const contact = await findSubjectId(ctx, 'contact', input.subject)
    const account = await findSubjectId(ctx, 'account', input.subject)
    const named = input.subject
    query = query.where((eb) =>
      eb.or([
        ...(contact === null ? [] : [eb('contact_id', '=', contact)]),
        ...(account === null ? [] : [eb('account_id', '=', account)]),
        // Not worked yet, so not resolved yet.
        eb.and([eb('status', '=', 'pending'), eb('subject_key', 'in', [`u:${named}`, `a:${named}`])]),
      ]),
    )
  }
  if (input.cursor) query = query.where('seq', '<', readCursor(input.cursor, ['count'])[0] ?? '0')
  const { data, nextCursor } = page(await query.execute(), limit, (row) => [row.seq])
  return { data: await withOutcomes(ctx, data), nextCursor }
}

/** One event by the place that it was given when it was received. */
export async function eventBySeq(ctx: Scope, seq: string): Promise<{ event: EventRow; row: QueriedEvent } | null> {
  const row = await eventQuery(ctx).where('seq', '=', seq).executeTakeFirst()
  if (row === undefined) return null
  const [event] = await withOutcomes(ctx, [row])
  return event === undefined ? null : { event, row }
}

/** The latest events of one subject. */
export async function eventsOf(
  ctx: Scope,
  subject: { kind: 'contact' | 'account'; id: string; most: number },
): Promise<EventRow[]> {
  const rows = await eventQuery(ctx)
    .where(subject.kind === 'contact' ? 'contact_id' : 'account_id', '=', subject.id)
    .orderBy('seq', 'desc')
    .limit(subject.most)
    .execute()
  return withOutcomes(ctx, rows)
}

async function withOutcomes(ctx: Scope, rows: QueriedEvent[]): Promise<EventRow[]> {
  if (rows.length === 0) return []
  const [outcomes, edges] = await Promise.all([readOutcomes(ctx, rows), readEdges(ctx, rows)])
  const ids = [
    ...rows.flatMap((row) => [row.contact_id, row.account_id]),
    ...outcomes.map((row) => row.subject_id),
    ...edges.map((row) => row.subject_id),
  ]
  const subjects = await subjectViews(
    ctx,
    ids.filter((id) => id !== null),
  )
  const viewOf = (kind: 'contact' | 'account', id: string | null) =>
    id === null ? null : (subjects.get(id) ?? goneView(kind, id))
  return rows.map((row) => ({
    seq: row.seq,
    messageId: row.message_id,
    kind: row.kind,
    name: row.name,
    subject: viewOf('contact', row.contact_id),
    account: viewOf('account', row.account_id),
    occurredAt: row.occurred_at.toISOString(),
    receivedAt: row.received_at.toISOString(),
    status: row.status,
    refusal: row.refusal as { code: string; reason: string } | null,
    properties: propertiesOf(row.body),
    outcomes: outcomes
      .filter((o) => o.event_seq === row.seq)
      .map((o) => ({
        playbook: { slug: o.slug, name: o.name },
        step: o.step,
        subject: viewOf('contact', o.subject_id),
        outcome: o.outcome,
        code: o.code,
        reason: o.reason,
        runId: o.run_id,
        why: o.why as Trace | null,
      })),
    edges: edges
      .filter((e) => e.seq === row.seq)
      .map((e) => ({
        kind: e.kind,
        slug: e.slug,
        edge: e.edge,
        subject: subjects.get(e.subject_id) ?? goneView(e.subject, e.subject_id),
      })),
  }))
}

const readOutcomes = ({ db, workspaceId }: Scope, rows: QueriedEvent[]) =>
  db
    .selectFrom('enrollments')
    .innerJoin('playbooks', (join) =>
      join
        .onRef('playbooks.workspace_id', '=', 'enrollments.workspace_id')
        .onRef('playbooks.id', '=', 'enrollments.playbook_id'),
    )
    .selectAll('enrollments')
    .select(['playbooks.slug', 'playbooks.name'])
    .where('enrollments.workspace_id', '=', workspaceId)
    .where(
      'enrollments.event_seq',
      'in',
      rows.map((row) => row.seq),
    )
    .orderBy('enrollments.id')
    .execute()

/** Edges that these events made for their own contact or account, found by subject: causes have no index. */
const readEdges = ({ db, workspaceId }: Scope, rows: QueriedEvent[]) => {
  const subjects = rows.flatMap((row) => [row.contact_id, row.account_id]).filter((id) => id !== null)
  if (subjects.length === 0) return Promise.resolve([])
  return db
    .selectFrom('audience_edges')
    .innerJoin('audiences', (join) =>
      join
        .onRef('audiences.workspace_id', '=', 'audience_edges.workspace_id')
        .onRef('audiences.id', '=', 'audience_edges.audience_id'),
    )
    .select(['audiences.kind', 'audiences.slug', 'audiences.subject', 'edge', 'subject_id'])
    .select(sql<string>`audience_edges.cause->>'seq'`.as('seq'))
    .where('audience_edges.workspace_id', '=', workspaceId)
    .where('subject_id', 'in', subjects)
    .where(
      sql<string>`audience_edges.cause->>'seq'`,
      'in',
      rows.map((row) => row.seq),
    )
    .orderBy('audience_edges.id')
    .execute()
}
