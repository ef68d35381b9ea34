import { type RawBuilder, sql } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { page, readCursor } from '../db/cursor.ts'
import { propertiesOf } from './event-properties.ts'
import type { CustomerKind } from './sort-order.ts'
import { subjectId } from './subject-id.ts'
import { goneView, subjectViews } from './subject-view.ts'
import {
  TIMELINE_TYPES,
  timelineItem,
  type TimelineInput,
  type TimelineItem,
  type TimelineType,
} from './timeline-schemas.ts'

const PAGE = 50

interface Row {
  type: TimelineType
  id: string
  /** To the microsecond, as the cursor holds it. */
  instant: string
  data: { [field: string]: Json }
}

interface Part {
  from: RawBuilder<unknown>
  where: RawBuilder<unknown>
  id: RawBuilder<unknown>
  at: RawBuilder<unknown>
  data: RawBuilder<unknown>
}

/**
 * Everything about one subject in one list, the newest first: what they did, what was said, written and worked out.
 * @throws ProblemError 404, 400 for a cursor that is none
 */
export async function timelineOf(
  ctx: Scope,
  kind: CustomerKind,
  input: TimelineInput,
): Promise<{ data: TimelineItem[]; nextCursor: string | null }> {
  const id = await subjectId(ctx, kind, input.id)
  const types = TIMELINE_TYPES.filter((type) => input.types?.includes(type) ?? true)
  const limit = input.limit ?? PAGE
  const place = input.cursor ? readCursor(input.cursor, ['instant', 'text', 'text']) : null
  const parts = types
    .filter((type) => kind === 'contact' || type !== 'merge')
    .map((type) => select(type, PARTS[type]({ ...ctx, kind, id }), { place, limit: limit + 1 }))
  if (parts.length === 0) return { data: [], nextCursor: null }
  const { rows } = await sql<Row>`
    SELECT type, id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS instant, data
    FROM (${sql.join(parts, sql` UNION ALL `)}) AS timeline
    ORDER BY at DESC, type COLLATE "C" DESC, id COLLATE "C" DESC LIMIT ${limit + 1}`.execute(ctx.db)
  const { data, nextCursor } = page(rows, limit, (row) => [row.instant, row.type, row.id])
  return { data: await itemsOf(ctx, data), nextCursor }
}

/** The newest of one type after the place. What follows the place is asked of each type's own index. */
function select(
  type: TimelineType,
  part: Part,
  wanted: { place: string[] | null; limit: number },
): RawBuilder<unknown> {
  const { id, at, from, where, data } = part
  return sql`(SELECT ${sql.lit(type)} AS type, ${id} AS id, ${at} AS at, ${data} AS data
    FROM ${from} WHERE ${where} AND ${after(type, part, wanted.place)}
    ORDER BY ${at} DESC, ${id} COLLATE "C" DESC LIMIT ${wanted.limit})`
}

function after(type: TimelineType, { id, at }: Part, place: string[] | null): RawBuilder<unknown> {
  if (place === null) return sql`true`
  const [instant = '', placeType = '', placeId = ''] = place
  const when = sql`${instant}::timestamptz`
  if (type < placeType) return sql`${at} <= ${when}`
  if (type > placeType) return sql`${at} < ${when}`
  return sql`${at} <= ${when} AND (${at} < ${when} OR ${id} COLLATE "C" < ${placeId})`
}

interface Of {
  workspaceId: string
  kind: CustomerKind
  id: string
}

/** Numbers as text that sorts like them. */
const ordinal = (column: string): RawBuilder<unknown> => sql`lpad(${sql.ref(column)}::text, 20, '0')`
const asText = (column: string): RawBuilder<unknown> => sql`${sql.ref(column)}::text`
const PLAYBOOK = sql`jsonb_build_object('slug', playbooks.slug, 'name', playbooks.name)`

