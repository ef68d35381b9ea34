import { type Kysely, sql } from 'kysely'
import { RULE_FUNCTIONS } from './0003-rule-functions.ts'

/**
 * Customer data: events in parts by time, the history of properties, merges, conversations, notes, scores and computed
 * properties, imports, saved views, and what privacy needs.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...STATEMENTS, ...RULE_FUNCTIONS]) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // --- settings of a workspace ---
  `ALTER TABLE workspaces
    ADD COLUMN keep_events_days integer NOT NULL DEFAULT 365 CHECK (keep_events_days > 0),
    ADD COLUMN keep_runs_days integer NOT NULL DEFAULT 30 CHECK (keep_runs_days > 0),
    ADD COLUMN shared_mailboxes text[] NOT NULL DEFAULT '{}'`,
  // What a workspace says about a property: who may see it, whether it is taken at all. masked: the least role that sees it.
  `CREATE TABLE property_settings (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, subject text NOT NULL CHECK (subject IN ('contact', 'account')),
    name text NOT NULL, description text NOT NULL DEFAULT '', type text, blocked boolean NOT NULL DEFAULT false,
    masked_below text CHECK (masked_below IN ('owner', 'editor')), updated_by text NOT NULL, updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, subject, name))`,
  `CREATE TABLE event_settings (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, name text NOT NULL, ignored boolean NOT NULL DEFAULT false,
    description text NOT NULL DEFAULT '', updated_by text NOT NULL, updated_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, name))`,

  // --- contacts: merged ones stay as a pointer ---
  `ALTER TABLE contacts ADD COLUMN merged_into uuid`,
  `CREATE INDEX contacts_merged ON contacts (workspace_id, merged_into) WHERE merged_into IS NOT NULL`,
  `ALTER TABLE identities DROP CONSTRAINT identities_kind_check`,
  // vendor_id: '<app>:<id there>', e.g. intercom:5ba682d23d7cf92bef87bfd4
  `ALTER TABLE identities ADD CONSTRAINT identities_kind_check CHECK (kind IN ('user_id', 'anonymous_id', 'email', 'vendor_id'))`,
  // undo: all that the merge changed, so that it can be taken back.
  `CREATE TABLE merges (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, winner_id uuid NOT NULL, loser_id uuid NOT NULL,
    reason jsonb NOT NULL, actor text NOT NULL, at timestamptz NOT NULL, undo jsonb NOT NULL, undone_at timestamptz, undone_by text,
    seq bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX merges_winner ON merges (workspace_id, winner_id, at DESC)`,
  `CREATE INDEX merges_loser ON merges (workspace_id, loser_id, at DESC)`,
  // Two contacts, the smaller id first: perhaps one person (a person decides), or kept apart because a person said so.
  `CREATE TABLE contact_pairs (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, first_id uuid NOT NULL, second_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('possible', 'apart')), reason jsonb NOT NULL, found_at timestamptz NOT NULL,
    decided_by text, decided_at timestamptz, PRIMARY KEY (workspace_id, first_id, second_id), CHECK (first_id < second_id),
    FOREIGN KEY (workspace_id, first_id) REFERENCES contacts (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, second_id) REFERENCES contacts (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX contact_pairs_second ON contact_pairs (workspace_id, second_id)`,
  `CREATE INDEX contact_pairs_possible ON contact_pairs (workspace_id, found_at DESC, first_id, second_id) WHERE status = 'possible'`,
  // Commands of run_commands that were committed with what caused them and are not handed to their run yet.
  `CREATE TABLE run_outbox (
    workspace_id uuid NOT NULL, run_id text NOT NULL, id text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (workspace_id, run_id, id),
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE)`,

  // --- who wrote which value, when (at: when it was known here; occurred_at: when it was said to be so) ---
  `CREATE TABLE property_changes (
    workspace_id uuid NOT NULL, subject_id uuid NOT NULL, property text NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL CHECK (subject IN ('contact', 'account')), before jsonb, value jsonb, at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL, source jsonb NOT NULL, PRIMARY KEY (workspace_id, subject_id, property, seq))`,

  // --- conversations and notes ---
  `CREATE TABLE conversations (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, contact_id uuid, account_id uuid, app text NOT NULL,
    external_id text NOT NULL, title text, state text NOT NULL CHECK (state IN ('open', 'snoozed', 'closed')), assignee text,
    tags text[] NOT NULL DEFAULT '{}', rating integer, url text, opened_at timestamptz NOT NULL, closed_at timestamptz, updated_at timestamptz NOT NULL,
    participant text[] NOT NULL DEFAULT '{}', PRIMARY KEY (workspace_id, id), UNIQUE (workspace_id, app, external_id))`,
  // participant: who it is with as 'kind:value', best first. Of nobody we know yet, it finds its contact when one is known by that.
  `CREATE INDEX conversations_unmatched ON conversations USING gin (participant) WHERE contact_id IS NULL`,
  `CREATE INDEX conversations_contact ON conversations (workspace_id, contact_id, updated_at DESC) WHERE contact_id IS NOT NULL`,
  `CREATE INDEX conversations_account ON conversations (workspace_id, account_id, updated_at DESC) WHERE account_id IS NOT NULL`,
  `CREATE TABLE conversation_messages (
    workspace_id uuid NOT NULL, conversation_id uuid NOT NULL, external_id text NOT NULL, author_kind text NOT NULL
    CHECK (author_kind IN ('contact', 'teammate', 'bot')), author text, body text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, external_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE TABLE notes (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, subject text NOT NULL CHECK (subject IN ('contact', 'account')),
    subject_id uuid NOT NULL, body text NOT NULL, author text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX notes_subject ON notes (workspace_id, subject_id, created_at DESC)`,

  // --- events: those that wait in one small table, those that are kept in quarters by their own time ---
  `ALTER TABLE events RENAME TO events_before`,
  `ALTER TABLE events_before RENAME CONSTRAINT events_pkey TO events_before_pkey`,
  `DROP INDEX events_pending`,
  `DROP INDEX events_contact`,
  `DROP INDEX events_account`,
  `CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY, workspace_id uuid NOT NULL, id uuid NOT NULL, message_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('track', 'identify', 'group', 'page', 'screen', 'alias')), name text,
    lane smallint NOT NULL, subject_key text NOT NULL, body jsonb NOT NULL, cause jsonb,
    occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'refused')), refusal jsonb,
    position bigint, contact_id uuid, account_id uuid, processed_at timestamptz,
    PRIMARY KEY (workspace_id, seq, status, occurred_at)) PARTITION BY LIST (status)`,
  `CREATE TABLE events_pending PARTITION OF events FOR VALUES IN ('pending')`,
  `CREATE TABLE events_kept PARTITION OF events FOR VALUES IN ('done', 'refused') PARTITION BY RANGE (occurred_at)`,
  // Times for which no quarter was made: long ago, or a sender's clock that is years ahead.
  `CREATE TABLE events_kept_rest PARTITION OF events_kept DEFAULT`,
  `CREATE INDEX events_pending_lane ON events_pending (lane, seq)`,
  `CREATE INDEX events_kept_contact ON events_kept (workspace_id, contact_id, name, occurred_at) WHERE contact_id IS NOT NULL`,
  `CREATE INDEX events_kept_account ON events_kept (workspace_id, account_id, name, occurred_at) WHERE account_id IS NOT NULL`,
  // For counts over everybody: a window's events of a name lie side by side, and whose they are is read from the index alone.
  // New events come at one end of it, so that it stays in memory, which the two by subject do not: they serve the profile
  // and the dispatcher, who ask about one subject at a time, and cannot be replaced by it. The position is always there;
  // asking for it is how a query says that it is about everybody: a planner without statistics would take this index for
  // one subject's events too, and read everybody's.
  `CREATE INDEX events_kept_name ON events_kept (workspace_id, name, occurred_at) INCLUDE (contact_id, account_id)
    WHERE status = 'done' AND kind = 'track' AND position IS NOT NULL`,
  `INSERT INTO events (seq, workspace_id, id, message_id, kind, name, lane, subject_key, body, cause, occurred_at, received_at, status,
      refusal, position, contact_id, account_id, processed_at) OVERRIDING SYSTEM VALUE
    SELECT seq, workspace_id, id, message_id, kind, name, lane, subject_key, body, cause, occurred_at, received_at, status,
      refusal, position, contact_id, account_id, processed_at FROM events_before`,
  `SELECT setval(pg_get_serial_sequence('events', 'seq'), greatest((SELECT max(seq) FROM events_before), 1),
    EXISTS (SELECT 1 FROM events_before))`,
  `DROP TABLE events_before`,

  // --- scores and computed properties stand beside segments and signals: something worked out for every subject ---
  `ALTER TABLE audiences DROP CONSTRAINT audiences_kind_check,
    ADD CONSTRAINT audiences_kind_check CHECK (kind IN ('segment', 'signal', 'score', 'computed')),
    ADD COLUMN backfill_total integer, ADD COLUMN backfill_count integer NOT NULL DEFAULT 0`,
  // Of a score { value, band, stage, parts }, of a computed property its value.
  `ALTER TABLE audience_members ADD COLUMN value jsonb`,
  `ALTER TABLE audience_edges ADD COLUMN value jsonb, DROP CONSTRAINT audience_edges_edge_check,
    ADD CONSTRAINT audience_edges_edge_check CHECK (edge IN ('set', 'cleared', 'entered', 'left', 'changed'))`,
  // One subject's history of one of them: membership then, a score's chart.
  `CREATE INDEX audience_edges_history ON audience_edges (workspace_id, audience_id, subject_id, at)`,

  // --- imports ---
  `CREATE TABLE imports (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('contacts', 'accounts', 'events')), status text NOT NULL
    CHECK (status IN ('uploading', 'draft', 'running', 'done', 'cancelled', 'failed')), delimiter text NOT NULL DEFAULT ',',
    bytes bigint NOT NULL DEFAULT 0, columns jsonb NOT NULL, mapping jsonb, total integer NOT NULL,
    next_row integer NOT NULL DEFAULT 0, next_byte bigint NOT NULL DEFAULT 0, taken integer NOT NULL DEFAULT 0, refused integer NOT NULL DEFAULT 0, fault text,
    created_by text NOT NULL, created_at timestamptz NOT NULL, started_at timestamptz, ended_at timestamptz, PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX imports_running ON imports (started_at) WHERE status = 'running'`,
  // The file in pieces of one size, so that a place in it is found without reading what is before. Gone when the import ends.
  `CREATE TABLE import_chunks (
    workspace_id uuid NOT NULL, import_id uuid NOT NULL, n integer NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (workspace_id, import_id, n),
    FOREIGN KEY (workspace_id, import_id) REFERENCES imports (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE TABLE import_refusals (
    workspace_id uuid NOT NULL, import_id uuid NOT NULL, row integer NOT NULL, code text NOT NULL, reason text NOT NULL, cells jsonb NOT NULL,
    PRIMARY KEY (workspace_id, import_id, row),
    FOREIGN KEY (workspace_id, import_id) REFERENCES imports (workspace_id, id) ON DELETE CASCADE)`,

  // --- tables of contacts and accounts: the beginnings of all words of what names somebody, and the order by what people see ---
  `CREATE INDEX contacts_words ON contacts USING gin (to_tsvector('simple', regexp_replace(lower(
    coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(external_id, '')), '[^[:alnum:]]+', ' ', 'g')))`,
  `CREATE INDEX contacts_label ON contacts (workspace_id, lower(coalesce(name, email, external_id)), id)`,
  `CREATE INDEX contacts_created ON contacts (workspace_id, created_at DESC, id)`,
  `CREATE INDEX accounts_updated ON accounts (workspace_id, updated_at DESC, id)`,
  `CREATE INDEX accounts_words ON accounts USING gin (to_tsvector('simple', regexp_replace(lower(
    coalesce(name, '') || ' ' || coalesce(external_id, '')), '[^[:alnum:]]+', ' ', 'g')))`,
  `CREATE INDEX accounts_label ON accounts (workspace_id, lower(coalesce(name, external_id)), id)`,
  // --- saved views of the tables of contacts and accounts ---
  `CREATE TABLE saved_views (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, subject text NOT NULL CHECK (subject IN ('contact', 'account')),
    name text NOT NULL, definition jsonb NOT NULL, created_by text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,

  // --- privacy ---
  // What the keys of a workspace's runs and the hashes of its people are made from, sealed by SIGNALBOX_SECRET.
  `CREATE TABLE workspace_keys (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces(id) ON DELETE CASCADE, sealed bytea NOT NULL, created_at timestamptz NOT NULL)`,
  // Secrets of the whole installation, sealed by SIGNALBOX_SECRET: that of the hashes of people.
  `CREATE TABLE installation_keys (name text PRIMARY KEY, sealed bytea NOT NULL, created_at timestamptz NOT NULL)`,
  // A run's half of the key that closes what it leaves in Temporal; salt null: destroyed. A run's id is a hash that holds its
  // workspace's, and the codec knows nothing else of it: so the id alone is the key here.
  `CREATE TABLE run_keys (
    run_id text PRIMARY KEY, workspace_id uuid NOT NULL, salt bytea, created_at timestamptz NOT NULL, destroyed_at timestamptz)`,
  // Everybody a run knows of: its subject, the contact of its trigger.
  `CREATE TABLE run_people (
    workspace_id uuid NOT NULL, contact_id uuid NOT NULL, run_id text NOT NULL, PRIMARY KEY (workspace_id, contact_id, run_id))`,
  `CREATE INDEX run_people_run ON run_people (workspace_id, run_id)`,
  `INSERT INTO run_people (workspace_id, contact_id, run_id)
    SELECT workspace_id, subject_id, id FROM runs WHERE subject_kind = 'contact'
    UNION SELECT r.workspace_id, c.id, r.id FROM runs r JOIN contacts c
      ON c.workspace_id = r.workspace_id AND c.id::text = r.cause ->> 'contactId'`,
  // Who was in which playbook, and when last, of runs that are no longer kept: whether they may enter again depends on it.
  `CREATE TABLE former_runs (
    workspace_id uuid NOT NULL, playbook_id uuid NOT NULL, subject_id uuid NOT NULL, last timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, playbook_id, subject_id))`,
  `CREATE INDEX former_runs_subject ON former_runs (workspace_id, subject_id)`,
  // Large values that a run closed with its key go with the run.
  `ALTER TABLE blobs ADD COLUMN run_id text`,
  `CREATE INDEX blobs_run ON blobs (run_id) WHERE run_id IS NOT NULL`,
  // Retention asks by time of receipt, which is the order of the table.
  `CREATE INDEX event_ids_received ON event_ids USING brin (received_at) WITH (pages_per_range = 16)`,
  // What was asked for and how far it came; the person is named by a hash alone once it is done. known: what they were
  // called, to find it elsewhere, until then.
  `CREATE TABLE erasures (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, contact_id uuid, subject_hash bytea NOT NULL,
    suppress boolean NOT NULL, known jsonb, status text NOT NULL CHECK (status IN ('running', 'done')), part text NOT NULL,
    counts jsonb NOT NULL DEFAULT '{}', fault text, requested_by text NOT NULL, requested_at timestamptz NOT NULL, worked_at timestamptz,
    ended_at timestamptz, PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX erasures_running ON erasures (requested_at) WHERE status = 'running'`,
  `CREATE UNIQUE INDEX erasures_once ON erasures (workspace_id, contact_id) WHERE status = 'running'`,
  // Hashes of identities whose messages are no longer taken.
  `CREATE TABLE suppressed_identities (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, hash bytea NOT NULL, created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, hash))`,
]
