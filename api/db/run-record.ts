import type { RunInput } from '../../engine/model/run.ts'
import { type GivenAnswer, type RecordPart, RunGone, type RunRecord, type RunRef } from '../../engine/ports.ts'
import { GO_OVER, overValues } from './run-versions.ts'
import { type Queryable, type Statement, sqlState } from './sql.ts'

/**
 * The record of runs in Postgres: the ordered inputs of `advance`, and the summary that lists show. Every call is one
 * statement, so that it is one round trip and one transaction.
 * @param changed told of each run whose record moved, after the commit
 */
export function createRunRecord(q: Queryable, changed: (run: RunRef) => void): RunRecord {
  return {
    async open(run, start, epoch) {
      const values = [run.workspaceId, run.runId, new Date(start.at), epoch, JSON.stringify(start)]
      const rows = await refuseGone(run, q.rows<Recorded>(OPEN, values))
      changed(run)
      return inARow(rows, 0)
    },
    async since(run, position) {
      return inARow(await q.rows<Recorded>(SINCE, [run.workspaceId, run.runId, position]), position)
    },
    async take(run, { position, input, epoch }) {
      const values = [run.workspaceId, run.runId, position, new Date(input.at), epoch, JSON.stringify(input)]
      const [row] = await refuseGone(run, q.rows<{ input: RunInput }>(TAKE, values))
      if (row === undefined) throw new Error(`The input of run ${run.runId} was not written.`)
      return row.input
    },
    async goOver(run, over) {
      const [row] = await refuseGone(run, q.rows<WentOver>(GO_OVER, overValues(run, over)))
      if (row === undefined) throw new Error(`The input of run ${run.runId} was not written.`)
      changed(run)
      return row
    },
    async answerTo(run, { step, visit }) {
      const values = [run.workspaceId, run.runId, step, visit]
      const [row] = await q.rows<{ id: string; command: GivenAnswer['command']; at: Date }>(ANSWER_TO, values)
      return row === undefined ? null : { ...row, at: row.at.getTime() }
    },
    async append(run, part) {
      await refuseGone(run, q.rows(APPEND, partValues(run, part)))
      changed(run)
    },
    async connectionsOpen(workspaceId, slugs) {
      const rows = await q.rows<{ slug: string }>(CONNECTIONS_OPEN, [workspaceId, slugs])
      return rows.map((row) => row.slug)
    },
    async conclude(run, part, at) {
      const output = part.summary.output === undefined ? null : JSON.stringify(part.summary.output)
      const failures = part.summary.failures === undefined ? null : JSON.stringify(part.summary.failures)
      await refuseGone(run, q.rows(CONCLUDE, [...partValues(run, part), new Date(at), output, failures]))
      changed(run)
    },
  }
}

/** @throws RunGone where the work refers to a run that is not there */
export async function refuseGone<T>(run: RunRef, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (sqlState(error) === '23503') throw new RunGone(run)
    throw error
  }
}

/** In the order of the parameters of `WRITE_PART`. */
export function partValues(run: RunRef, { from, inputs, epoch, summary }: RecordPart): unknown[] {
  const { status, reason, at, heldBy, waitingUntil, milestoneDue = null } = summary
  return [
    run.workspaceId,
    run.runId,
    from,
    epoch,
    JSON.stringify(inputs),
    status,
    reason,
    at,
    heldBy,
    waitingUntil === null ? null : new Date(waitingUntil),
    milestoneDue === null ? null : new Date(milestoneDue),
  ]
}

/**
 * The two CTEs that write a part of the record; parameters $1 to $11. The later workflow task replaces what a lost one
 * left behind (by epoch), never the other way round.
 */
export const WRITE_PART = `
  inputs AS (
    INSERT INTO run_inputs (workspace_id, run_id, position, at, epoch, input)
    SELECT $1::uuid, $2::text, $3::int + (t.n - 1)::int, to_timestamp((t.value ->> 'at')::float8 / 1000), $4::float8, t.value
    FROM jsonb_array_elements($5::jsonb) WITH ORDINALITY AS t (value, n)
    ON CONFLICT (workspace_id, run_id, position) DO UPDATE
      SET input = EXCLUDED.input, at = EXCLUDED.at, epoch = EXCLUDED.epoch
      WHERE run_inputs.epoch <= EXCLUDED.epoch),
  summary AS (
    UPDATE runs SET status = $6::text, reason = $7::text, at_steps = $8::text[], held_by = $9::text[],
      waiting_until = $10::timestamptz, milestone_due = $11::timestamptz, updated_at = to_timestamp($4::float8 / 1000), epoch = $4::float8, ended_at = NULL
    WHERE workspace_id = $1 AND id = $2 AND epoch <= $4
    RETURNING id)`

type WentOver = Awaited<ReturnType<RunRecord['goOver']>>

interface Recorded {
  position: number
  input: RunInput
}

/**
 * The inputs up to the first gap. Two parts of one stint are written at once, and a kill may leave only the later one;
 * what lies behind the gap is written again.
 */
function inARow(rows: Recorded[], from: number): RunInput[] {
  const gap = rows.findIndex((row, i) => row.position !== from + i)
  return (gap === -1 ? rows : rows.slice(0, gap)).map((row) => row.input)
}

