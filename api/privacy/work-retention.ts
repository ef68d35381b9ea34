import type pg from 'pg'
import { LONGEST_CAP_DAYS } from '../../engine/model/contact-rules.ts'
import type { RunDirectory } from '../../engine/ports.ts'
import { inTransaction, onPool, type Queryable, type Statement } from '../db/sql.ts'
import { AFTER_RECEIPT_MS, before, eventsBefore } from './retention.ts'

/** Rows in one transaction, so that nobody waits for it. */
const BATCH = 1_000
const RUNS_EACH = 100
/** Between two batches: the sweep is never in a hurry. */
const PAUSE_MS = 20

export interface RetentionDeps {
  pool: pg.Pool
  directory: Pick<RunDirectory, 'alone'>
  clock: () => number
}

export interface Swept {
  events: number
  eventIds: number
  edges: number
  enrollments: number
  runs: number
  /** Tables of whole quarters. */
  parts: string[]
}

interface Workspace {
  id: string
  keepEventsDays: number
  keepRunsDays: number
}

/**
 * Deletes what workspaces no longer keep: events by when they occurred (never within a day of their receipt), edges of
 * segments and signals as long ago but for each subject's last, and runs by when they ended, with all that is theirs.
 * @returns null where another process is at it
 */
export function workRetention(deps: RetentionDeps): Promise<Swept | null> {
  return deps.directory.alone('signalbox-retention', async () => {
    const q = onPool(deps.pool)
    const swept: Swept = { events: 0, eventIds: 0, edges: 0, enrollments: 0, runs: 0, parts: [] }
    const workspaces = await q.rows<Workspace>(WORKSPACES, [])
    const now = deps.clock()
    for (const workspace of workspaces) {
      const { id } = workspace
      const old = eventsBefore(now, workspace.keepEventsDays)
      const received = new Date(now - AFTER_RECEIPT_MS)
      swept.events += await inOrder(q, EVENTS, [id, old, received, '0'])
      swept.eventIds += await untilNone(q, EVENT_IDS, [id, old])
      swept.edges += await inOrder(q, EDGES, [id, old, ZERO_ID])
      await untilNone(q, SENDS, [id, before(now, LONGEST_CAP_DAYS)])
      const ended = before(now, workspace.keepRunsDays)
      swept.runs += await sweepRuns(deps.pool, id, ended)
      swept.enrollments += await inOrder(q, ENROLLMENTS, [id, ended, ZERO_ID])
    }
    swept.parts = await dropEmptyParts(deps.pool, now)
    return swept
  })
}

const ZERO_ID = '00000000-0000-0000-0000-000000000000'

/**
 * Goes through a table in the order of a column, so that no batch looks again at what an earlier one left.
 * @param values the last is where it begins
 */
async function inOrder(q: Queryable, statement: Statement, values: [...unknown[], first: string]): Promise<number> {
  let deleted = 0
  for (let after: string | null = String(values.at(-1)); after !== null; ) {
    const rows: Array<{ n: number; last: string | null }> = await q.rows(statement, [...values.slice(0, -1), after])
    deleted += rows[0]?.n ?? 0
    after = rows[0]?.last ?? null
    await pause()
  }
  return deleted
}

async function untilNone(q: Queryable, statement: Statement, values: unknown[]): Promise<number> {
  let deleted = 0
  for (;;) {
    const rows = await q.rows<{ n: number }>(statement, values)
    const n = rows[0]?.n ?? 0
    if (n === 0) return deleted
    deleted += n
    await pause()
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS))

/** Runs with their record, effects, keys and values. That somebody was in a playbook, and when, stays for its re-entry. */
async function sweepRuns(pool: pg.Pool, workspaceId: string, ended: Date): Promise<number> {
  let deleted = 0
  let after = { at: ended, id: '' }
  for (;;) {
    const q = onPool(pool)
    const runs = await q.rows<{ id: string; at: Date }>(OLD_RUNS, [workspaceId, ended, after.at, after.id])
    const last = runs.at(-1)
    if (last === undefined) return deleted
    const ids = runs.map(({ id }) => id)
    await inTransaction(pool, async (trx) => {
      for (const statement of RUN_PARTS) await trx.rows(statement, [workspaceId, ids])
    })
    deleted += ids.length
    after = last
    await pause()
  }
}

/** Quarters that hold nothing any more; the last five are made anew at each start, so they stay. */
async function dropEmptyParts(pool: pg.Pool, now: number): Promise<string[]> {
  const q = onPool(pool)
  const parts = await q.rows<{ name: string }>(PARTS, [])
  const year = new Date(now).getUTCFullYear()
  const quarter = Math.floor(new Date(now).getUTCMonth() / 3)
  const dropped: string[] = []
  for (const { name } of parts) {
    const of = /^events_(\d{4})_q([1-4])$/.exec(name)
    if (of === null) continue
    const age = (year - Number(of[1])) * 4 + quarter - (Number(of[2]) - 1)
    if (age <= 5) continue
    const gone = await inTransaction(pool, async (trx) => {
      // Events are not kept waiting for long: the next sweep tries again.
      await trx.rows({ name: '', text: `SET LOCAL lock_timeout = '2s'` }, [])
      await trx.rows({ name: '', text: `LOCK TABLE events_kept IN ACCESS EXCLUSIVE MODE` }, [])
      const some = await trx.rows({ name: '', text: `SELECT 1 FROM ${name} LIMIT 1` }, [])
      if (some.length === 0) await trx.rows({ name: '', text: `DROP TABLE ${name}` }, [])
      return some.length === 0
    })
    if (gone) dropped.push(name)
  }
  return dropped
}

