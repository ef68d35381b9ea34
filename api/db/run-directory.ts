import type pg from 'pg'
import type { OperatorCommand } from '../../engine/model/run.ts'
import type { RunDirectory, RunRef, RunStartData } from '../../engine/ports.ts'
import type { Json } from '../../nodes/manifest.ts'
import { touchedBefore } from './run-waits.ts'
import { onPool, type Statement } from './sql.ts'

/** Finds runs across all workspaces, for the processes that start, resume and reconcile them. */
export function createRunDirectory(pool: pg.Pool): RunDirectory {
  const q = onPool(pool)
  const refs = async (statement: Statement, values: unknown[]): Promise<RunRef[]> =>
    (await q.rows<{ workspace_id: string; id: string }>(statement, values)).map(refOf)
  return {
    async startData(runs) {
      const values = [runs.map((run) => run.workspaceId), runs.map((run) => run.runId)]
      return (await q.rows<StartRow>(START_DATA, values)).map(startData)
    },
    unstarted: (before, limit) => refs(UNSTARTED, [new Date(before), limit]),
    open: (after, limit) => refs(OPEN, [after?.workspaceId ?? ZERO, after?.runId ?? '', limit]),
    async releasable({ connection, seconds, without }) {
      const values = [connection?.workspaceId ?? null, connection?.id ?? null, seconds, without]
      const rows = await q.rows<HeldRow>(RELEASABLE, values)
      return rows.map((row) => ({ ...refOf(row), connections: row.connections }))
    },
    async unsettled(before) {
      const rows = await q.rows<UnsettledRow>(UNSETTLED, [new Date(before)])
      return rows.map(({ key, step, status, output, ...run }) => ({
        ...refOf(run),
        key,
        step,
        landed: status === 'landed',
        output,
      }))
    },
    async owed(before, limit) {
      await q.rows(LEAVE, [new Date(before), limit])
      const rows = await q.rows<OwedRow>(OWED, [new Date(before), limit])
      return rows.map(({ command_id: id, command, ...run }) => ({ ...refOf(run), id, command }))
    },
    async paid(commands) {
      const values = [commands.map((c) => c.workspaceId), commands.map((c) => c.runId), commands.map((c) => c.id)]
      await q.rows(PAID, values)
    },
    touched: (before, limit, told) => touchedBefore(q, before, { limit, told }),
    async alone(name, work) {
      // A session lock on a connection of its own: gone with the process, whatever ends it.
      const client = await pool.connect()
      try {
        const { rows } = await client.query<{ got: boolean }>(
          'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS got',
          [name],
        )
        if (rows[0]?.got !== true) return null
        try {
          return await work()
        } finally {
          await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [name])
        }
      } finally {
        client.release()
      }
    },
  }
}

const ZERO = '00000000-0000-0000-0000-000000000000'

const START_DATA: Statement = {
  name: 'runs-start-data',
  text: `SELECT r.workspace_id, r.id, coalesce(r.first_plan_hash, r.plan_hash) AS plan_hash, r.playbook_id, r.version, r.subject_kind, r.subject_id, r.trigger,
      r.cause->>(CASE r.subject_kind WHEN 'contact' THEN 'accountId' ELSE 'contactId' END) AS related
    FROM unnest($1::uuid[], $2::text[]) AS wanted (workspace_id, id) JOIN runs r USING (workspace_id, id)`,
}
const UNSTARTED: Statement = {
  name: 'runs-unstarted',
  text: `SELECT workspace_id, id FROM runs WHERE NOT started AND place IS NULL AND created_at < $1
    ORDER BY created_at LIMIT $2`,
}
const OPEN: Statement = {
  name: 'runs-open',
  text: `SELECT workspace_id, id FROM runs
    WHERE ended_at IS NULL AND started AND (workspace_id, id) > ($1::uuid, $2::text) ORDER BY workspace_id, id LIMIT $3`,
}
/** Runs a second, of a connection that has no budget. */
const UNMETERED = 50
const RELEASABLE: Statement = {
  name: 'runs-releasable',
  text: `SELECT c.workspace_id, r.id, array_agg(c.slug ORDER BY c.slug) AS connections FROM connections c
    CROSS JOIN LATERAL (
      SELECT h.id FROM runs h WHERE h.workspace_id = c.workspace_id AND h.ended_at IS NULL AND h.status = 'held'
        AND h.held_by @> ARRAY[c.slug] AND h.id <> ALL ($4::text[])
      ORDER BY h.updated_at, h.id
      LIMIT greatest(1, ceil($3::float8
        * coalesce(c.release_per_second, c.budget_calls * 1000.0 / c.budget_per_ms, ${UNMETERED})))::int) r
    WHERE c.status = 'open' AND ($1::uuid IS NULL OR c.workspace_id = $1) AND ($2::uuid IS NULL OR c.id = $2)
    GROUP BY c.workspace_id, r.id ORDER BY c.workspace_id, r.id`,
}
// By the record, not by the summary alone: a step that failed and is tried again is also "at", beside another in review.
const UNSETTLED: Statement = {
  name: 'runs-unsettled',
  text: `SELECT r.workspace_id, r.id, e.key, e.step, e.status, e.output FROM workspaces w
    JOIN runs r ON r.workspace_id = w.id AND r.ended_at IS NULL AND r.status IN ('review', 'held')
    JOIN effects e ON e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.step = ANY (r.at_steps)
      AND e.status IN ('landed', 'failed') AND e.ended_at < $1
    JOIN LATERAL (
      SELECT max(i.position) AS position FROM run_inputs i
      WHERE i.workspace_id = r.workspace_id AND i.run_id = r.id AND i.input ->> 'kind' = 'outcome'
        AND i.input ->> 'step' = e.step AND (i.input ->> 'visit')::int = e.visit
        AND i.input -> 'outcome' ->> 'kind' = 'review') reviewed ON reviewed.position IS NOT NULL
    WHERE NOT EXISTS (
      SELECT 1 FROM run_inputs i
      WHERE i.workspace_id = r.workspace_id AND i.run_id = r.id AND i.position > reviewed.position
        AND i.input ->> 'kind' = 'operator' AND i.input -> 'command' ->> 'kind' = 'settle'
        AND i.input -> 'command' ->> 'step' = e.step)`,
}

