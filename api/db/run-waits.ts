import type pg from 'pg'
import type { Json } from '../../nodes/manifest.ts'
import type { RunRef, RunWaits, StoredHappening, WaitingSubject } from '../../engine/ports.ts'
import { ANYTHING, type AskedRule, type AwaitedEvent, type Listening } from '../../engine/run/listens.ts'
import { refuseGone } from './run-record.ts'
import { inTransaction, msOf, onPool, type Queryable, type Statement } from './sql.ts'

/**
 * Runs that wait for something to happen, and those who make it happen, never miss each other: whoever changes a subject
 * holds its lock shared from the look for runs that wait to the commit, whoever begins to wait takes it alone. So a run
 * that was not found begins to wait after that commit, and reads back what it brought.
 */
const WAIT_LOCKS = 0x5b0003
/** Locks for all subjects: few, because a batch may hold many, and the server has room for so many in all. */
const BUCKETS = 256

/** The end of an id is random, its beginning is the time. */
const bucketOf = (subjectId: string): number => Number.parseInt(subjectId.slice(-2), 16) % BUCKETS

const bucketsOf = (subjectIds: Iterable<string>): number[] =>
  // In one order everywhere, so that nobody waits in a circle.
  [...new Set([...subjectIds].map(bucketOf))].sort((a, b) => a - b)

const SHARE: Statement = {
  name: 'waits-share',
  text: `SELECT pg_advisory_xact_lock_shared(${WAIT_LOCKS}, bucket) FROM unnest($1::int[]) AS bucket`,
}
const ALONE: Statement = {
  name: 'waits-alone',
  text: `SELECT pg_advisory_xact_lock(${WAIT_LOCKS}, bucket) FROM unnest($1::int[]) AS bucket`,
}

/** To be called before `waitsOf`, in the transaction that changes the subjects. */
export async function shareWaits(q: Queryable, subjectIds: Iterable<string>): Promise<void> {
  await q.rows(SHARE, [bucketsOf(subjectIds)])
}

export interface Wait {
  runId: string
  subjectId: string
  topics: string[]
  awaited: AwaitedEvent[]
}

const WAITS_OF: Statement = {
  name: 'waits-of',
  text: `
SELECT run_id AS "runId", subject_id AS "subjectId", topics, awaited FROM run_waits
WHERE workspace_id = $1 AND subject_id = ANY($2::uuid[])`,
}

/** The runs that wait for something about these subjects. */
export const waitsOf = (q: Queryable, workspaceId: string, subjectIds: string[]): Promise<Wait[]> =>
  q.rows<Wait>(WAITS_OF, [workspaceId, subjectIds])

const TOUCH: Statement = {
  name: 'waits-touch',
  text: `
WITH touched AS (
  SELECT run_id, subject_id FROM run_waits WHERE workspace_id = $1 AND run_id = ANY($2::text[])
  ORDER BY run_id, subject_id FOR UPDATE)
UPDATE run_waits w SET touched_at = to_timestamp($3::float8 / 1000) FROM touched
WHERE w.workspace_id = $1 AND w.run_id = touched.run_id AND w.subject_id = touched.subject_id`,
}

/** Owes these runs a look. */
export async function touchWaits(
  q: Queryable,
  workspaceId: string,
  { runs, now }: { runs: string[]; now: number },
): Promise<void> {
  await q.rows(TOUCH, [workspaceId, runs, now])
}

const UNSURE: Statement = {
  name: 'waits-unsure',
  text: `
SELECT r.workspace_id AS "workspaceId", r.id AS "runId", r.subject_kind AS kind, r.subject_id AS "subjectId",
  r.cause->>(CASE r.subject_kind WHEN 'contact' THEN 'accountId' ELSE 'contactId' END) AS related, w.asked, ${msOf('w.touched')} AS "touchedAt"
FROM unnest($1::uuid[], $2::text[]) AS wanted (workspace_id, id)
JOIN runs r USING (workspace_id, id)
CROSS JOIN LATERAL (
  SELECT max(touched_at) AS touched, (array_agg(asked))[1] AS asked FROM run_waits
  WHERE workspace_id = r.workspace_id AND run_id = r.id) AS w
WHERE w.touched IS NOT NULL`,
}

export interface UnsureRun extends RunRef {
  kind: WaitingSubject['kind']
  subjectId: string
  related: string | null
  /** Null: only the run can tell. */
  asked: AskedRule[] | null
  touchedAt: number
}

/** What tells whether runs that are owed a look need one. */
export const unsureRuns = (q: Queryable, runs: readonly RunRef[]): Promise<UnsureRun[]> =>
  q.rows<UnsureRun>(UNSURE, [runs.map((run) => run.workspaceId), runs.map((run) => run.runId)])

