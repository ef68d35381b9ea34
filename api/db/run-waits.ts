import type pg from 'pg'
import type { RunRef, RunWaits, WaitingSubject } from '../../engine/ports.ts'
import { ANYTHING, type AskedRule, type AwaitedEvent, type Listening } from '../../engine/run/listens.ts'
import { createLane } from './lane.ts'
import { became, firstHeard } from './run-heard.ts'
import { refuseGone } from './run-record.ts'
import { onPool, type Queryable, type Statement } from './sql.ts'

/**
 * Runs that wait for something to happen, and those who make it happen, never miss each other: whoever changes a subject
 * holds its lock shared from the look for runs that wait to the commit, whoever begins to wait takes it alone. So a run
 * that was not found begins to wait after that commit, and reads back what it brought.
 */
const WAIT_LOCKS = 0x5b0003
/**
 * Locks for all subjects. A full batch holds more than half of them, of which there are three or four at once, one that begins
 * to wait holds a few: a server with its defaults has room for 6,400 different locks, and for 12,800 holders.
 */
const BUCKETS = 1024

/** The end of an id is random, its beginning is the time. */
const bucketOf = (id: string): string => `('x' || right(${id}::text, 3))::bit(12)::int % ${BUCKETS}`

const SHARE: Statement = {
  name: 'waits-share',
  // In one order everywhere, so that nobody waits in a circle.
  text: `SELECT pg_advisory_xact_lock_shared(${WAIT_LOCKS}, bucket)
FROM (SELECT DISTINCT ${bucketOf('id')} AS bucket FROM unnest($1::uuid[]) AS id ORDER BY 1) AS buckets`,
}

