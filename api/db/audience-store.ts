import type { Trace } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from './sql.ts'

/** Memberships of segments and signals, their edges, and what the rules count. */

export interface MemberRow {
  audienceId: string
  subjectId: string
  isMember: boolean
  /** Milliseconds since 1970: since when it is, or is not, a member. */
  since: number
  validUntil: number | null
}

const MS = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`
const MEMBER = `audience_id AS "audienceId", subject_id AS "subjectId", is_member AS "isMember", ${MS('since')} AS since, ${MS('valid_until')} AS "validUntil"`

const MEMBERS_OF: Statement = {
  name: 'members-of-subjects',
  text: `SELECT ${MEMBER} FROM audience_members WHERE workspace_id = $1 AND subject_id = ANY($2::uuid[])`,
}

/** Everything kept about these subjects, of every audience. */
export function membersOf(q: Queryable, workspaceId: string, subjectIds: string[]): Promise<MemberRow[]> {
  return q.rows<MemberRow>(MEMBERS_OF, [workspaceId, subjectIds])
}

const UPSERT: Statement = {
  name: 'members-upsert',
  text: `
INSERT INTO audience_members (workspace_id, audience_id, subject_id, is_member, since, valid_until)
SELECT $1, x."audienceId", x."subjectId", x."isMember", to_timestamp(x.since / 1000.0), to_timestamp(x."validUntil" / 1000.0)
FROM json_to_recordset($2::json) AS x("audienceId" uuid, "subjectId" uuid, "isMember" boolean, since float8, "validUntil" float8)
ORDER BY 2, 3
ON CONFLICT (workspace_id, audience_id, subject_id) DO UPDATE
SET is_member = excluded.is_member, since = excluded.since, valid_until = excluded.valid_until`,
}

export async function writeMembers(q: Queryable, workspaceId: string, rows: MemberRow[]): Promise<void> {
  if (rows.length > 0) await q.rows(UPSERT, [workspaceId, JSON.stringify(rows)])
}

export interface EdgeRow {
  id: string
  audienceId: string
  subjectId: string
  edge: 'set' | 'cleared' | 'entered' | 'left'
  at: number
  cause: Json
  why: Trace
}

const EDGES: Statement = {
  name: 'edges-insert',
  text: `
INSERT INTO audience_edges (workspace_id, id, audience_id, subject_id, edge, at, cause, why)
SELECT $1, x.id, x."audienceId", x."subjectId", x.edge, to_timestamp(x.at / 1000.0), x.cause, x.why
FROM json_to_recordset($2::json) AS x(id uuid, "audienceId" uuid, "subjectId" uuid, edge text, at float8, cause jsonb, why jsonb)`,
}

export async function writeEdges(q: Queryable, workspaceId: string, rows: EdgeRow[]): Promise<void> {
  if (rows.length > 0) await q.rows(EDGES, [workspaceId, JSON.stringify(rows)])
}

export interface EventTimes {
  subjectId: string
  name: string
  /** Milliseconds since 1970, ascending. */
  times: number[]
}

const times = (column: 'contact_id' | 'account_id'): Statement => ({
  name: `event-times-${column}`,
  text: `
SELECT e.${column} AS "subjectId", e.name, array_agg(${MS('e.occurred_at')} ORDER BY e.occurred_at) AS times
FROM json_to_recordset($3::json) AS wanted(name text, since float8)
JOIN events e ON e.workspace_id = $1 AND e.${column} = ANY($2::uuid[]) AND e.name = wanted.name
  AND e.kind = 'track' AND e.status = 'done' AND (wanted.since IS NULL OR e.occurred_at > to_timestamp(wanted.since / 1000.0))
GROUP BY 1, 2`,
})
const TIMES = { contact: times('contact_id'), account: times('account_id') }

export interface EventWindow {
  name: string
  /** Milliseconds since 1970; null: for ever. */
  since: number | null
}

/** When subjects did what: events the dispatcher has placed, within each name's window. */
export function eventTimes(
  q: Queryable,
  workspaceId: string,
  wanted: { kind: 'contact' | 'account'; ids: string[]; events: EventWindow[] },
): Promise<EventTimes[]> {
  if (wanted.ids.length === 0 || wanted.events.length === 0) return Promise.resolve([])
  return q.rows<EventTimes>(TIMES[wanted.kind], [workspaceId, wanted.ids, JSON.stringify(wanted.events)])
}

export interface DueMember {
  workspaceId: string
  audienceId: string
  subjectId: string
  subject: 'contact' | 'account'
  validUntil: number
}

const DUE: Statement = {
  name: 'members-due',
  text: `
SELECT m.workspace_id AS "workspaceId", m.audience_id AS "audienceId", m.subject_id AS "subjectId", a.subject, ${MS('m.valid_until')} AS "validUntil"
FROM audience_members m JOIN audiences a ON a.workspace_id = m.workspace_id AND a.id = m.audience_id
WHERE m.valid_until <= to_timestamp($1 / 1000.0) AND a.status = 'on' ORDER BY m.valid_until LIMIT $2`,
}

/** Answers that have run out, of every workspace, oldest first: the timer asks across tenants, its work does not. */
export function dueMembers(q: Queryable, now: number, most: number): Promise<DueMember[]> {
  return q.rows<DueMember>(DUE, [now, most])
}

const NEXT_DUE: Statement = {
  name: 'members-next-due',
  text: `SELECT ${MS('valid_until')} AS at FROM audience_members WHERE valid_until IS NOT NULL ORDER BY valid_until LIMIT 1`,
}

export async function nextDue(q: Queryable): Promise<number | null> {
  return (await q.rows<{ at: number }>(NEXT_DUE, []))[0]?.at ?? null
}

export interface BackfillJob {
  workspaceId: string
  id: string
  subject: 'contact' | 'account'
  /** The last subject that was asked about; null: none yet. */
  backfilledTo: string | null
}

const NEXT_BACKFILL: Statement = {
  name: 'backfill-next',
  text: `
SELECT workspace_id AS "workspaceId", id, subject, backfilled_to AS "backfilledTo" FROM audiences
WHERE NOT backfill_done AND status = 'on' ORDER BY id LIMIT 1`,
}

/** The oldest audience, of any workspace, whose rule was not yet asked for everybody. */
export async function nextBackfill(q: Queryable): Promise<BackfillJob | null> {
  return (await q.rows<BackfillJob>(NEXT_BACKFILL, []))[0] ?? null
}

const page = (table: 'contacts' | 'accounts'): Statement => ({
  name: `subject-page-${table}`,
  text: `SELECT id FROM ${table} WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3`,
})
const PAGES = { contact: page('contacts'), account: page('accounts') }

export async function subjectPage(
  q: Queryable,
  workspaceId: string,
  wanted: { subject: 'contact' | 'account'; after: string | null; most: number },
): Promise<string[]> {
  const rows = await q.rows<{ id: string }>(PAGES[wanted.subject], [workspaceId, wanted.after, wanted.most])
  return rows.map((row) => row.id)
}

const NOTE_BACKFILL: Statement = {
  name: 'backfill-note',
  text: `
UPDATE audiences SET backfilled_to = coalesce($3, backfilled_to), backfill_done = $4 WHERE workspace_id = $1 AND id = $2`,
}

export async function noteBackfill(
  q: Queryable,
  workspaceId: string,
  progress: { id: string; to: string | null; done: boolean },
): Promise<void> {
  await q.rows(NOTE_BACKFILL, [workspaceId, progress.id, progress.to, progress.done])
}
