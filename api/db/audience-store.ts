import type { Trace } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import { msOf, type Queryable, type Statement } from './sql.ts'

/** What is kept for every subject of segments, signals, scores and computed properties: the value now, and its edges. */

export interface MemberRow {
  audienceId: string
  subjectId: string
  isMember: boolean
  /** Milliseconds since 1970: since when it is, or is not, a member. */
  since: number
  validUntil: number | null
  /** Of a score or computed property what was worked out; null for segments and signals. */
  value: Json
}

const MEMBER = `audience_id AS "audienceId", subject_id AS "subjectId", is_member AS "isMember", ${msOf('since')} AS since, ${msOf('valid_until')} AS "validUntil", value`

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
INSERT INTO audience_members (workspace_id, audience_id, subject_id, is_member, since, valid_until, value)
SELECT $1, x."audienceId", x."subjectId", x."isMember", to_timestamp(x.since / 1000.0), to_timestamp(x."validUntil" / 1000.0), x.value
FROM json_to_recordset($2::json) AS x("audienceId" uuid, "subjectId" uuid, "isMember" boolean, since float8, "validUntil" float8, value jsonb)
ORDER BY 2, 3
ON CONFLICT (workspace_id, audience_id, subject_id) DO UPDATE
SET is_member = excluded.is_member, since = excluded.since, valid_until = excluded.valid_until, value = excluded.value`,
}

export async function writeMembers(q: Queryable, workspaceId: string, rows: MemberRow[]): Promise<void> {
  if (rows.length > 0) await q.rows(UPSERT, [workspaceId, JSON.stringify(rows)])
}

const FORGET: Statement = {
  name: 'members-forget',
  text: `
DELETE FROM audience_members m USING json_to_recordset($2::json) AS x("audienceId" uuid, "subjectId" uuid)
WHERE m.workspace_id = $1 AND m.audience_id = x."audienceId" AND m.subject_id = x."subjectId"`,
}

/** Of subjects that are there no more. */
export async function forgetMembers(
  q: Queryable,
  workspaceId: string,
  gone: ReadonlyArray<Pick<MemberRow, 'audienceId' | 'subjectId'>>,
): Promise<void> {
  if (gone.length > 0) await q.rows(FORGET, [workspaceId, JSON.stringify(gone)])
}

export interface EdgeRow {
  id: string
  audienceId: string
  subjectId: string
  edge: 'set' | 'cleared' | 'entered' | 'left' | 'changed'
  at: number
  cause: Json
  /** Of a rule its trace, of a score or computed property how it was worked out. */
  why: Trace
  /** What a score or computed property is now. */
  value: Json
}

const EDGES: Statement = {
  name: 'edges-insert',
  text: `
INSERT INTO audience_edges (workspace_id, id, audience_id, subject_id, edge, at, cause, why, value)
SELECT $1, x.id, x."audienceId", x."subjectId", x.edge, to_timestamp(x.at / 1000.0), x.cause, x.why, x.value
FROM json_to_recordset($2::json) AS x(id uuid, "audienceId" uuid, "subjectId" uuid, edge text, at float8, cause jsonb, why jsonb, value jsonb)`,
}

export async function writeEdges(q: Queryable, workspaceId: string, rows: EdgeRow[]): Promise<void> {
  if (rows.length > 0) await q.rows(EDGES, [workspaceId, JSON.stringify(rows)])
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
SELECT m.workspace_id AS "workspaceId", m.audience_id AS "audienceId", m.subject_id AS "subjectId", a.subject, ${msOf('m.valid_until')} AS "validUntil"
FROM audience_members m JOIN audiences a ON a.workspace_id = m.workspace_id AND a.id = m.audience_id
WHERE m.valid_until <= to_timestamp($1 / 1000.0) AND a.status = 'on' ORDER BY m.valid_until LIMIT $2`,
}

/** Answers that have run out, of every workspace, oldest first: the timer asks across tenants, its work does not. */
export function dueMembers(q: Queryable, now: number, most: number): Promise<DueMember[]> {
  return q.rows<DueMember>(DUE, [now, most])
}

const NEXT_DUE: Statement = {
  name: 'members-next-due',
  text: `SELECT ${msOf('valid_until')} AS at FROM audience_members WHERE valid_until IS NOT NULL ORDER BY valid_until LIMIT 1`,
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
  text: `SELECT id FROM ${table} WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id > $2)${table === 'contacts' ? ' AND merged_into IS NULL' : ''} ORDER BY id LIMIT $3`,
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
UPDATE audiences SET backfilled_to = coalesce($3, backfilled_to), backfill_done = $4,
  backfill_total = coalesce($5, backfill_total), backfill_count = CASE WHEN $5::int IS NULL THEN backfill_count ELSE 0 END + $6
WHERE workspace_id = $1 AND id = $2`,
}

const count = (table: 'contacts' | 'accounts'): Statement => ({
  name: `subject-count-${table}`,
  text: `SELECT count(*)::int AS n FROM ${table} WHERE workspace_id = $1${table === 'contacts' ? ' AND merged_into IS NULL' : ''}`,
})
const COUNTS = { contact: count('contacts'), account: count('accounts') }

/** How many a backfill that begins now will ask about. */
export async function countSubjects(
  q: Queryable,
  workspaceId: string,
  subject: 'contact' | 'account',
): Promise<number> {
  return (await q.rows<{ n: number }>(COUNTS[subject], [workspaceId]))[0]?.n ?? 0
}

export async function noteBackfill(
  q: Queryable,
  workspaceId: string,
  progress: {
    id: string
    to: string | null
    done: boolean
    /** With the first page alone: how many there are to ask about. */
    total: number | null
    /** How many the page asked about. */
    asked: number
  },
): Promise<void> {
  const { id, to, done, total, asked } = progress
  await q.rows(NOTE_BACKFILL, [workspaceId, id, to, done, total, asked])
}