/** To be called before `waitsOf`, in the transaction that changes the subjects. */
export async function shareWaits(q: Queryable, subjectIds: Iterable<string>): Promise<void> {
  await q.rows(SHARE, [[...subjectIds]])
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
  r.cause->>(CASE r.subject_kind WHEN 'contact' THEN 'accountId' ELSE 'contactId' END) AS related, w.asked, w.stamps
FROM unnest($1::uuid[], $2::text[]) AS wanted (workspace_id, id)
JOIN runs r USING (workspace_id, id)
CROSS JOIN LATERAL (
  SELECT CASE WHEN bool_and(asked IS NOT NULL) THEN (array_agg(asked))[1] END AS asked,
    array_agg(DISTINCT xmin::text) FILTER (WHERE touched_at IS NOT NULL) AS stamps
  FROM run_waits WHERE workspace_id = r.workspace_id AND run_id = r.id) AS w
WHERE w.stamps IS NOT NULL`,
}

export interface UnsureRun extends RunRef {
  kind: WaitingSubject['kind']
  subjectId: string
  related: string | null
  /** Null: only the run can tell. */
  asked: AskedRule[] | null
  /** Which transactions touched it, of those that were committed when this was read. */
  stamps: string[]
}

/** What tells whether runs that are owed a look need one. */
export const unsureRuns = (q: Queryable, runs: readonly RunRef[]): Promise<UnsureRun[]> =>
  q.rows<UnsureRun>(UNSURE, [runs.map((run) => run.workspaceId), runs.map((run) => run.runId)])

// Not by time: clocks stand still between two batches, and one that began earlier may commit later.
const SPARE: Statement = {
  name: 'waits-spare',
  text: `
UPDATE run_waits w SET touched_at = NULL
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS spared (workspace_id, run_id, stamp)
WHERE w.workspace_id = spared.workspace_id AND w.run_id = spared.run_id AND w.xmin::text = spared.stamp
  AND w.touched_at IS NOT NULL`,
}

/**
 * These runs need no look for what had touched them when `unsureRuns` was asked; their facts have been read since. One
 * that was touched meanwhile is owed its look still.
 */
export async function spareLooks(q: Queryable, runs: readonly UnsureRun[]): Promise<void> {
  const spared = runs.flatMap(({ stamps, ...run }) => stamps.map((stamp) => ({ ...run, stamp })))
  await q.rows(SPARE, [
    spared.map((run) => run.workspaceId),
    spared.map((run) => run.runId),
    spared.map((run) => run.stamp),
  ])
}

// A run may wait for both: then two rows become one.
const MOVE: Statement = {
  name: 'waits-move',
  text: `
WITH held AS (
  SELECT run_id, subject_id FROM run_waits WHERE workspace_id = $1 AND subject_id = ANY($2::uuid[]) AND subject_id <> $3
  ORDER BY run_id, subject_id FOR UPDATE),
gone AS (
  DELETE FROM run_waits w USING held WHERE w.workspace_id = $1 AND w.run_id = held.run_id AND w.subject_id = held.subject_id
  RETURNING w.run_id, w.topics, w.awaited)
INSERT INTO run_waits (workspace_id, run_id, subject_id, topics, awaited, asked, touched_at)
SELECT DISTINCT ON (run_id) $1::uuid, run_id, $3::uuid, topics, awaited, NULL::jsonb, to_timestamp($4::float8 / 1000)
FROM gone ORDER BY run_id, jsonb_array_length(awaited) DESC
ON CONFLICT (workspace_id, run_id, subject_id) DO UPDATE SET asked = NULL, touched_at = EXCLUDED.touched_at`,
}
const TOUCH_ALL: Statement = {
  name: 'waits-touch-all',
  text: `
WITH touched AS (
  SELECT run_id FROM run_waits WHERE workspace_id = $1 AND subject_id = $2 ORDER BY run_id FOR UPDATE)
UPDATE run_waits w SET touched_at = to_timestamp($3::float8 / 1000), asked = NULL FROM touched
WHERE w.workspace_id = $1 AND w.subject_id = $2 AND w.run_id = touched.run_id`,
}

/**
 * Contacts become one, or two again: the runs that wait for either look whom they are about. Only they can tell, because
 * what they wait for is another's.
 */
export async function moveWaits(
  q: Queryable,
  workspaceId: string,
  { of, to, now }: { of: string[]; to: string; now: number },
): Promise<void> {
  await shareWaits(q, [...of, to])
  await q.rows(MOVE, [workspaceId, of, to, now])
  await q.rows(TOUCH_ALL, [workspaceId, to, now])
}

const TOUCHED: Statement = {
  name: 'waits-touched',
  text: `
SELECT workspace_id AS "workspaceId", run_id AS "runId" FROM (
  SELECT workspace_id, run_id, touched_at FROM run_waits w WHERE touched_at < to_timestamp($1::float8 / 1000)
    AND NOT EXISTS (
      SELECT 1 FROM unnest($3::text[], $4::float8[]) AS told (id, at) WHERE told.id = w.run_id AND w.touched_at <= to_timestamp(told.at / 1000))
  ORDER BY touched_at LIMIT $2) AS touched
GROUP BY 1, 2 ORDER BY min(touched_at), 1, 2`,
}

/**
 * Runs that are owed a look since before an instant, those that are owed it longest first.
 * @param of.limit rows, of which a run may have several
 * @param of.told when runs were told last, by their id: those that were told since they were touched are left out
 */
export const touchedBefore = (
  q: Queryable,
  before: number,
  { limit, told }: { limit: number; told: ReadonlyMap<string, number> },
): Promise<RunRef[]> => q.rows<RunRef>(TOUCHED, [before, limit, [...told.keys()], [...told.values()]])

/** $1 workspace, $2 subject, $3 related, $4 whether all related subjects count. Besides its own there are those of one other kind. */
const SUBJECTS: Record<WaitingSubject['kind'], string> = {
  contact: `
    WITH own AS MATERIALIZED (SELECT ${became('$2')} AS id), accounts AS (
      SELECT account_id AS id, count(*) OVER () AS n FROM account_contacts WHERE workspace_id = $1 AND contact_id = (SELECT id FROM own))
    SELECT id, true AS own FROM own WHERE id IS NOT NULL
    UNION SELECT $3::uuid, false WHERE $3::uuid IS NOT NULL
    UNION SELECT id, false FROM accounts WHERE $4::boolean OR ($3::uuid IS NULL AND n = 1)`,
  account: `
    SELECT $2::uuid AS id, true AS own
    UNION SELECT ${became('$3')}, false WHERE $3::uuid IS NOT NULL
    UNION SELECT contact_id, false FROM account_contacts WHERE $4::boolean AND workspace_id = $1 AND account_id = $2::uuid`,
}

const IDS = `SELECT coalesce(array_agg(id ORDER BY own DESC, id), '{}') AS ids FROM`

const SUBJECTS_NOW: Record<WaitingSubject['kind'], Statement> = {
  contact: { name: 'waits-subjects-contact', text: `${IDS} (${SUBJECTS.contact}) AS subjects` },
  account: { name: 'waits-subjects-account', text: `${IDS} (${SUBJECTS.account}) AS subjects` },
}

const LISTEN: Record<WaitingSubject['kind'], Statement> = {
  contact: { name: 'waits-listen-contact', text: listenOf('contact') },
  account: { name: 'waits-listen-account', text: listenOf('account') },
}

/**
 * One statement, so that the locks are held no longer than it takes, and nobody waits for a round trip under them. It
 * writes nothing before it has them all. What it sees is as old as its beginning: whose they are is asked again afterwards.
 * $5 run, $6 topics, $7 awaited, $8 asked, $9 topics of those beside: no row for them where that is empty.
 */
function listenOf(kind: WaitingSubject['kind']): string {
  return `
WITH subjects AS MATERIALIZED (${SUBJECTS[kind]}),
locked AS MATERIALIZED (
  SELECT count(pg_advisory_xact_lock(${WAIT_LOCKS}, bucket)) AS n
  FROM (SELECT DISTINCT ${bucketOf('id')} AS bucket FROM subjects ORDER BY 1) AS buckets),
given AS MATERIALIZED (
  SELECT id, CASE WHEN own THEN $6::text[] ELSE $9::text[] END AS topics, CASE WHEN own THEN $7::jsonb ELSE '[]' END AS awaited
  FROM subjects, locked WHERE locked.n >= 0 AND (own OR cardinality($9::text[]) > 0)),
gone AS (
  DELETE FROM run_waits w USING locked
  WHERE locked.n >= 0 AND w.workspace_id = $1 AND w.run_id = $5 AND w.subject_id NOT IN (SELECT id FROM given)),
written AS (
  INSERT INTO run_waits AS w (workspace_id, run_id, subject_id, topics, awaited, asked)
  SELECT $1::uuid, $5::text, id, topics, awaited, $8::jsonb FROM given
  ON CONFLICT (workspace_id, run_id, subject_id) DO UPDATE SET topics = EXCLUDED.topics, awaited = EXCLUDED.awaited,
    asked = EXCLUDED.asked, touched_at = NULL
  WHERE (w.touched_at, w.topics, w.awaited, w.asked) IS DISTINCT FROM (NULL, EXCLUDED.topics, EXCLUDED.awaited, EXCLUDED.asked))
${IDS} subjects`
}

const SILENT: Statement = {
  name: 'waits-silent',
  text: 'DELETE FROM run_waits WHERE workspace_id = $1 AND run_id = $2',
}

/** Those that begin to wait at once, of one process: one that waits for a batch keeps a connection that others need. */
const AT_ONCE = 4

/** What runs listen for, in Postgres. */
export function createRunWaits(pool: pg.Pool): RunWaits {
  const q = onPool(pool)
  const inLane = createLane(AT_ONCE)
  return {
    async listen(run, subject, listening) {
      if (listening === null) await q.rows(SILENT, [run.workspaceId, run.runId])
      else
        await refuseGone(
          run,
          inLane(() => listen(q, { run, subject, listening })),
        )
    },
    first: (run, subject, asked) => firstHeard(q, { run, subject, ...asked }),
  }
}

async function listen(
  q: Queryable,
  { run, subject, listening }: { run: RunRef; subject: WaitingSubject; listening: Listening },
): Promise<void> {
  const { workspaceId, runId } = run
  const { kind, id, related = null } = subject
  const { topics, awaited, asked } = listening
  const whose = [workspaceId, id, related, topics.includes(ANYTHING)]
  const rows = [
    runId,
    topics,
    JSON.stringify(awaited),
    asked === null ? null : JSON.stringify(asked),
    besideOf(subject, topics),
  ]
  for (;;) {
    const [written] = await q.rows<{ ids: string[] }>(LISTEN[kind], [...whose, ...rows])
    // Merged, or moved to another account, before we had the locks: those were others' locks. Whoever does so from now on finds the rows.
    const [now] = await q.rows<{ ids: string[] }>(SUBJECTS_NOW[kind], whose)
    if (String(now?.ids) === String(written?.ids)) return
  }
}

/**
 * What is heard of its account, or of the contacts that an account's run knows: of them it sees what they are. Events
 * are its subject's own. Empty where nothing of theirs is read.
 */
function besideOf({ kind }: WaitingSubject, topics: string[]): string[] {
  const beside = kind === 'contact' ? 'account' : 'contact'
  return topics.filter((topic) => topic === ANYTHING || topic.startsWith(`property:${beside}.`) || isMembership(topic))
}

const isMembership = (topic: string): boolean => /^(segment|signal|score):/.test(topic)