const SPARE: Statement = {
  name: 'waits-spare',
  text: `
UPDATE run_waits w SET touched_at = NULL
FROM unnest($1::uuid[], $2::text[], $3::float8[]) AS spared (workspace_id, run_id, at)
WHERE w.workspace_id = spared.workspace_id AND w.run_id = spared.run_id AND w.touched_at <= to_timestamp(spared.at / 1000)`,
}

/** These runs need no look for what happened up to then. */
export async function spareLooks(q: Queryable, runs: readonly UnsureRun[]): Promise<void> {
  await q.rows(SPARE, [
    runs.map((run) => run.workspaceId),
    runs.map((run) => run.runId),
    runs.map((run) => run.touchedAt),
  ])
}

const MOVE: Statement = {
  name: 'waits-move',
  text: `
UPDATE run_waits SET subject_id = $3, touched_at = to_timestamp($4::float8 / 1000)
WHERE workspace_id = $1 AND subject_id = ANY($2::uuid[])`,
}

/** Contacts become one, or two again: the runs that wait for either look whom they are about. */
export async function moveWaits(
  q: Queryable,
  workspaceId: string,
  { of, to, now }: { of: string[]; to: string; now: number },
): Promise<void> {
  await shareWaits(q, [...of, to])
  await q.rows(MOVE, [workspaceId, of, to, now])
}

const TOUCHED: Statement = {
  name: 'waits-touched',
  text: `
SELECT DISTINCT workspace_id AS "workspaceId", run_id AS "runId" FROM run_waits
WHERE touched_at < to_timestamp($1::float8 / 1000) LIMIT $2`,
}

/** Runs that are owed a look since before an instant. */
export const touchedBefore = (q: Queryable, before: number, limit: number): Promise<RunRef[]> =>
  q.rows<RunRef>(TOUCHED, [before, limit])

/** Whom a contact has become: itself, unless it was merged. */
const became = (id: string): string =>
  `(SELECT coalesce(merged_into, id) FROM contacts WHERE workspace_id = $1 AND id = ${id}::uuid)`

/** $1 workspace, $2 subject, $3 related, $4 whether all related subjects count. The subject itself comes first. */
const SUBJECTS: Record<WaitingSubject['kind'], Statement> = {
  contact: {
    name: 'wait-subjects-contact',
    text: `
WITH own AS MATERIALIZED (SELECT ${became('$2')} AS id), accounts AS (
  SELECT account_id AS id, count(*) OVER () AS n FROM account_contacts WHERE workspace_id = $1 AND contact_id = (SELECT id FROM own))
SELECT id, true AS own, 'contact' AS kind FROM own WHERE id IS NOT NULL
UNION SELECT $3::uuid, false, 'account' WHERE $3::uuid IS NOT NULL
UNION SELECT id, false, 'account' FROM accounts WHERE $4 OR ($3::uuid IS NULL AND n = 1)
ORDER BY 2 DESC, 1`,
  },
  account: {
    name: 'wait-subjects-account',
    text: `
SELECT $2::uuid AS id, true AS own, 'account' AS kind
UNION SELECT ${became('$3')}, false, 'contact' WHERE $3::uuid IS NOT NULL
UNION SELECT contact_id, false, 'contact' FROM account_contacts WHERE $4 AND workspace_id = $1 AND account_id = $2::uuid
ORDER BY 2 DESC, 1`,
  },
}

interface SubjectRow {
  id: string
  own: boolean
  kind: WaitingSubject['kind']
}

/** @param of.all whether all related subjects count */
async function subjectsOf(q: Queryable, workspaceId: string, of: { subject: WaitingSubject; all: boolean }) {
  const { subject, all } = of
  const { kind, id, related = null } = subject
  return q.rows<SubjectRow>(SUBJECTS[kind], [workspaceId, id, related, all])
}

const LISTEN: Statement = {
  name: 'waits-listen',
  text: `
WITH given AS (
  SELECT * FROM jsonb_to_recordset($3::jsonb) AS x(subject_id uuid, topics jsonb, awaited jsonb, asked jsonb)),
gone AS (
  DELETE FROM run_waits WHERE workspace_id = $1 AND run_id = $2 AND subject_id NOT IN (SELECT subject_id FROM given))
INSERT INTO run_waits AS w (workspace_id, run_id, subject_id, topics, awaited, asked)
SELECT $1::uuid, $2::text, subject_id, ARRAY(SELECT jsonb_array_elements_text(topics)), awaited, nullif(asked, 'null') FROM given
ON CONFLICT (workspace_id, run_id, subject_id) DO UPDATE SET topics = EXCLUDED.topics, awaited = EXCLUDED.awaited,
  asked = EXCLUDED.asked, touched_at = NULL
WHERE (w.touched_at, w.topics, w.awaited, w.asked) IS DISTINCT FROM (NULL, EXCLUDED.topics, EXCLUDED.awaited, EXCLUDED.asked)`,
}
const SILENT: Statement = {
  name: 'waits-silent',
  text: 'DELETE FROM run_waits WHERE workspace_id = $1 AND run_id = $2',
}

