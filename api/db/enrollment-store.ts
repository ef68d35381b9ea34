import { randomBytes } from 'node:crypto'
import type { TriggerData } from '../../engine/model/plan.ts'
import type { Trace } from '../../engine/model/rule.ts'
import type { RunRef } from '../../engine/ports.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from './sql.ts'

/** Who has entered which playbook, and the answers given. */

export interface Pair {
  playbookId: string
  subjectId: string
}

const LOCK: Statement = {
  name: 'enrollment-lock',
  text: `
SELECT pg_advisory_xact_lock(hashtextextended(s, 91))
FROM (SELECT DISTINCT s FROM unnest($1::text[]) AS s ORDER BY s) AS sorted`,
}

/**
 * Whether a subject may enter a playbook is decided by one transaction at a time. The lock is the subject's: coarser
 * than (playbook, subject), so that a batch takes no more locks than it has subjects.
 */
export async function lockEnrollment(q: Queryable, workspaceId: string, subjectIds: string[]): Promise<void> {
  await q.rows(LOCK, [subjectIds.map((id) => `${workspaceId} ${id}`)])
}

/** A subject, with the key that entry goes by where it goes by one. */
export interface Entrant extends Pair {
  key: string | null
}

export interface History extends Entrant {
  /** Milliseconds since 1970. */
  last: number
  open: boolean
  /** Of the open ones, how many wait for their turn. */
  waiting: number
}

/** Of a row of `runs`: it waits for its turn. */
export const IN_LINE = 'place IS NOT NULL AND NOT started AND ended_at IS NULL'

const SUMMED = `(extract(epoch FROM max(at)) * 1000)::float8 AS last, bool_or(open) AS open,
  count(*) FILTER (WHERE waits)::int AS waiting`
const HISTORY: Statement = {
  name: 'enrollment-history',
  text: `
WITH wanted AS MATERIALIZED (SELECT * FROM json_to_recordset($2::json) AS x("playbookId" uuid, "subjectId" uuid))
SELECT "playbookId", "subjectId", NULL AS key, ${SUMMED} FROM (
  SELECT wanted.*, r.created_at AS at, r.ended_at IS NULL AS open, ${IN_LINE} AS waits FROM wanted
  JOIN runs r ON r.workspace_id = $1 AND r.playbook_id = wanted."playbookId" AND r.subject_id = wanted."subjectId"
  UNION ALL
  SELECT wanted.*, f.last, false, false FROM wanted
  JOIN former_runs f ON f.workspace_id = $1 AND f.playbook_id = wanted."playbookId" AND f.subject_id = wanted."subjectId") AS was
GROUP BY 1, 2`,
}
// A merge leaves the keys of former runs where they are: a contact was in with those of everybody it has become.
const HISTORY_BY_KEY: Statement = {
  name: 'enrollment-history-by-key',
  text: `
WITH wanted AS MATERIALIZED (SELECT * FROM json_to_recordset($2::json) AS x("playbookId" uuid, "subjectId" uuid, key text))
SELECT "playbookId", "subjectId", key, ${SUMMED} FROM (
  SELECT wanted.*, r.created_at AS at, r.ended_at IS NULL AS open, ${IN_LINE} AS waits FROM wanted
  JOIN runs r ON r.workspace_id = $1 AND r.playbook_id = wanted."playbookId" AND r.subject_id = wanted."subjectId"
    AND r.entry_key = wanted.key
  UNION ALL
  SELECT wanted.*, f.last, false, false FROM wanted CROSS JOIN LATERAL (
    SELECT wanted."subjectId" AS id UNION ALL
    SELECT c.id FROM contacts c WHERE c.workspace_id = $1 AND c.merged_into = wanted."subjectId") AS who
  JOIN former_entries f ON f.workspace_id = $1 AND f.playbook_id = wanted."playbookId" AND f.subject_id = who.id
    AND f.entry_key = wanted.key) AS was
GROUP BY 1, 2, 3`,
}

/** What these have to do with the playbooks so far; those that were never in are left out. */
export async function enrollmentHistory(q: Queryable, workspaceId: string, entrants: Entrant[]): Promise<History[]> {
  const of = (statement: Statement, wanted: Entrant[]): Promise<History[]> | History[] =>
    wanted.length === 0 ? [] : q.rows<History>(statement, [workspaceId, JSON.stringify(wanted)])
  const { plain = [], keyed = [] } = Object.groupBy(entrants, ({ key }) => (key === null ? 'plain' : 'keyed'))
  return [...(await of(HISTORY, plain)), ...(await of(HISTORY_BY_KEY, keyed))]
}

