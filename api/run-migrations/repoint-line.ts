import { sql } from 'kysely'
import type { Plan } from '../../engine/model/plan.ts'
import type { Db } from '../db/database.ts'
import { IN_LINE } from '../db/enrollment-store.ts'

/**
 * Runs that wait for their turn have no record yet, and being told anything begins them: they are told nothing. Their row
 * says under which version they begin, and that is all that goes over, and back.
 */
export interface LineOfPlaybook {
  workspaceId: string
  playbookId: string
  version: number
}

/** Nobody begins those of other versions before the caller's transaction is over. */
export async function holdLine(trx: Db, { workspaceId, playbookId, version }: LineOfPlaybook): Promise<void> {
  await sql`SELECT count(*) FROM (
      SELECT 1 FROM runs WHERE workspace_id = ${workspaceId} AND playbook_id = ${playbookId} AND version <> ${version}
        AND ${sql.raw(IN_LINE)} ORDER BY id FOR UPDATE) AS held`.execute(trx)
}

/**
 * Lets those that are held begin under the version, and writes them down as runs of the migration, after those that are told.
 * @param to.after so many runs of the migration come before
 * @returns how many of other versions wait for their turn
 */
export async function repointLine(
  trx: Db,
  { workspaceId, playbookId, version }: LineOfPlaybook,
  to: { migration: string; planHash: string; plan: Plan; after: number; at: Date },
): Promise<number> {
  const triggers = to.plan.steps.filter(({ op }) => op === 'trigger').map(({ id }) => id)
  const stays = `It waits for its turn, and version ${version} has not what started it: it begins under the version it entered by`
  const { numAffectedRows } = await sql`
    WITH line AS MATERIALIZED (
      SELECT id, version, plan_hash, at_steps, created_at,
        subject_kind = ${to.plan.subject} AND trigger ->> 'step' = ANY (${triggers}::text[]) AS fits
      FROM runs WHERE workspace_id = ${workspaceId} AND playbook_id = ${playbookId} AND version <> ${version}
        AND ${sql.raw(IN_LINE)} ORDER BY id FOR UPDATE),
    moved AS (
      UPDATE runs r SET version = ${version}, plan_hash = ${to.planHash}, updated_at = ${to.at}
      FROM line WHERE r.workspace_id = ${workspaceId} AND r.id = line.id AND line.fits)
    INSERT INTO run_migration_runs (workspace_id, migration_id, run_id, place, from_version, from_plan, at_steps, status, reason, changed_at)
    SELECT ${workspaceId}::uuid, ${to.migration}::uuid, id, ${to.after}::int + (row_number() OVER (ORDER BY created_at, id))::int - 1,
      version, plan_hash, at_steps, CASE WHEN fits THEN 'moved' ELSE 'passed' END, CASE WHEN NOT fits THEN ${stays}::text END,
      ${to.at}::timestamptz
    FROM line`.execute(trx)
  return Number(numAffectedRows ?? 0n)
}

/** Lets those that still wait for their turn begin where they would have; the others have begun, and stay. */
export async function returnLine(
  trx: Db,
  given: { workspaceId: string; migration: string; toPlan: string; at: Date },
): Promise<void> {
  const { workspaceId, migration, toPlan, at } = given
  // They were told nothing: by that they are known.
  const repointed = sql`workspace_id = ${workspaceId} AND migration_id = ${migration} AND status = 'moved' AND command IS NULL`
  await sql`
    WITH line AS MATERIALIZED (
      SELECT id FROM runs WHERE workspace_id = ${workspaceId} AND plan_hash = ${toPlan} AND ${sql.raw(IN_LINE)}
        AND id IN (SELECT run_id FROM run_migration_runs WHERE ${repointed}) ORDER BY id FOR UPDATE),
    back AS (
      UPDATE run_migration_runs m SET status = 'returned', changed_at = ${at}
      FROM line WHERE m.workspace_id = ${workspaceId} AND m.migration_id = ${migration} AND m.run_id = line.id
      RETURNING m.run_id, m.from_version, m.from_plan)
    UPDATE runs r SET version = back.from_version, plan_hash = back.from_plan, updated_at = ${at}
    FROM back WHERE r.workspace_id = ${workspaceId} AND r.id = back.run_id`.execute(trx)
  await sql`UPDATE run_migration_runs SET status = 'stayed', reason = 'The run has begun, or goes by another version meanwhile', changed_at = ${at}
    WHERE ${repointed}`.execute(trx)
}
