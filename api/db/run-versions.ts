import type { GoneOver, RunRef } from '../../engine/ports.ts'
import type { Statement } from './sql.ts'

/** A run that is busy is asked again after this. */
const AGAIN_MS = 5_000
/** So often; then a person has to look. */
const MOST_ATTEMPTS = 60

/** In the order of the parameters of `GO_OVER`. */
export function overValues(run: RunRef, over: GoneOver): unknown[] {
  const { status, reason, at, heldBy, waitingUntil, milestoneDue = null } = over.summary
  return [
    run.workspaceId,
    run.runId,
    over.position,
    over.epoch,
    JSON.stringify(over.input),
    status,
    reason,
    at,
    heldBy,
    waitingUntil === null ? null : new Date(waitingUntil),
    over.plan,
    over.version,
    over.migration,
    over.input.id,
    outcomeOf(over),
    over.refused?.code ?? null,
    over.refused?.text ?? null,
    new Date(over.input.at),
    new Date(over.input.at + AGAIN_MS),
    milestoneDue === null ? null : new Date(milestoneDue),
  ]
}

/** What becomes of the run's row in the migration. */
function outcomeOf({ back, refused }: GoneOver): string {
  if (back) return refused === null ? 'returned' : 'stayed'
  if (refused === null) return 'moved'
  if (refused.code === 'busy' || refused.code === 'midWrite') return 'waiting'
  return refused.code === 'over' || refused.code === 'otherVersion' ? 'passed' : 'refused'
}

/**
 * All in one transaction: the input, what lists show of the run with its version, the row of the migration that asked, and
 * that it waits for nothing where runs of its plan never do. An input with other facts that is there already wins, because
 * writes may have been made on it. When a run ended is not touched: one that has ended only answers that it has.
 */
export const GO_OVER: Statement = {
  name: 'run-go-over',
  text: `WITH taken AS (
      INSERT INTO run_inputs (workspace_id, run_id, position, at, epoch, input)
      VALUES ($1::uuid, $2::text, $3::int, $18::timestamptz, $4::float8, $5::jsonb)
      ON CONFLICT (workspace_id, run_id, position) DO UPDATE SET
        epoch = GREATEST(run_inputs.epoch, EXCLUDED.epoch),
        input = CASE WHEN (run_inputs.input - ARRAY['at', 'facts']) = (EXCLUDED.input - ARRAY['at', 'facts'])
          THEN run_inputs.input ELSE EXCLUDED.input END
        WHERE run_inputs.epoch <= EXCLUDED.epoch
      RETURNING input, input = $5::jsonb AS ours),
    shown AS (
      UPDATE runs SET status = $6::text, reason = $7::text, at_steps = $8::text[], held_by = $9::text[],
        waiting_until = $10::timestamptz, milestone_due = $20::timestamptz, updated_at = to_timestamp($4::float8 / 1000), epoch = $4::float8,
        first_version = CASE WHEN first_version IS NULL AND plan_hash <> $11::text THEN version ELSE first_version END,
        first_plan_hash = CASE WHEN first_plan_hash IS NULL AND plan_hash <> $11 THEN plan_hash ELSE first_plan_hash END,
        version = coalesce($12::int, first_version, version), plan_hash = $11
      WHERE workspace_id = $1 AND id = $2 AND epoch <= $4 AND EXISTS (SELECT FROM taken WHERE ours)
      RETURNING plan_hash),
    silent AS (
      DELETE FROM run_waits WHERE workspace_id = $1 AND run_id = $2
        AND EXISTS (SELECT FROM shown JOIN plans p ON p.workspace_id = $1 AND p.hash = shown.plan_hash WHERE NOT p.listens)),
    told AS (
      UPDATE run_migration_runs SET
        status = CASE WHEN $15::text = 'waiting' AND attempts >= ${MOST_ATTEMPTS} THEN 'refused' ELSE $15 END,
        code = $16::text, reason = $17::text, changed_at = $18, not_before = CASE WHEN $15 = 'waiting' THEN $19::timestamptz END
      WHERE workspace_id = $1 AND migration_id = $13::uuid AND run_id = $2 AND command = $14::text
        AND status IN ('told', 'toldBack') AND EXISTS (SELECT FROM taken WHERE ours))
    SELECT input, ours FROM taken`,
}
