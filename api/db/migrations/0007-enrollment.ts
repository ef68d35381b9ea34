import { type Kysely, sql } from 'kysely'

/** Entry by a key, turns, the admission of existing members, and what the workspace says of being written to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // entry_key: JSON text of what entry goes by. place: it waits for its turn, behind those with a smaller one.
  'ALTER TABLE runs ADD COLUMN entry_key text, ADD COLUMN place bigint',
  'CREATE SEQUENCE run_places AS bigint',
  `CREATE INDEX runs_entry_key ON runs (workspace_id, playbook_id, subject_id, entry_key) WHERE entry_key IS NOT NULL`,
  `CREATE INDEX runs_in_line ON runs (workspace_id, playbook_id, subject_id, place)
    WHERE place IS NOT NULL AND NOT started AND ended_at IS NULL`,
  // Those that wait for their turn are not overdue.
  'DROP INDEX runs_unstarted',
  'CREATE INDEX runs_unstarted ON runs (created_at) WHERE NOT started AND place IS NULL',
  // Why nothing started for somebody; that a trigger's own condition was not met would be most of it.
  `CREATE INDEX enrollments_refused ON enrollments (workspace_id, subject_id, at DESC)
    WHERE outcome = 'refused' AND code <> 'WHERE_FALSE'`,
  // As former_runs, for each key. A merge leaves them where they are: whoever asks, asks for all that the contact was.
  `CREATE TABLE former_entries (
    workspace_id uuid NOT NULL, playbook_id uuid NOT NULL, subject_id uuid NOT NULL, entry_key text NOT NULL, last timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, playbook_id, subject_id, entry_key))`,
  `CREATE INDEX former_entries_subject ON former_entries (workspace_id, subject_id)`,

  // Existing members of a segment or signal on their way into a version that admits them, so many a minute.
  `CREATE TABLE admissions (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, playbook_id uuid NOT NULL, version integer NOT NULL,
    step text NOT NULL, audience_id uuid NOT NULL, per_minute integer NOT NULL,
    status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'cancelled')), reason text,
    since_before timestamptz NOT NULL, after uuid, total integer NOT NULL, asked integer NOT NULL DEFAULT 0, started integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL, created_at timestamptz NOT NULL, ended_at timestamptz, PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, playbook_id) REFERENCES playbooks (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX admissions_running ON admissions (next_at) WHERE status = 'running'`,
  `CREATE INDEX admissions_playbook ON admissions (workspace_id, playbook_id, created_at DESC)`,

  // How often and when people may be written to, and which share of all stays out of playbooks. No row: nothing is kept to.
  `CREATE TABLE contact_rules (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces(id) ON DELETE CASCADE, caps jsonb NOT NULL DEFAULT '[]', quiet jsonb,
    holdout_percent double precision NOT NULL DEFAULT 0 CHECK (holdout_percent BETWEEN 0 AND 100), updated_at timestamptz NOT NULL)`,
  // The places taken under a cap, by the key of the effect.
  `CREATE TABLE contact_sends (
    workspace_id uuid NOT NULL, key text NOT NULL, person_id uuid NOT NULL, channel text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key))`,
  `CREATE INDEX contact_sends_person ON contact_sends (workspace_id, person_id, channel, at)`,
]
