import type { Origin } from '../../engine/run/chain.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { MessageKind, Refusal } from '../ingest/parse-message.ts'
import type { Queryable, Statement } from './sql.ts'

/** The event table: appended by ingestion, worked off lane by lane by the dispatcher. */

export interface NewEvent {
  id: string
  workspaceId: string
  messageId: string
  kind: MessageKind
  name: string | null
  lane: number
  subjectKey: string
  /** JSON text. */
  body: string
  occurredAt: number
  receivedAt: number
  refusal: Refusal | null
  /** Left out: nobody said. */
  cause?: EventCause
}

/** What its sender says it came of: an effect of ours by its key, or a connected system that told us of it. */
export type EventCause = { effect: string } | { connection: string }

/** Tells dispatchers, wherever they run, that there is work. */
export const EVENTS_CHANNEL = 'signalbox_events'

const INSERT: Statement = {
  name: 'events-insert',
  text: `
WITH input AS MATERIALIZED (
  -- d: what a message is known by. A refused one may come again mended, but its own repeats are kept once.
  SELECT *, CASE WHEN f IS NULL THEN m ELSE 'refused ' || md5(m || ' ' || b::text) END AS d FROM json_to_recordset($1::json) AS x(
    n int, w uuid, id uuid, m text, k text, e text, l smallint, s text, b jsonb, o bigint, r bigint, f jsonb, c jsonb)
), fresh AS (
  -- Sorted: two processes inserting the same ids in another order would wait for each other in a circle.
  INSERT INTO event_ids (workspace_id, message_id, received_at)
  SELECT w, d, to_timestamp(r / 1000.0) FROM input ORDER BY w, d
  ON CONFLICT DO NOTHING RETURNING workspace_id, message_id
), stored AS (
  INSERT INTO events (workspace_id, id, message_id, kind, name, lane, subject_key, body, occurred_at, received_at, status, refusal, cause)
  SELECT w, id, m, k, e, l, s, b, to_timestamp(o / 1000.0), to_timestamp(r / 1000.0),
         CASE WHEN f IS NULL THEN 'pending' ELSE 'refused' END, f, c
  FROM input JOIN fresh ON fresh.workspace_id = w AND fresh.message_id = d
  ORDER BY n
  RETURNING status
)
SELECT pg_notify('${EVENTS_CHANNEL}', '') FROM stored WHERE status = 'pending' LIMIT 1`,
}

/** Appends events in this order, leaving out messages that are known already, and wakes the dispatchers on commit. */
export async function insertEvents(q: Queryable, rows: NewEvent[]): Promise<void> {
  await q.rows(INSERT, [`[${rows.map(rowText).join(',')}]`])
}

const rowText = (row: NewEvent, n: number): string =>
  `{"n":${n},"w":"${row.workspaceId}","id":"${row.id}","m":${JSON.stringify(row.messageId)},"k":"${row.kind}",` +
  `"e":${JSON.stringify(row.name)},"l":${row.lane},"s":${JSON.stringify(row.subjectKey)},"b":${row.body},` +
  `"o":${Math.round(row.occurredAt)},"r":${row.receivedAt}${row.refusal ? `,"f":${JSON.stringify(row.refusal)}` : ''}` +
  `${row.cause ? `,"c":${JSON.stringify(row.cause)}` : ''}}`

export interface PendingEvent {
  seq: string
  workspaceId: string
  messageId: string
  kind: MessageKind
  name: string | null
  subjectKey: string
  body: { [name: string]: Json }
  occurredAt: number
  receivedAt: number
  cause: EventCause | null
  /** Found where it is worked: the effect of ours that it came of. */
  origin?: Origin
}

/** First key of the dispatchers' advisory locks; the second is the lane, or DUE_LOCK. */
export const LANE_LOCKS = 0x5b0001
export const DUE_LOCK = 1000
export const BACKFILL_LOCK = 1001

const CLAIM: Statement = {
  name: 'events-claim',
  text: `
WITH pending AS MATERIALIZED (
  SELECT lane FROM generate_series(0, 63) AS lane
  WHERE EXISTS (SELECT 1 FROM events WHERE events.lane = lane.lane AND status = 'pending')
  ORDER BY random() LIMIT $1
)
SELECT lane FROM pending WHERE pg_try_advisory_xact_lock(${LANE_LOCKS}, lane)`,
}

