import { type Kysely, sql } from 'kysely'

/** Reruns of many failed runs, connections paused by hand and how fast they release, and alerts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // ended_at: nothing is left to begin or to wait for. accepted: failures that a person has seen and gone on from.
  `CREATE TABLE reruns (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, filter jsonb NOT NULL,
    status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'stopped', 'cancelled', 'done')), reason text,
    total integer NOT NULL, max_failures integer NOT NULL, accepted integer NOT NULL DEFAULT 0, actor text NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, ended_at timestamptz, PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX reruns_open ON reruns (created_at) WHERE ended_at IS NULL`,
  // place: their order. step: the one failed step that is done again; null: all of them.
  `CREATE TABLE rerun_runs (
    workspace_id uuid NOT NULL, rerun_id uuid NOT NULL, run_id text NOT NULL, place integer NOT NULL, step text, code text,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'begun', 'passed', 'failed', 'moved')), fault jsonb, failed_step text, text text,
    begun_at timestamptz, ended_at timestamptz, PRIMARY KEY (workspace_id, rerun_id, run_id),
    FOREIGN KEY (workspace_id, rerun_id) REFERENCES reruns (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX rerun_runs_place ON rerun_runs (workspace_id, rerun_id, place)`,
  `CREATE INDEX rerun_runs_open ON rerun_runs (workspace_id, run_id) WHERE status IN ('waiting', 'begun')`,
  // Few runs fail, and of those that did the latest are asked for.
  `CREATE INDEX runs_failed ON runs (workspace_id, ended_at DESC) WHERE status = 'failed'`,

  // How many of its held runs a second go on when it works again; null: as its budget says.
  'ALTER TABLE connections ADD COLUMN release_per_second double precision',

  // One row for each time that something went wrong, until it is well again. told: what was sent of it; due_at: when more is to be.
  `CREATE TABLE alerts (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('playbook-failing', 'playbook-reviews', 'connection-paused')), target uuid NOT NULL, detail jsonb NOT NULL,
    opened_at timestamptz NOT NULL, recovered_at timestamptz,
    told text NOT NULL DEFAULT 'nothing' CHECK (told IN ('nothing', 'opened', 'recovered')), told_at timestamptz, due_at timestamptz,
    attempts integer NOT NULL DEFAULT 0, fault text, PRIMARY KEY (workspace_id, id))`,
  `CREATE UNIQUE INDEX alerts_open ON alerts (workspace_id, kind, target) WHERE recovered_at IS NULL`,
  `CREATE INDEX alerts_list ON alerts (workspace_id, opened_at DESC, id)`,
  `CREATE INDEX alerts_due ON alerts (due_at) WHERE due_at IS NOT NULL`,
  // webhook: sealed, because such addresses are secrets; host: what may be shown of it.
  `CREATE TABLE alert_settings (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces(id) ON DELETE CASCADE, webhook bytea, host text,
    first_failure boolean NOT NULL, failed_percent integer NOT NULL, updated_at timestamptz NOT NULL)`,
]
