import { type Kysely, sql } from 'kysely'

/** What runs ask of people, the runs that they start and wait for, and what they say at their end. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // `key` is the effect's: asked again for the same visit of a step, it is the same ask.
  `CREATE TABLE asks (
    workspace_id uuid NOT NULL, id uuid NOT NULL, key text NOT NULL, run_id text NOT NULL, step text NOT NULL, visit integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('approval', 'form')), title text NOT NULL, text text, fields jsonb NOT NULL,
    who text NOT NULL, people text[] NOT NULL, by_link boolean NOT NULL, asked_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    decided_at timestamptz, decided_by text, decided_via text CHECK (decided_via IN ('app', 'link')), port text, answer jsonb,
    PRIMARY KEY (workspace_id, id), UNIQUE (workspace_id, key),
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX asks_open ON asks (workspace_id, asked_at DESC) WHERE decided_at IS NULL`,
  `CREATE INDEX asks_run ON asks (workspace_id, run_id)`,
  // A link's token is kept as its hash alone. Who passes an ask on ends the links that there were.
  `CREATE TABLE ask_links (
    token_hash bytea PRIMARY KEY, workspace_id uuid NOT NULL, ask_id uuid NOT NULL, made_at timestamptz NOT NULL,
    passed_on_at timestamptz, passed_on_by text, passed_on_to text,
    FOREIGN KEY (workspace_id, ask_id) REFERENCES asks (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX ask_links_ask ON ask_links (workspace_id, ask_id)`,
  // A run that another one started by a step, and whether that step waits for its end.
  `CREATE TABLE run_calls (
    workspace_id uuid NOT NULL, key text NOT NULL, caller_id text NOT NULL, step text NOT NULL, visit integer NOT NULL,
    run_id text NOT NULL, waits boolean NOT NULL, PRIMARY KEY (workspace_id, key),
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX run_calls_run ON run_calls (workspace_id, run_id)`,
  `CREATE INDEX run_calls_caller ON run_calls (workspace_id, caller_id)`,
  // What its exit leaves to whoever called it; when the next milestone is due that it has not reached.
  `ALTER TABLE runs ADD COLUMN output jsonb, ADD COLUMN milestone_due timestamptz`,
]