/**
 * Takes lanes with work, for this transaction, that no other dispatcher has.
 * The lock comes with this statement's view of the table; read the lanes in the next one.
 */
export async function claimLanes(q: Queryable, most: number): Promise<number[]> {
  return (await q.rows<{ lane: number }>(CLAIM, [most])).map((row) => row.lane)
}

const COLUMNS = `seq, workspace_id, message_id, kind, name, subject_key, body, cause,
  round(date_part('epoch', occurred_at) * 1000) AS occurred_at, round(date_part('epoch', received_at) * 1000) AS received_at`

const FETCH: Statement = {
  name: 'events-fetch',
  text: `
SELECT ${COLUMNS}, (SELECT nextval('event_batches')) AS batch
FROM unnest($1::int[]) AS l, LATERAL (
  SELECT * FROM events WHERE lane = l AND status = 'pending' ORDER BY seq LIMIT $2) AS next
ORDER BY seq`,
}

interface PendingRow {
  seq: string
  workspace_id: string
  message_id: string
  kind: MessageKind
  name: string | null
  subject_key: string
  body: { [name: string]: Json }
  cause: EventCause | null
  occurred_at: number
  received_at: number
  batch: string
}

/** The oldest pending events of claimed lanes, in order of receipt, and where their positions begin. */
export async function fetchPending(
  q: Queryable,
  lanes: number[],
  most: number,
): Promise<{ events: PendingEvent[]; firstPosition: number }> {
  const rows = await q.rows<PendingRow>(FETCH, [lanes, Math.max(1, Math.ceil(most / lanes.length))])
  return {
    events: rows.map((row) => ({
      seq: row.seq,
      workspaceId: row.workspace_id,
      messageId: row.message_id,
      kind: row.kind,
      name: row.name,
      subjectKey: row.subject_key,
      body: row.body,
      occurredAt: row.occurred_at,
      receivedAt: row.received_at,
      cause: row.cause,
    })),
    firstPosition: Number(rows[0]?.batch ?? 0) * POSITIONS_PER_BATCH,
  }
}

/** A batch takes one number of the sequence; its events' positions follow from it. */
export const POSITIONS_PER_BATCH = 1000

export interface DoneEvent {
  seq: string
  position: number
  contactId: string | null
  accountId: string | null
  /** Left out: its cause stays what its sender said. */
  origin?: Origin
}

const FINISH: Statement = {
  name: 'events-finish',
  text: `
UPDATE events SET status = 'done', position = x.p, contact_id = x.c, account_id = x.a, processed_at = to_timestamp($3 / 1000.0),
  cause = coalesce(x.o, cause)
FROM json_to_recordset($2::json) AS x(s bigint, p bigint, c uuid, a uuid, o jsonb)
WHERE workspace_id = $1 AND seq = x.s AND status = 'pending' RETURNING 1`,
}

/** @returns false when one of them does not wait any more: it was deleted meanwhile */
export async function finishEvents(
  q: Queryable,
  workspaceId: string,
  done: { events: DoneEvent[]; now: number },
): Promise<boolean> {
  const rows = done.events.map((e) => ({ s: e.seq, p: e.position, c: e.contactId, a: e.accountId, o: e.origin }))
  return (await q.rows(FINISH, [workspaceId, JSON.stringify(rows), done.now])).length === rows.length
}

const REFUSE: Statement = {
  name: 'events-refuse',
  text: `UPDATE events SET status = 'refused', refusal = $3, processed_at = to_timestamp($4 / 1000.0)
WHERE workspace_id = $1 AND seq = $2 AND status = 'pending'`,
}

/** Sets an event aside that cannot be processed, so that its lane goes on. */
export async function refuseEvent(
  q: Queryable,
  event: { workspaceId: string; seq: string },
  refused: { code: string; reason: string; now: number },
): Promise<void> {
  const { now, ...refusal } = refused
  await q.rows(REFUSE, [event.workspaceId, event.seq, JSON.stringify(refusal), now])
}
