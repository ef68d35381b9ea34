import { type Kysely, sql } from 'kysely'

/**
 * Runs that wait for something to happen, by the subjects it may happen to. `topics`, `awaited` and `asked` say what (see
 * `engine/run/listens.ts`); `touched_at`: it may have happened, and the run has not looked since.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `CREATE TABLE run_waits (
    workspace_id uuid NOT NULL, run_id text NOT NULL, subject_id uuid NOT NULL, topics text[] NOT NULL, awaited jsonb NOT NULL,
    asked jsonb, touched_at timestamptz, PRIMARY KEY (workspace_id, run_id, subject_id),
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX run_waits_subject ON run_waits (workspace_id, subject_id)`,
  `CREATE INDEX run_waits_touched ON run_waits (touched_at) WHERE touched_at IS NOT NULL`,
  // Runs of this plan may wait for more than time and people: until a workspace has one, nobody looks for such runs.
  `ALTER TABLE plans ADD COLUMN listens boolean NOT NULL DEFAULT false`,
  `CREATE INDEX plans_listening ON plans (workspace_id) WHERE listens`,
]
