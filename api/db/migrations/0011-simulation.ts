import { type Kysely, sql } from 'kysely'

/** Backtests, kept samples of what steps answer, and test cases; and what was worked off in a period is found quickly. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // Rows come in the order they are worked off, so a summary of each range of pages is all that is needed.
  `CREATE INDEX events_kept_processed ON events_kept USING brin (processed_at)`,
  `CREATE TABLE backtests (
    workspace_id uuid NOT NULL, id uuid NOT NULL, playbook_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    from_at timestamptz NOT NULL, until_at timestamptz NOT NULL, asked jsonb NOT NULL, asked_by text NOT NULL, asked_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0, worker uuid, worked_at timestamptz, progress real NOT NULL DEFAULT 0,
    ended_at timestamptz, result jsonb, fault text, subjects uuid[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, playbook_id) REFERENCES playbooks (workspace_id, id) ON DELETE CASCADE)`,
  // One at a time a workspace.
  `CREATE UNIQUE INDEX backtests_open ON backtests (workspace_id) WHERE status IN ('waiting', 'running')`,
  `CREATE INDEX backtests_playbook ON backtests (workspace_id, playbook_id, asked_at DESC)`,
  `CREATE TABLE step_samples (
    workspace_id uuid NOT NULL, playbook_id uuid NOT NULL, step text NOT NULL, output jsonb NOT NULL,
    made_for text NOT NULL, made_by text NOT NULL, made_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, playbook_id, step),
    FOREIGN KEY (workspace_id, playbook_id) REFERENCES playbooks (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE TABLE playbook_tests (
    workspace_id uuid NOT NULL, id uuid NOT NULL, playbook_id uuid NOT NULL, name text NOT NULL, fixture jsonb NOT NULL, expected jsonb NOT NULL,
    contact_id uuid, made_by text NOT NULL, made_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id), UNIQUE (workspace_id, playbook_id, name),
    FOREIGN KEY (workspace_id, playbook_id) REFERENCES playbooks (workspace_id, id) ON DELETE CASCADE)`,
  `ALTER TABLE playbooks ADD COLUMN tests_gate boolean NOT NULL DEFAULT false`,
]
