import type { Plan } from '../../engine/model/plan.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from '../db/sql.ts'
import { msOf } from '../db/sql.ts'
import type { BacktestResult } from './run-backtest.ts'

/** Backtests as jobs: asked for by the API, carried out by whichever worker process is first. */

/** What is fixed when it is asked for. */
export interface AskedBacktest {
  /** Of the draft. */
  plan: Plan
  /** What is published; null: nothing is, or it is the same plan. */
  live: { version: number; plan: Plan } | null
  /** Whether the draft is what is published. */
  isLive: boolean
  /** By step: what actions are taken to answer. */
  answers: { [step: string]: Json }
  holdoutPercent: number
}

export interface ClaimedBacktest {
  workspaceId: string
  id: string
  playbookId: string
  from: number
  until: number
  asked: AskedBacktest
  attempts: number
}

/** A worker that has said nothing of it for so long is dead. */
const SILENT_MS = 15_000
/** So often it is begun anew after its worker died. */
export const MOST_ATTEMPTS = 3

const CLAIM: Statement = {
  name: 'backtest-claim',
  text: `
UPDATE backtests b SET status = 'running', worker = $1, worked_at = to_timestamp($2::float8 / 1000.0), attempts = b.attempts + 1, progress = 0
FROM (
  SELECT workspace_id, id FROM backtests
  WHERE status = 'waiting' OR status = 'running' AND worked_at < to_timestamp(($2::float8 - ${SILENT_MS}) / 1000.0)
  ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS next
WHERE b.workspace_id = next.workspace_id AND b.id = next.id
RETURNING b.workspace_id AS "workspaceId", b.id, b.playbook_id AS "playbookId", ${msOf('b.from_at')} AS "from", ${msOf('b.until_at')} AS until,
  b.asked, b.attempts`,
}

/** Takes the one that waits longest, or that a dead worker left; null where there is none. */
export async function claimBacktest(
  q: Queryable,
  by: { worker: string; now: number },
): Promise<ClaimedBacktest | null> {
  return (await q.rows<ClaimedBacktest>(CLAIM, [by.worker, by.now]))[0] ?? null
}

const PROGRESS: Statement = {
  name: 'backtest-progress',
  text: `
UPDATE backtests SET progress = $5, worked_at = to_timestamp($4::float8 / 1000.0)
WHERE workspace_id = $1 AND id = $2 AND worker = $3 AND status = 'running' RETURNING 1`,
}

type Held = Pick<ClaimedBacktest, 'workspaceId' | 'id'> & { worker: string; now: number }

/** @returns false when it is no longer this worker's: it was cancelled, or given to another */
export async function noteProgress(q: Queryable, of: Held, progress: number): Promise<boolean> {
  return (await q.rows(PROGRESS, [of.workspaceId, of.id, of.worker, of.now, progress])).length > 0
}

const END: Statement = {
  name: 'backtest-end',
  text: `
UPDATE backtests SET status = $5, ended_at = to_timestamp($4::float8 / 1000.0), result = $6, fault = $7, subjects = $8::uuid[],
  progress = CASE WHEN $5 = 'done' THEN 1 ELSE progress END, worker = NULL, asked = '{}'
WHERE workspace_id = $1 AND id = $2 AND worker = $3 AND status = 'running'`,
}

/** Keeps what came of it. */
export async function endBacktest(
  q: Queryable,
  of: Held,
  came: { result: BacktestResult } | { fault: string },
): Promise<void> {
  const { workspaceId, id, worker, now } = of
  const [status, result, fault] =
    'result' in came ? ['done', JSON.stringify(came.result), null] : ['failed', null, came.fault]
  const subjects = 'result' in came ? came.result.draft.sample.map(({ subjectId }) => subjectId) : []
  await q.rows(END, [workspaceId, id, worker, now, status, result, fault, subjects])
}
