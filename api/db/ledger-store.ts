import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { EffectRef, EffectRow, EffectStatus, EffectsLedger, RunRef } from '../../engine/ports.ts'
import { partValues, refuseGone, WRITE_PART } from './run-record.ts'
import type { Queryable, Statement } from './sql.ts'

/**
 * The effects ledger in Postgres. Each call is one statement; the intent is committed together with the part of the
 * record that led to it, before anything is sent.
 * @param changed told of each run whose effects moved
 */
export function createEffectsLedger(q: Queryable, changed: (run: RunRef) => void): EffectsLedger {
  const end = async (statement: Statement, effect: EffectRef, values: unknown[]): Promise<void> => {
    const rows = await q.rows(statement, [effect.workspaceId, effect.key, ...values])
    if (rows.length === 0) throw new Error(`The effects ledger has no open row ${effect.key}.`)
    changed(effect)
  }
  return {
    async intend(intent, at, record) {
      const { workspaceId, runId, key, step, visit, action, connectionId, input } = intent
      const own = [key, step, visit, action, connectionId, JSON.stringify(input), new Date(at)]
      const [row] =
        record === null
          ? await q.rows<Row>(INTEND, [workspaceId, runId, ...own])
          : await refuseGone(intent, q.rows<Row>(INTEND_WITH_RECORD, [...partValues(intent, record), ...own]))
      if (row === undefined) throw new Error(`The intent ${key} was not written.`)
      return { ...rowOf(row), resumed: row.was_open === true && row.status === 'intended' }
    },
    async hasBegun({ workspaceId, key }) {
      return (await q.rows(BEGUN, [workspaceId, key])).length > 0
    },
    land: (effect, { output, externalId, before }, at) =>
      end(LAND, effect, [JSON.stringify(output), externalId, JSON.stringify(before), new Date(at)]),
    reattempt: (effect, at) => end(REATTEMPT, effect, [new Date(at)]),
    fail: (effect, fault, at) => end(FAIL, effect, [JSON.stringify(fault), new Date(at)]),
    review: (effect, fault, at) => end(REVIEW, effect, [JSON.stringify(fault), new Date(at)]),
    clear: (effect, fault, at) => end(CLEAR, effect, [JSON.stringify(fault), new Date(at)]),
  }
}

/** $1, $2 workspace and run; then, from `n`: key, step, visit, action, connection, input, at. */
const intendInto = (n: number): string => `
  INSERT INTO effects (workspace_id, run_id, key, step, visit, action, connection_id, input, status, intended_at, attempted_at)
  VALUES ($1::uuid, $2::text, $${n}::text, $${n + 1}::text, $${n + 2}::int, $${n + 3}::text, $${n + 4}::uuid,
    $${n + 5}::jsonb, 'intended', $${n + 6}::timestamptz, $${n + 6}::timestamptz)
  ON CONFLICT (workspace_id, key) DO UPDATE SET
    attempts = effects.attempts + 1,
    status = CASE WHEN effects.status = 'failed' THEN 'intended' ELSE effects.status END,
    open_attempt = effects.open_attempt OR effects.status IN ('intended', 'failed'),
    input = CASE WHEN effects.status IN ('landed', 'unknown') THEN effects.input ELSE EXCLUDED.input END,
    attempted_at = CASE WHEN effects.open_attempt OR effects.status IN ('landed', 'unknown')
      THEN effects.attempted_at ELSE EXCLUDED.attempted_at END
  RETURNING effects.*, old.open_attempt AS was_open`

const INTEND: Statement = { name: 'effect-intend', text: intendInto(3) }
const INTEND_WITH_RECORD: Statement = {
  name: 'effect-intend-record',
  text: `WITH ${WRITE_PART}, intent AS (${intendInto(12)}) SELECT * FROM intent`,
}

const BEGUN: Statement = {
  name: 'effect-begun',
  text: `SELECT 1 FROM effects WHERE workspace_id = $1 AND key = $2 AND (open_attempt OR status IN ('landed', 'unknown'))`,
}

const ending = (name: string, set: string): Statement => ({
  name: `effect-${name}`,
  // A landed effect stays landed, whatever a late attempt says.
  text: `UPDATE effects SET ${set} WHERE workspace_id = $1 AND key = $2 AND (status <> 'landed' OR ${name === 'land'}) RETURNING 1`,
})

/**
 * A person was asked while this attempt was under way: the run waits for what they say, so the row stays in their
 * list, and tells them what came of it.
 */
const unlessAsked = (status: string): string => `status = CASE status WHEN 'unknown' THEN status ELSE '${status}' END`
const CAME_LATE = JSON.stringify({
  code: 'OUTCOME_UNKNOWN',
  who: 'user',
  message: 'The answer came late: it landed.',
  fix: 'Say in Reviews that it landed; the output that came is kept.',
} satisfies Fault)

const LAND = ending(
  'land',
  `${unlessAsked('landed')}, output = $3::jsonb, external_id = $4::text, before = $5::jsonb,
    fault = CASE status WHEN 'unknown' THEN '${CAME_LATE}'::jsonb END, open_attempt = false, ended_at = $6::timestamptz`,
)
const REATTEMPT = ending('reattempt', 'open_attempt = true, attempted_at = $3::timestamptz')
const FAIL = ending(
  'fail',
  `${unlessAsked('failed')}, fault = $3::jsonb, open_attempt = false, ended_at = $4::timestamptz`,
)
const REVIEW = ending('review', `status = 'unknown', fault = $3::jsonb, ended_at = $4::timestamptz`)
const CLEAR = ending('clear', `fault = $3::jsonb, open_attempt = false, ended_at = $4::timestamptz`)

interface Row {
  workspace_id: string
  run_id: string
  key: string
  step: string
  visit: number
  action: string
  connection_id: string | null
  input: Json
  status: EffectStatus
  output: Json
  external_id: string | null
  fault: Fault | null
  attempts: number
  intended_at: Date
  attempted_at: Date
  was_open: boolean | null
}

const rowOf = (row: Row): EffectRow => ({
  workspaceId: row.workspace_id,
  runId: row.run_id,
  key: row.key,
  step: row.step,
  visit: row.visit,
  action: row.action,
  connectionId: row.connection_id,
  input: row.input,
  status: row.status,
  output: row.output,
  externalId: row.external_id,
  fault: row.fault,
  attempts: row.attempts,
  intendedAt: row.intended_at.getTime(),
  attemptedAt: row.attempted_at.getTime(),
})
