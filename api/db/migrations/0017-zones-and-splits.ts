import { type Kysely, sql } from 'kysely'

/** One time zone for each workspace, which quiet hours go by too; and which splits draw by the id of their step alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // Nobody could set it until now. What the owner named for quiet hours is where the workspace is; others stay at UTC.
  `UPDATE workspaces w SET time_zone = r.quiet ->> 'zone' FROM contact_rules r
    WHERE r.workspace_id = w.id AND w.time_zone = 'UTC' AND r.quiet ->> 'zone' LIKE '%/%'
      AND r.quiet ->> 'zone' IN (SELECT name FROM pg_timezone_names)`,
  `UPDATE contact_rules r SET quiet = r.quiet - 'zone' FROM workspaces w
    WHERE w.id = r.workspace_id AND r.quiet ->> 'zone' = w.time_zone`,
  // Steps whose arms were drawn by their id before the id of the playbook was a part of it: nobody changes arms.
  `ALTER TABLE playbooks ADD COLUMN plain_splits text[] NOT NULL DEFAULT '{}'`,
  `UPDATE playbooks p SET plain_splits = found.steps FROM (
    SELECT v.workspace_id, v.playbook_id, array_agg(DISTINCT step ->> 'id') AS steps
    FROM playbook_versions v JOIN plans USING (workspace_id), jsonb_array_elements(plans.plan::jsonb -> 'steps') AS step
    WHERE plans.hash = v.plan_hash AND step ->> 'op' = 'split' AND step ->> 'key' = step ->> 'id'
    GROUP BY 1, 2) AS found
  WHERE found.workspace_id = p.workspace_id AND found.playbook_id = p.id`,
]
