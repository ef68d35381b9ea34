import { type Kysely, sql } from 'kysely'

/** Open runs that go over to another version: one row for each time somebody asks for it, and one for each of its runs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // The version a run began under, where it has gone over to another since: its record is replayed from there.
  `ALTER TABLE runs ADD COLUMN first_plan_hash text, ADD COLUMN first_version integer`,
  // canary: so many go first, and the others when those are through. reason: why it has stopped. told_at: when runs were told last.
  `CREATE TABLE run_migrations (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, playbook_id uuid NOT NULL,
    to_version integer NOT NULL, to_plan text NOT NULL, moves jsonb NOT NULL, canary integer NOT NULL, per_second integer NOT NULL,
    status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'paused', 'done', 'cancelled', 'reverting', 'revertingPaused', 'reverted')),
    reason text, actor text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, ended_at timestamptz, told_at timestamptz,
    PRIMARY KEY (workspace_id, id), FOREIGN KEY (workspace_id, playbook_id) REFERENCES playbooks (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX run_migrations_list ON run_migrations (workspace_id, playbook_id, created_at DESC)`,
  `CREATE INDEX run_migrations_open ON run_migrations (created_at) WHERE status IN ('running', 'reverting')`,
  // command: the id of what it was told last. waiting and returning: it is told from not_before on.
  `CREATE TABLE run_migration_runs (
    workspace_id uuid NOT NULL, migration_id uuid NOT NULL, run_id text NOT NULL, place integer NOT NULL,
    from_version integer NOT NULL, from_plan text NOT NULL, at_steps text[] NOT NULL,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'told', 'moved', 'refused', 'passed', 'cancelled', 'returning', 'toldBack', 'returned', 'stayed')),
    code text, reason text, command text, attempts integer NOT NULL DEFAULT 0, not_before timestamptz, changed_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, migration_id, run_id),
    FOREIGN KEY (workspace_id, migration_id) REFERENCES run_migrations (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX run_migration_runs_place ON run_migration_runs (workspace_id, migration_id, status, place)`,
  `CREATE INDEX run_migration_runs_run ON run_migration_runs (workspace_id, run_id)`,
]