const SINCE: Statement = {
  name: 'run-since',
  text: `SELECT position, input FROM run_inputs WHERE workspace_id = $1 AND run_id = $2 AND position >= $3 ORDER BY position`,
}

// Within one statement the second SELECT does not see the insert: a fresh start answers with itself alone.
const OPEN: Statement = {
  name: 'run-open',
  text: `WITH opened AS (
      INSERT INTO run_inputs (workspace_id, run_id, position, at, epoch, input)
      VALUES ($1::uuid, $2::text, 0, $3::timestamptz, $4::float8, $5::jsonb)
      ON CONFLICT DO NOTHING RETURNING position, input),
    touched AS (
      UPDATE runs SET status = 'running', started = true, updated_at = $3
      WHERE workspace_id = $1 AND id = $2 AND status = 'queued')
    SELECT position, input FROM opened
    UNION ALL
    SELECT position, input FROM run_inputs WHERE workspace_id = $1 AND run_id = $2
    ORDER BY position`,
}

// The same input is of the same kind, for the same step, visit and event; only its time and facts may be others.
const TAKE: Statement = {
  name: 'run-take',
  text: `INSERT INTO run_inputs (workspace_id, run_id, position, at, epoch, input)
    VALUES ($1::uuid, $2::text, $3::int, $4::timestamptz, $5::float8, $6::jsonb)
    ON CONFLICT (workspace_id, run_id, position) DO UPDATE SET
      epoch = GREATEST(run_inputs.epoch, EXCLUDED.epoch),
      input = CASE WHEN (run_inputs.input - ARRAY['at', 'facts']) = (EXCLUDED.input - ARRAY['at', 'facts'])
        THEN run_inputs.input ELSE EXCLUDED.input END
      WHERE run_inputs.epoch <= EXCLUDED.epoch
    RETURNING input`,
}

const ANSWER_TO: Statement = {
  name: 'run-answer-to',
  text: `SELECT id, command, at FROM run_commands WHERE workspace_id = $1 AND run_id = $2 AND command ->> 'kind' = 'answer'
      AND command ->> 'step' = $3::text AND (command ->> 'visit')::int = $4::int ORDER BY at, id LIMIT 1`,
}

const APPEND: Statement = { name: 'run-append', text: `WITH ${WRITE_PART} SELECT 1` }

/**
 * With the end of a run the one that waits for it is owed the answer, and those are told to end that it waits for itself
 * where it was ended before they were. Owed is what the workers hand over until it is done.
 */
const END_OF_CALLS = `
    stands AS (SELECT 1 FROM runs WHERE workspace_id = $1 AND id = $2 AND epoch <= $4),
    told AS (
      INSERT INTO run_commands (workspace_id, run_id, id, command, actor, at)
      SELECT $1::uuid, c.caller_id, 'call:' || $2::text, jsonb_build_object('kind', 'answer', 'step', c.step, 'visit', c.visit,
          'port', CASE WHEN $6::text IN ('failed', 'cancelled') THEN 'failed' ELSE 'done' END, 'by', 'the run that was called',
          'output', jsonb_build_object('status', $6::text, 'reason', $7::text, 'output', coalesce($13::jsonb, '{}'))),
        'the run that was called', $12::timestamptz
      FROM run_calls c JOIN runs r ON r.workspace_id = c.workspace_id AND r.id = c.caller_id
      WHERE c.workspace_id = $1 AND c.run_id = $2 AND c.waits AND EXISTS (SELECT 1 FROM stands)
      UNION ALL
      SELECT $1::uuid, c.run_id, 'caller:' || $2::text,
        '{"kind": "cancel", "reason": "The run that called it was ended."}', 'the run that called it', $12::timestamptz
      FROM run_calls c JOIN runs r ON r.workspace_id = c.workspace_id AND r.id = c.run_id AND r.ended_at IS NULL
      WHERE c.workspace_id = $1 AND c.caller_id = $2 AND c.waits AND $6::text IN ('cancelled', 'exited')
        AND EXISTS (SELECT 1 FROM stands)
      ON CONFLICT DO NOTHING RETURNING run_id, id),
    owed AS (
      INSERT INTO run_outbox (workspace_id, run_id, id, at) SELECT $1::uuid, run_id, id, $12::timestamptz FROM told
      ON CONFLICT DO NOTHING)`

// Its waits go after its row is held, as in a merge, so that the two never wait for each other.
const CONCLUDE: Statement = {
  name: 'run-conclude',
  text: `WITH ${WRITE_PART.replace('ended_at = NULL', 'ended_at = $12::timestamptz, output = $13::jsonb, failures = $14::jsonb')},
    beyond AS (
      DELETE FROM run_inputs WHERE workspace_id = $1 AND run_id = $2 AND epoch <= $4
        AND position >= $3::int + jsonb_array_length($5::jsonb)),
    ${END_OF_CALLS},
    silent AS (DELETE FROM run_waits WHERE workspace_id = $1 AND run_id = $2 AND EXISTS (SELECT 1 FROM summary))
    SELECT 1`,
}

const CONNECTIONS_OPEN: Statement = {
  name: 'run-connections-open',
  text: `SELECT slug FROM connections WHERE workspace_id = $1 AND slug = ANY ($2::text[]) AND status = 'open'`,
}
