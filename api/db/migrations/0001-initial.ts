import { type Kysely, sql } from 'kysely'

/**
 * The first schema. Every table but the sign-in ones carries workspace_id and is keyed by it first, so that a query
 * without its workspace is visible in review. No default says now(): time is an argument everywhere.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // --- sign-in (better-auth's own columns, camelCase as it wants them) ---
  `CREATE TABLE auth_user (
    id text PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, "emailVerified" boolean NOT NULL DEFAULT false,
    image text, "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)`,
  `CREATE TABLE auth_session (
    id text PRIMARY KEY, "userId" text NOT NULL REFERENCES auth_user(id) ON DELETE CASCADE, token text NOT NULL UNIQUE,
    "expiresAt" timestamptz NOT NULL, "ipAddress" text, "userAgent" text, "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)`,
  `CREATE INDEX auth_session_user ON auth_session ("userId")`,
  `CREATE TABLE auth_credential (
    id text PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL,
    "userId" text NOT NULL REFERENCES auth_user(id) ON DELETE CASCADE, "accessToken" text, "refreshToken" text, "idToken" text,
    "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, scope text, password text,
    "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)`,
  `CREATE TABLE auth_verification (
    id text PRIMARY KEY, identifier text NOT NULL, value text NOT NULL, "expiresAt" timestamptz NOT NULL,
    "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)`,

  // --- tenancy ---
  `CREATE TABLE workspaces (
    id uuid PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL, time_zone text NOT NULL DEFAULT 'UTC',
    catalog_revision bigint NOT NULL DEFAULT 0, created_at timestamptz NOT NULL)`,
  `CREATE TABLE members (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES auth_user(id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')), created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id))`,
  `CREATE TABLE api_keys (
    id uuid PRIMARY KEY, workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, name text NOT NULL,
    prefix text NOT NULL, hash bytea NOT NULL UNIQUE, scopes text[] NOT NULL, created_by text, created_at timestamptz NOT NULL,
    last_used_at timestamptz, revoked_at timestamptz)`,
  `CREATE INDEX api_keys_workspace ON api_keys (workspace_id, created_at)`,
  `CREATE TABLE audit (
    workspace_id uuid NOT NULL, id uuid NOT NULL, at timestamptz NOT NULL, actor text NOT NULL, action text NOT NULL,
    target text NOT NULL, detail jsonb NOT NULL DEFAULT '{}', PRIMARY KEY (workspace_id, id))`,

  // --- customers ---
  `CREATE TABLE contacts (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, external_id text, email text, name text,
    properties jsonb NOT NULL DEFAULT '{}', links jsonb NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE UNIQUE INDEX contacts_external ON contacts (workspace_id, external_id) WHERE external_id IS NOT NULL`,
  `CREATE INDEX contacts_email ON contacts (workspace_id, lower(email)) WHERE email IS NOT NULL`,
  `CREATE INDEX contacts_updated ON contacts (workspace_id, updated_at DESC, id)`,
  `CREATE TABLE identities (
    workspace_id uuid NOT NULL, kind text NOT NULL CHECK (kind IN ('user_id', 'anonymous_id', 'email')), value text NOT NULL,
    contact_id uuid NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, kind, value),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX identities_contact ON identities (workspace_id, contact_id)`,
  `CREATE TABLE accounts (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, external_id text, name text,
    properties jsonb NOT NULL DEFAULT '{}', links jsonb NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE UNIQUE INDEX accounts_external ON accounts (workspace_id, external_id) WHERE external_id IS NOT NULL`,
  `CREATE TABLE account_contacts (
    workspace_id uuid NOT NULL, account_id uuid NOT NULL, contact_id uuid NOT NULL, created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, account_id, contact_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX account_contacts_contact ON account_contacts (workspace_id, contact_id)`,

  // --- events: committed before they are acknowledged; \`position\` is given by the dispatcher ---
  `CREATE TABLE event_ids (
    workspace_id uuid NOT NULL, message_id text NOT NULL, received_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, message_id))`,
  `CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY, workspace_id uuid NOT NULL, id uuid NOT NULL, message_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('track', 'identify', 'group', 'page', 'screen', 'alias')), name text,
    lane smallint NOT NULL, subject_key text NOT NULL, body jsonb NOT NULL, cause jsonb,
    occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'refused')), refusal jsonb,
    position bigint, contact_id uuid, account_id uuid, processed_at timestamptz, PRIMARY KEY (workspace_id, seq))`,
  `CREATE INDEX events_pending ON events (lane, seq) WHERE status = 'pending'`,
  `CREATE INDEX events_contact ON events (workspace_id, contact_id, name, occurred_at) WHERE contact_id IS NOT NULL`,
  `CREATE INDEX events_account ON events (workspace_id, account_id, name, occurred_at) WHERE account_id IS NOT NULL`,
  // A dispatcher's batch takes one number and gives its events number * 1000 + 0, 1, 2 …: ordered, and one call a batch.
  `CREATE SEQUENCE event_batches AS bigint`,

  // --- segments and signals: a named rule and its edges ---
  `CREATE TABLE audiences (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('segment', 'signal')), slug text NOT NULL, name text NOT NULL, description text NOT NULL DEFAULT '',
    subject text NOT NULL CHECK (subject IN ('contact', 'account')), rule jsonb NOT NULL, status text NOT NULL DEFAULT 'on',
    backfilled_to uuid, backfill_done boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, id), UNIQUE (workspace_id, kind, slug))`,
  // A row per subject that was ever evaluated for it: membership now, and when the answer may change by itself.
  `CREATE TABLE audience_members (
    workspace_id uuid NOT NULL, audience_id uuid NOT NULL, subject_id uuid NOT NULL, is_member boolean NOT NULL,
    since timestamptz NOT NULL, valid_until timestamptz, PRIMARY KEY (workspace_id, audience_id, subject_id),
    FOREIGN KEY (workspace_id, audience_id) REFERENCES audiences (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX audience_members_due ON audience_members (valid_until) WHERE valid_until IS NOT NULL`,
  `CREATE INDEX audience_members_subject ON audience_members (workspace_id, subject_id)`,
  `CREATE INDEX audience_members_now ON audience_members (workspace_id, audience_id, since DESC) WHERE is_member`,
  `CREATE TABLE audience_edges (
    workspace_id uuid NOT NULL, id uuid NOT NULL, audience_id uuid NOT NULL, subject_id uuid NOT NULL,
    edge text NOT NULL CHECK (edge IN ('set', 'cleared', 'entered', 'left')), at timestamptz NOT NULL, cause jsonb NOT NULL, why jsonb NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX audience_edges_subject ON audience_edges (workspace_id, subject_id, at DESC)`,
  `CREATE INDEX audience_edges_audience ON audience_edges (workspace_id, audience_id, at DESC)`,

  // --- connections ---
  `CREATE TABLE connections (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, slug text NOT NULL, app text NOT NULL, name text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paused')), fault jsonb, paused_at timestamptz,
    sealed bytea NOT NULL, access_fingerprint text NOT NULL DEFAULT '', settings jsonb NOT NULL DEFAULT '{}', identity text,
    sandbox boolean NOT NULL DEFAULT false, budget_calls integer, budget_per_ms integer, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id), UNIQUE (workspace_id, slug))`,
  `CREATE UNIQUE INDEX connections_id ON connections (id)`,
  // The customer's own client at a vendor (going live); the sandboxes need none.
  `CREATE TABLE oauth_apps (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, app text NOT NULL, client_id text NOT NULL, sealed bytea NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}', updated_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, app))`,
  `CREATE TABLE oauth_states (
    state_hash bytea PRIMARY KEY, workspace_id uuid NOT NULL, user_id text NOT NULL, app text NOT NULL, connection_id uuid,
    sealed bytea NOT NULL, expires_at timestamptz NOT NULL)`,
  // One row a metered connection. next_at: when the next call may go; line_at: where the line of those who wait ends.
  `CREATE TABLE budgets (
    connection_id uuid PRIMARY KEY, workspace_id uuid NOT NULL, next_at double precision NOT NULL,
    line_at double precision NOT NULL DEFAULT 0, blocked_until double precision NOT NULL DEFAULT 0)`,

  // --- playbooks: documents are json and not jsonb, which would lose the author's order of keys ---
  `CREATE TABLE playbooks (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id uuid NOT NULL, slug text NOT NULL, name text NOT NULL,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'on', 'paused', 'archived')),
    draft json NOT NULL, draft_revision integer NOT NULL DEFAULT 1, live_version integer, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id), UNIQUE (workspace_id, slug))`,
  `CREATE TABLE playbook_versions (
    workspace_id uuid NOT NULL, playbook_id uuid NOT NULL, version integer NOT NULL, document json NOT NULL, plan_hash text NOT NULL,
    published_by text NOT NULL, published_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, playbook_id, version),
    FOREIGN KEY (workspace_id, playbook_id) REFERENCES playbooks (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE TABLE plans (
    workspace_id uuid NOT NULL, hash text NOT NULL, plan json NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, hash))`,
  `CREATE UNIQUE INDEX plans_hash ON plans (hash)`,
  `CREATE TABLE webhook_tokens (
    workspace_id uuid NOT NULL, playbook_id uuid NOT NULL, step text NOT NULL, token_hash bytea NOT NULL UNIQUE, sealed bytea NOT NULL,
    created_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, playbook_id, step))`,
  `CREATE TABLE blobs (hash text PRIMARY KEY, bytes bytea NOT NULL)`,

  // --- runs ---
  `CREATE TABLE runs (
    workspace_id uuid NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE, id text NOT NULL, playbook_id uuid NOT NULL, version integer NOT NULL,
    plan_hash text NOT NULL, subject_kind text NOT NULL, subject_id uuid NOT NULL, occurrence text NOT NULL, trigger jsonb NOT NULL, cause jsonb NOT NULL,
    status text NOT NULL DEFAULT 'queued', reason text, at_steps text[] NOT NULL DEFAULT '{}', held_by text[] NOT NULL DEFAULT '{}', waiting_until timestamptz,
    epoch double precision NOT NULL DEFAULT 0, started boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, ended_at timestamptz,
    PRIMARY KEY (workspace_id, id), UNIQUE (workspace_id, playbook_id, occurrence))`,
  `CREATE INDEX runs_list ON runs (workspace_id, created_at DESC, id)`,
  `CREATE INDEX runs_playbook ON runs (workspace_id, playbook_id, created_at DESC, id)`,
  `CREATE INDEX runs_subject ON runs (workspace_id, subject_id, created_at DESC)`,
  // Whether a subject may enter again is asked for each (playbook, subject).
  `CREATE INDEX runs_reentry ON runs (workspace_id, playbook_id, subject_id, created_at DESC)`,
  `CREATE INDEX runs_open ON runs (workspace_id, status) WHERE ended_at IS NULL`,
  `CREATE INDEX runs_held ON runs USING gin (held_by) WHERE ended_at IS NULL`,
  // The outbox: committed with the enrollment, started in Temporal afterwards.
  `CREATE INDEX runs_unstarted ON runs (created_at) WHERE NOT started`,
  `CREATE TABLE run_inputs (
    workspace_id uuid NOT NULL, run_id text NOT NULL, position integer NOT NULL, at timestamptz NOT NULL, epoch double precision NOT NULL, input jsonb NOT NULL,
    PRIMARY KEY (workspace_id, run_id, position), FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE TABLE run_commands (
    workspace_id uuid NOT NULL, run_id text NOT NULL, id text NOT NULL, command jsonb NOT NULL, actor text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, run_id, id))`,
  // Why an event or edge did, or did not, start a run.
  `CREATE TABLE enrollments (
    workspace_id uuid NOT NULL, id uuid NOT NULL, at timestamptz NOT NULL, event_seq bigint, edge_id uuid, playbook_id uuid NOT NULL, version integer NOT NULL,
    step text NOT NULL, subject_id uuid, outcome text NOT NULL CHECK (outcome IN ('started', 'refused')), code text NOT NULL, reason text NOT NULL, run_id text, why jsonb,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX enrollments_event ON enrollments (workspace_id, event_seq) WHERE event_seq IS NOT NULL`,
  `CREATE INDEX enrollments_playbook ON enrollments (workspace_id, playbook_id, at DESC)`,

  // --- effects: one row an intended write ---
  `CREATE TABLE effects (
    workspace_id uuid NOT NULL, key text NOT NULL, run_id text NOT NULL, step text NOT NULL, visit integer NOT NULL, action text NOT NULL, connection_id uuid,
    input jsonb NOT NULL, status text NOT NULL CHECK (status IN ('intended', 'landed', 'failed', 'unknown')), output jsonb, external_id text, before jsonb,
    fault jsonb, attempts integer NOT NULL DEFAULT 1, open_attempt boolean NOT NULL DEFAULT true,
    intended_at timestamptz NOT NULL, attempted_at timestamptz NOT NULL, ended_at timestamptz, PRIMARY KEY (workspace_id, key))`,
  `CREATE INDEX effects_run ON effects (workspace_id, run_id)`,
  `CREATE INDEX effects_review ON effects (workspace_id, attempted_at DESC) WHERE status = 'unknown'`,
]