/**
 * Called runs whose callers went on without them, and that were to end then. What the caller's step came to is recorded
 * with where the caller is, so that one that has not begun to wait yet is not taken for one that does not any more.
 */
const LEAVE: Statement = {
  name: 'runs-leave',
  text: `WITH behind AS (
      SELECT c.workspace_id, c.key FROM run_calls c
      LEFT JOIN runs r ON r.workspace_id = c.workspace_id AND r.id = c.caller_id
      WHERE c.ends_at < $1 AND (r.id IS NULL OR c.step <> ALL (r.at_steps) AND EXISTS (
        SELECT 1 FROM run_inputs i WHERE i.workspace_id = c.workspace_id AND i.run_id = c.caller_id
          AND i.input ->> 'kind' = 'outcome' AND i.input ->> 'step' = c.step AND (i.input ->> 'visit')::int = c.visit))
      ORDER BY c.ends_at LIMIT $2),
    settled AS (
      UPDATE run_calls c SET ends_at = NULL FROM behind b WHERE c.workspace_id = b.workspace_id AND c.key = b.key
      RETURNING c.workspace_id, c.run_id, c.caller_id),
    told AS (
      INSERT INTO run_commands (workspace_id, run_id, id, command, actor, at)
      SELECT s.workspace_id, s.run_id, 'left:' || s.caller_id,
        '{"kind": "cancel", "reason": "The run that called it waited no longer."}', 'the run that called it', $1
      FROM settled s JOIN runs r ON r.workspace_id = s.workspace_id AND r.id = s.run_id AND r.ended_at IS NULL
      ON CONFLICT DO NOTHING RETURNING workspace_id, run_id, id)
    INSERT INTO run_outbox (workspace_id, run_id, id, at) SELECT workspace_id, run_id, id, $1::timestamptz - interval '1 ms' FROM told
    ON CONFLICT DO NOTHING`,
}

const OWED: Statement = {
  name: 'runs-owed',
  text: `SELECT o.workspace_id, o.run_id AS id, o.id AS command_id, c.command FROM run_outbox o
    JOIN run_commands c ON c.workspace_id = o.workspace_id AND c.run_id = o.run_id AND c.id = o.id
    WHERE o.at < $1 ORDER BY o.at, o.run_id, o.id LIMIT $2`,
}
const PAID: Statement = {
  name: 'runs-paid',
  text: `DELETE FROM run_outbox o USING unnest($1::uuid[], $2::text[], $3::text[]) AS p (workspace_id, run_id, id)
    WHERE o.workspace_id = p.workspace_id AND o.run_id = p.run_id AND o.id = p.id`,
}

interface OwedRow {
  workspace_id: string
  id: string
  command_id: string
  command: OperatorCommand
}

interface HeldRow {
  workspace_id: string
  id: string
  connections: string[]
}

interface UnsettledRow {
  workspace_id: string
  id: string
  key: string
  step: string
  status: 'landed' | 'failed'
  output: Json
}

interface StartRow {
  workspace_id: string
  id: string
  plan_hash: string
  playbook_id: string
  version: number
  subject_kind: 'contact' | 'account'
  subject_id: string
  trigger: RunStartData['trigger']
  /** Of a contact the account, of an account the contact that the cause names. */
  related: string | null
}

const refOf = (row: { workspace_id: string; id: string }): RunRef => ({ workspaceId: row.workspace_id, runId: row.id })

const startData = (row: StartRow): RunRef & RunStartData => ({
  ...refOf(row),
  planHash: row.plan_hash,
  playbookId: row.playbook_id,
  version: row.version,
  subject: { kind: row.subject_kind, id: row.subject_id, ...(row.related === null ? {} : { related: row.related }) },
  trigger: row.trigger,
})