const PARTS: { [type in TimelineType]: (of: Of) => Part } = {
  event: ({ workspaceId, kind, id }) => ({
    from: sql`events`,
    where: sql`events.workspace_id = ${workspaceId} AND ${sql.ref(`events.${kind}_id`)} = ${id}::uuid AND events.status = 'done'`,
    id: ordinal('events.seq'),
    at: sql`events.occurred_at`,
    data: sql`jsonb_build_object('kind', events.kind, 'name', events.name, 'messageId', events.message_id,
      'receivedAt', events.received_at, 'body', events.body, 'contact', events.contact_id)`,
  }),
  change: ({ workspaceId, id }) => ({
    from: sql`property_changes`,
    where: sql`property_changes.workspace_id = ${workspaceId} AND property_changes.subject_id = ${id}::uuid`,
    id: ordinal('property_changes.seq'),
    at: sql`property_changes.at`,
    data: sql`jsonb_build_object('property', property_changes.property, 'before', property_changes.before,
      'value', property_changes.value, 'occurredAt', property_changes.occurred_at, 'source', property_changes.source)`,
  }),
  edge: ({ workspaceId, id }) => ({
    from: sql`audience_edges JOIN audiences ON audiences.workspace_id = audience_edges.workspace_id AND audiences.id = audience_edges.audience_id`,
    where: sql`audience_edges.workspace_id = ${workspaceId} AND audience_edges.subject_id = ${id}::uuid AND audiences.kind <> 'computed'`,
    id: asText('audience_edges.id'),
    at: sql`audience_edges.at`,
    data: sql`jsonb_build_object('kind', audiences.kind, 'slug', audiences.slug, 'name', audiences.name,
      'edge', audience_edges.edge, 'value', audience_edges.value, 'why', audience_edges.why)`,
  }),
  run: ({ workspaceId, id }) => ({
    from: sql`runs JOIN playbooks ON playbooks.workspace_id = runs.workspace_id AND playbooks.id = runs.playbook_id`,
    where: sql`runs.workspace_id = ${workspaceId} AND runs.subject_id = ${id}::uuid`,
    id: asText('runs.id'),
    at: sql`runs.created_at`,
    data: sql`jsonb_build_object('playbook', ${PLAYBOOK}, 'status', runs.status, 'reason', runs.reason, 'endedAt', runs.ended_at)`,
  }),
  refusal: ({ workspaceId, id }) => ({
    from: sql`enrollments JOIN playbooks ON playbooks.workspace_id = enrollments.workspace_id AND playbooks.id = enrollments.playbook_id`,
    where: sql`enrollments.workspace_id = ${workspaceId} AND enrollments.subject_id = ${id}::uuid
      AND enrollments.outcome = 'refused' AND enrollments.code <> 'WHERE_FALSE'`,
    id: asText('enrollments.id'),
    at: sql`enrollments.at`,
    data: sql`jsonb_build_object('playbook', ${PLAYBOOK}, 'code', enrollments.code, 'reason', enrollments.reason)`,
  }),
  write: ({ workspaceId, id }) => ({
    from: sql`effects JOIN runs ON runs.workspace_id = effects.workspace_id AND runs.id = effects.run_id
      JOIN playbooks ON playbooks.workspace_id = runs.workspace_id AND playbooks.id = runs.playbook_id`,
    where: sql`runs.workspace_id = ${workspaceId} AND runs.subject_id = ${id}::uuid`,
    id: asText('effects.key'),
    at: sql`effects.intended_at`,
    data: sql`jsonb_build_object('run', runs.id, 'playbook', ${PLAYBOOK}, 'step', effects.step, 'action', effects.action,
      'status', effects.status, 'externalId', effects.external_id)`,
  }),
  conversation: ({ workspaceId, kind, id }) => ({
    from: sql`conversations`,
    where: sql`conversations.workspace_id = ${workspaceId} AND ${sql.ref(`conversations.${kind}_id`)} = ${id}::uuid`,
    id: asText('conversations.id'),
    at: sql`conversations.opened_at`,
    data: sql`jsonb_build_object('app', conversations.app, 'title', conversations.title, 'state', conversations.state,
      'closedAt', conversations.closed_at, 'rating', conversations.rating, 'url', conversations.url)`,
  }),
  note: ({ workspaceId, id }) => ({
    from: sql`notes`,
    where: sql`notes.workspace_id = ${workspaceId} AND notes.subject_id = ${id}::uuid`,
    id: asText('notes.id'),
    at: sql`notes.created_at`,
    data: sql`jsonb_build_object('body', notes.body, 'author', notes.author, 'updatedAt', notes.updated_at)`,
  }),
  merge: ({ workspaceId, id }) => ({
    from: sql`merges`,
    where: sql`merges.workspace_id = ${workspaceId} AND (merges.winner_id = ${id}::uuid OR merges.loser_id = ${id}::uuid)`,
    id: asText('merges.id'),
    at: sql`merges.at`,
    data: sql`jsonb_build_object('winner', merges.winner_id, 'loser', merges.loser_id, 'reason', merges.reason,
      'actor', merges.actor, 'undoneAt', merges.undone_at)`,
  }),
}

const idOf = (value: Json | undefined): string[] => (typeof value === 'string' ? [value] : [])

async function itemsOf(ctx: Scope, rows: Row[]): Promise<TimelineItem[]> {
  const people = rows.flatMap(({ data: { contact, winner, loser } }) => [contact, winner, loser].flatMap(idOf))
  const views = await subjectViews(ctx, people)
  const viewOf = (value: Json | undefined) =>
    typeof value === 'string' ? (views.get(value) ?? goneView('contact', value)) : null
  return rows.map(({ type, id, instant, data }) => {
    const times = Object.fromEntries(
      ['receivedAt', 'occurredAt', 'endedAt', 'closedAt', 'updatedAt', 'undoneAt'].flatMap((name) => {
        const value = data[name]
        return typeof value === 'string' ? [[name, new Date(value).toISOString()]] : []
      }),
    )
    const { body, contact, winner, loser, ...rest } = data
    return timelineItem.parse({
      ...rest,
      ...times,
      type,
      id: type === 'event' ? String(BigInt(id)) : id,
      at: new Date(instant).toISOString(),
      ...(type === 'event' && { properties: propertiesOf(body ?? null), contact: viewOf(contact) }),
      ...(type === 'note' && { body }),
      ...(type === 'merge' && { winner: viewOf(winner), loser: viewOf(loser) }),
    })
  })
}