const WORKSPACES: Statement = {
  name: 'retention-workspaces',
  text: `SELECT id, keep_events_days AS "keepEventsDays", keep_runs_days AS "keepRunsDays" FROM workspaces ORDER BY id`,
}
const EVENTS: Statement = {
  name: 'retention-events',
  text: `WITH old AS (
      SELECT seq, status, occurred_at FROM events_kept
      WHERE workspace_id = $1 AND occurred_at < $2 AND received_at < $3 AND seq > $4::bigint ORDER BY seq LIMIT ${BATCH}),
    gone AS (DELETE FROM events_kept e USING old x
      WHERE e.workspace_id = $1 AND e.seq = x.seq AND e.status = x.status AND e.occurred_at = x.occurred_at)
    SELECT count(*)::int AS n, max(seq)::text AS last FROM old`,
}
const EVENT_IDS: Statement = {
  name: 'retention-event-ids',
  text: `WITH gone AS (
      DELETE FROM event_ids WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM event_ids WHERE workspace_id = $1 AND received_at < $2 LIMIT ${BATCH * 5})) RETURNING 1)
    SELECT count(*)::int AS n FROM gone`,
}
// What was sent before counts for no cap any more.
const SENDS: Statement = {
  name: 'retention-sends',
  text: `WITH gone AS (
      DELETE FROM contact_sends WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM contact_sends WHERE workspace_id = $1 AND at <= $2 LIMIT ${BATCH})) RETURNING 1)
    SELECT count(*)::int AS n FROM gone`,
}
const EDGES: Statement = {
  name: 'retention-edges',
  text: `WITH old AS (
      SELECT id, audience_id, subject_id, at FROM audience_edges
      WHERE workspace_id = $1 AND at < $2 AND id > $3::uuid ORDER BY id LIMIT ${BATCH}),
    gone AS (DELETE FROM audience_edges e USING old x
      WHERE e.workspace_id = $1 AND e.id = x.id AND EXISTS (SELECT 1 FROM audience_edges later
        WHERE later.workspace_id = $1 AND later.audience_id = x.audience_id AND later.subject_id = x.subject_id AND later.at > x.at)
      RETURNING 1)
    SELECT (SELECT count(*) FROM gone)::int AS n, max(id::text) AS last FROM old`,
}
const ENROLLMENTS: Statement = {
  name: 'retention-enrollments',
  text: `WITH old AS (
      SELECT id, run_id FROM enrollments WHERE workspace_id = $1 AND at < $2 AND id > $3::uuid ORDER BY id LIMIT ${BATCH}),
    gone AS (DELETE FROM enrollments e USING old x
      WHERE e.workspace_id = $1 AND e.id = x.id
        AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.workspace_id = $1 AND r.id = x.run_id) RETURNING 1)
    SELECT (SELECT count(*) FROM gone)::int AS n, max(id::text) AS last FROM old`,
}
const OLD_RUNS: Statement = {
  name: 'retention-runs',
  text: `SELECT id, created_at AS at FROM runs
    WHERE workspace_id = $1 AND created_at <= $3 AND ended_at < $2 AND (created_at < $3 OR id > $4)
    ORDER BY created_at DESC, id LIMIT ${RUNS_EACH}`,
}
const ofRuns = (name: string, text: string): Statement => ({ name: `retention-${name}`, text })
const RUN_PARTS: Statement[] = [
  ofRuns(
    'former',
    `INSERT INTO former_runs (workspace_id, playbook_id, subject_id, last)
      SELECT workspace_id, playbook_id, subject_id, max(created_at) FROM runs
      WHERE workspace_id = $1 AND id = ANY ($2::text[]) GROUP BY 1, 2, 3
      ON CONFLICT (workspace_id, playbook_id, subject_id) DO UPDATE SET last = greatest(former_runs.last, EXCLUDED.last)`,
  ),
  ofRuns(
    'former-entries',
    `INSERT INTO former_entries (workspace_id, playbook_id, subject_id, entry_key, last)
      SELECT workspace_id, playbook_id, subject_id, entry_key, max(created_at) FROM runs
      WHERE workspace_id = $1 AND id = ANY ($2::text[]) AND entry_key IS NOT NULL GROUP BY 1, 2, 3, 4
      ON CONFLICT (workspace_id, playbook_id, subject_id, entry_key) DO UPDATE SET last = greatest(former_entries.last, excluded.last)`,
  ),
  ofRuns('effects', 'DELETE FROM effects WHERE workspace_id = $1 AND run_id = ANY ($2::text[])'),
  ofRuns('commands', 'DELETE FROM run_commands WHERE workspace_id = $1 AND run_id = ANY ($2::text[])'),
  ofRuns('people', 'DELETE FROM run_people WHERE workspace_id = $1 AND run_id = ANY ($2::text[])'),
  ofRuns('keys', 'DELETE FROM run_keys WHERE workspace_id = $1 AND run_id = ANY ($2::text[])'),
  ofRuns('values', 'DELETE FROM blobs WHERE run_id = ANY ($2::text[]) AND $1::uuid IS NOT NULL'),
  ofRuns('runs-gone', 'DELETE FROM runs WHERE workspace_id = $1 AND id = ANY ($2::text[])'),
]
const PARTS: Statement = {
  name: 'retention-parts',
  text: `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'events_kept'::regclass ORDER BY 1`,
}