const HEARD: Record<WaitingSubject['kind'], Statement> = {
  contact: { name: 'waits-heard-contact', text: heardOf('contact_id', became('$3')) },
  account: { name: 'waits-heard-account', text: heardOf('account_id', '$3::uuid') },
}

/** $1 workspace, $2 run, $3 subject, $4 names. In the order in which they were worked off. */
function heardOf(column: string, id: string): string {
  return `
WITH began AS MATERIALIZED (
  SELECT r.created_at, (
    SELECT max(e.position) FROM events e WHERE e.workspace_id = $1 AND e.status = 'done' AND e.seq = (CASE 'event'
      WHEN r.cause ->> 'kind' THEN r.cause ->> 'seq' WHEN r.cause -> 'cause' ->> 'kind' THEN r.cause -> 'cause' ->> 'seq' END)::bigint) AS position
  FROM runs r WHERE r.workspace_id = $1 AND r.id = $2)
SELECT e.id, e.name, ${msOf('e.occurred_at')} AS at, ${msOf('e.received_at')} AS "receivedAt", e.body -> 'properties' AS properties,
  CASE WHEN began.position IS NULL THEN e.received_at >= began.created_at ELSE e.position > began.position END AS "sinceTrigger"
FROM began, events e
WHERE e.workspace_id = $1 AND e.${column} = ${id} AND e.name = ANY($4::text[]) AND e.kind = 'track' AND e.status = 'done'
ORDER BY e.position`
}

interface HeardRow {
  id: string
  name: string
  at: number
  receivedAt: number
  properties: Json
  sinceTrigger: boolean
}

/** What runs listen for, in Postgres. */
export function createRunWaits(pool: pg.Pool): RunWaits {
  const q = onPool(pool)
  return {
    async listen(run, subject, listening) {
      if (listening === null) {
        await q.rows(SILENT, [run.workspaceId, run.runId])
        return
      }
      await refuseGone(
        run,
        inTransaction(pool, (trx) => listen(trx, { run, subject, listening })),
      )
    },
    async happened(run, subject, names) {
      const values = [run.workspaceId, run.runId, subject.id, names]
      return (await q.rows<HeardRow>(HEARD[subject.kind], values)).map(happeningOf)
    },
  }
}

async function listen(
  q: Queryable,
  { run, subject, listening }: { run: RunRef; subject: WaitingSubject; listening: Listening },
): Promise<void> {
  const { workspaceId, runId } = run
  const all = listening.topics.includes(ANYTHING)
  for (;;) {
    const subjects = await subjectsOf(q, workspaceId, { subject, all })
    const ids = subjects.map(({ id }) => id)
    await q.rows(ALONE, [bucketsOf(ids)])
    // Merged, or moved to another account, while we waited for the lock: those are others' locks.
    const now = await subjectsOf(q, workspaceId, { subject, all })
    if (now.length !== ids.length || now.some(({ id }, i) => id !== ids[i])) continue
    const rows = subjects.flatMap(({ id, own, kind }) =>
      own ? [{ subject_id: id, ...listening }] : besideOf(id, kind, listening),
    )
    await q.rows(LISTEN, [workspaceId, runId, JSON.stringify(rows)])
    return
  }
}

/**
 * The row for its account, or for the contact that an account's run knows: of them it sees what they are. Events are
 * its subject's own. No row where nothing of theirs is read.
 */
function besideOf(id: string, kind: WaitingSubject['kind'], { topics, asked }: Listening) {
  const theirs = topics.filter(
    (topic) => topic === ANYTHING || topic.startsWith(`property:${kind}.`) || isMembership(topic),
  )
  return theirs.length === 0 ? [] : [{ subject_id: id, topics: theirs, awaited: [], asked }]
}

const isMembership = (topic: string): boolean => /^(segment|signal|score):/.test(topic)

function happeningOf({ id, name, at, receivedAt, properties, sinceTrigger }: HeardRow): StoredHappening {
  const known = properties !== null && typeof properties === 'object' && !Array.isArray(properties) ? properties : {}
  return { event: { id, name, at, properties: known }, receivedAt, sinceTrigger }
}