const GATE: Statement = {
  name: 'enrollment-gate',
  text: `SELECT id, status, coalesce((SELECT holdout_percent FROM contact_rules WHERE workspace_id = $1), 0) AS percent
    FROM playbooks WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
}

/** What holds for everybody: the playbooks' statuses, and how much of everybody the workspace holds out. */
export interface EnrollmentGate {
  statuses: ReadonlyMap<string, string>
  holdoutPercent: number
}

export async function enrollmentGate(q: Queryable, workspaceId: string, ids: string[]): Promise<EnrollmentGate> {
  const rows = await q.rows<{ id: string; status: string; percent: number }>(GATE, [workspaceId, ids])
  return { statuses: new Map(rows.map((row) => [row.id, row.status])), holdoutPercent: rows[0]?.percent ?? 0 }
}

export interface Occurrence {
  playbookId: string
  occurrence: string
}

export interface StartedRun {
  runId: string
  subjectId: string
  /** For its turn: nobody starts it yet. */
  waits: boolean
}

const OCCURRENCES: Statement = {
  name: 'enrollment-occurrences',
  text: `
SELECT r.id AS "runId", r.playbook_id AS "playbookId", r.occurrence, r.subject_id AS "subjectId", ${IN_LINE} AS waits
FROM json_to_recordset($2::json) AS wanted("playbookId" uuid, occurrence text)
JOIN runs r ON r.workspace_id = $1 AND r.playbook_id = wanted."playbookId" AND r.occurrence = wanted.occurrence`,
}

/** Runs that these occurrences started already. */
export function startedBy(
  q: Queryable,
  workspaceId: string,
  occurrences: Occurrence[],
): Promise<Array<Occurrence & StartedRun>> {
  return q.rows(OCCURRENCES, [workspaceId, JSON.stringify(occurrences)])
}

export interface NewRun {
  id: string
  playbookId: string
  version: number
  planHash: string
  subjectKind: 'contact' | 'account'
  subjectId: string
  occurrence: string
  trigger: TriggerData
  cause: Json
  entryKey: string | null
  /** It waits for its turn. */
  waits: boolean
  /** Every contact the run knows of: who asks to be deleted is found by it. */
  people: string[]
}

/** Bytes of a run's half of its key; the other is the workspace's. @see createRunKeys */
export const SALT_BYTES = 32

// With each run its half of a key, and who is in it: what privacy needs of a run is there as soon as the run is.
const RUNS: Statement = {
  name: 'runs-insert',
  text: `
WITH given AS MATERIALIZED (
  SELECT * FROM json_to_recordset($2::json) AS x(id text, "playbookId" uuid, version int, "planHash" text, "subjectKind" text,
    "subjectId" uuid, occurrence text, trigger jsonb, cause jsonb, "entryKey" text, waits boolean, people uuid[], salt text)
), keys AS (
  INSERT INTO run_keys (run_id, workspace_id, salt, created_at)
  SELECT id, $1::uuid, decode(salt, 'hex'), to_timestamp($3 / 1000.0) FROM given
), people AS (
  INSERT INTO run_people (workspace_id, contact_id, run_id)
  SELECT DISTINCT $1::uuid, person, id FROM given, unnest(people) AS person
)
INSERT INTO runs (workspace_id, id, playbook_id, version, plan_hash, subject_kind, subject_id, occurrence, trigger, cause,
  entry_key, place, reason, created_at, updated_at)
SELECT $1::uuid, x.id, x."playbookId", x.version, x."planHash", x."subjectKind", x."subjectId", x.occurrence, x.trigger, x.cause,
  x."entryKey", CASE WHEN x.waits THEN nextval('run_places') END, CASE WHEN x.waits THEN 'Waits for its turn' END,
  to_timestamp($3 / 1000.0), to_timestamp($3 / 1000.0)
FROM given AS x`,
}

/** One call for all: fetching randomness is most of what a key costs. */
function withSalts(runs: NewRun[]): Array<NewRun & { salt: string }> {
  const salts = randomBytes(runs.length * SALT_BYTES)
  return runs.map((run, i) => ({ ...run, salt: salts.toString('hex', i * SALT_BYTES, (i + 1) * SALT_BYTES) }))
}

export interface NewEnrollment {
  id: string
  eventSeq: string | null
  edgeId: string | null
  playbookId: string
  version: number
  step: string
  subjectId: string | null
  outcome: 'started' | 'refused'
  code: string
  reason: string
  runId: string | null
  why: Trace | null
}

const ENROLLMENTS: Statement = {
  name: 'enrollments-insert',
  text: `
INSERT INTO enrollments (workspace_id, id, at, event_seq, edge_id, playbook_id, version, step, subject_id, outcome, code, reason, run_id, why)
SELECT $1, x.id, to_timestamp($3 / 1000.0), x."eventSeq", x."edgeId", x."playbookId", x.version, x.step, x."subjectId", x.outcome,
  x.code, x.reason, x."runId", x.why
FROM json_to_recordset($2::json) AS x(id uuid, "eventSeq" bigint, "edgeId" uuid, "playbookId" uuid, version int, step text,
  "subjectId" uuid, outcome text, code text, reason text, "runId" text, why jsonb)`,
}

const NOTE_STARTED: Statement = {
  name: 'runs-note-started',
  text: `
UPDATE runs SET started = true FROM unnest($1::uuid[], $2::text[]) AS handed (workspace_id, id)
WHERE runs.workspace_id = handed.workspace_id AND runs.id = handed.id AND NOT started`,
}

/** Notes that Temporal has these runs, of any workspace, though they may not have begun. */
export async function noteStarted(q: Queryable, runs: RunRef[]): Promise<void> {
  await q.rows(NOTE_STARTED, [runs.map((run) => run.workspaceId), runs.map((run) => run.runId)])
}

export async function writeEnrollments(
  q: Queryable,
  workspaceId: string,
  writes: { runs: NewRun[]; enrollments: NewEnrollment[]; now: number },
): Promise<void> {
  if (writes.runs.length > 0) await q.rows(RUNS, [workspaceId, JSON.stringify(withSalts(writes.runs)), writes.now])
  if (writes.enrollments.length > 0)
    await q.rows(ENROLLMENTS, [workspaceId, JSON.stringify(writes.enrollments), writes.now])
}
