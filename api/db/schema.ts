import type { ColumnType, Generated } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'
import type { JsonColumn, Nullable, NullableJson, NullableTimestamp, Timestamp } from './columns.ts'
import type {
  ContactsTable,
  IdentitiesTable,
  AccountsTable,
  AccountContactsTable,
  EventIdsTable,
  EventsTable,
  AudiencesTable,
  AudienceMembersTable,
  AudienceEdgesTable,
  PropertySettingsTable,
  EventSettingsTable,
  MergesTable,
  ContactPairsTable,
  RunOutboxTable,
  RunWaitsTable,
  PropertyChangesTable,
  ConversationsTable,
  ConversationMessagesTable,
  NotesTable,
  ImportsTable,
  ImportChunksTable,
  ImportRefusalsTable,
  SavedViewsTable,
  SuppressedIdentitiesTable,
  ErasuresTable,
} from './customer-tables.ts'
import type { AskLinksTable, AsksTable, RunCallsTable } from './people-tables.ts'
import type { AlertSendsTable, AlertSettingsTable, AlertsTable, RerunRunsTable, RerunsTable } from './error-tables.ts'
import type { BacktestsTable, PlaybookTestsTable, StepSamplesTable } from './simulation-tables.ts'

/** The tables as Kysely sees them after the newest migration; `schema.test.ts` holds this to the migrated database. */

export interface AuthUserTable {
  id: string
  name: string
  email: string
  emailVerified: Generated<boolean>
  image: Nullable<string>
  createdAt: Timestamp
  updatedAt: Timestamp
}

export interface AuthSessionTable {
  id: string
  userId: string
  token: string
  expiresAt: Timestamp
  ipAddress: Nullable<string>
  userAgent: Nullable<string>
  createdAt: Timestamp
  updatedAt: Timestamp
}

export interface AuthCredentialTable {
  id: string
  accountId: string
  providerId: string
  userId: string
  accessToken: Nullable<string>
  refreshToken: Nullable<string>
  idToken: Nullable<string>
  accessTokenExpiresAt: NullableTimestamp
  refreshTokenExpiresAt: NullableTimestamp
  scope: Nullable<string>
  password: Nullable<string>
  createdAt: Timestamp
  updatedAt: Timestamp
}

export interface AuthVerificationTable {
  id: string
  identifier: string
  value: string
  expiresAt: Timestamp
  createdAt: Timestamp
  updatedAt: Timestamp
}

export interface WorkspacesTable {
  id: string
  slug: string
  name: string
  time_zone: Generated<string>
  catalog_revision: ColumnType<string, string | number | undefined, string | number>
  keep_events_days: Generated<number>
  keep_runs_days: Generated<number>
  shared_mailboxes: Generated<string[]>
  created_at: Timestamp
}

export interface MembersTable {
  workspace_id: string
  user_id: string
  role: 'owner' | 'editor' | 'viewer'
  created_at: Timestamp
}

export interface ApiKeysTable {
  id: string
  workspace_id: string
  name: string
  prefix: string
  hash: Buffer
  scopes: string[]
  created_by: Nullable<string>
  created_at: Timestamp
  last_used_at: NullableTimestamp
  revoked_at: NullableTimestamp
}

export interface AuditTable {
  workspace_id: string
  id: string
  at: Timestamp
  actor: string
  action: string
  target: string
  detail: ColumnType<Json, string | undefined, string>
}

export interface ConnectionsTable {
  workspace_id: string
  id: string
  slug: string
  app: string
  name: string
  status: Generated<'open' | 'paused'>
  fault: NullableJson
  paused_at: NullableTimestamp
  sealed: Buffer
  access_fingerprint: Generated<string>
  settings: ColumnType<Json, string | undefined, string>
  identity: Nullable<string>
  sandbox: Generated<boolean>
  budget_calls: Nullable<number>
  budget_per_ms: Nullable<number>
  release_per_second: Nullable<number>
  created_at: Timestamp
  updated_at: Timestamp
}

export interface OauthAppsTable {
  workspace_id: string
  app: string
  client_id: string
  sealed: Buffer
  settings: ColumnType<Json, string | undefined, string>
  updated_at: Timestamp
}

export interface OauthStatesTable {
  state_hash: Buffer
  workspace_id: string
  user_id: string
  app: string
  connection_id: Nullable<string>
  sealed: Buffer
  expires_at: Timestamp
}

export interface BudgetsTable {
  connection_id: string
  workspace_id: string
  next_at: number
  line_at: Generated<number>
  blocked_until: Generated<number>
  again_at: Generated<number>
}

export interface PlaybooksTable {
  workspace_id: string
  id: string
  slug: string
  name: string
  status: Generated<'draft' | 'on' | 'paused' | 'archived'>
  draft: JsonColumn
  draft_revision: Generated<number>
  live_version: Nullable<number>
  tests_gate: Generated<boolean>
  /** Steps that split by their id alone, without that of the playbook: those published before it was a part of it. */
  plain_splits: Generated<string[]>
  created_at: Timestamp
  updated_at: Timestamp
}

export interface PlaybookVersionsTable {
  workspace_id: string
  playbook_id: string
  version: number
  document: JsonColumn
  plan_hash: string
  published_by: string
  published_at: Timestamp
}

export interface PlansTable {
  workspace_id: string
  hash: string
  plan: JsonColumn
  /** Whether its runs may wait for more than time and people. */
  listens: Generated<boolean>
  created_at: Timestamp
}

export interface WebhookTokensTable {
  workspace_id: string
  playbook_id: string
  step: string
  token_hash: Buffer
  sealed: Buffer
  created_at: Timestamp
}

export interface BlobsTable {
  hash: string
  bytes: Buffer
  run_id: Nullable<string>
}

export interface RunsTable {
  workspace_id: string
  id: string
  playbook_id: string
  version: number
  plan_hash: string
  subject_kind: string
  subject_id: string
  occurrence: string
  entry_key: Nullable<string>
  place: ColumnType<string | null, string | number | null | undefined, string | number | null>
  trigger: JsonColumn
  cause: JsonColumn
  status: Generated<string>
  reason: Nullable<string>
  at_steps: Generated<string[]>
  held_by: Generated<string[]>
  waiting_until: NullableTimestamp
  epoch: Generated<number>
  started: Generated<boolean>
  first_plan_hash: Nullable<string>
  first_version: Nullable<number>
  created_at: Timestamp
  updated_at: Timestamp
  ended_at: NullableTimestamp
  output: NullableJson
  milestone_due: NullableTimestamp
  failures: NullableJson
}

export interface RunInputsTable {
  workspace_id: string
  run_id: string
  position: number
  at: Timestamp
  epoch: number
  input: JsonColumn
}

export interface RunCommandsTable {
  workspace_id: string
  run_id: string
  id: string
  command: JsonColumn
  actor: string
  at: Timestamp
}

export interface EnrollmentsTable {
  workspace_id: string
  id: string
  at: Timestamp
  event_seq: ColumnType<string | null, string | number | bigint | null | undefined, string | number | bigint | null>
  edge_id: Nullable<string>
  playbook_id: string
  version: number
  step: string
  subject_id: Nullable<string>
  outcome: 'started' | 'refused'
  code: string
  reason: string
  run_id: Nullable<string>
  why: NullableJson
}

export interface EffectsTable {
  workspace_id: string
  key: string
  run_id: string
  step: string
  visit: number
  action: string
  connection_id: Nullable<string>
  input: JsonColumn
  status: 'intended' | 'landed' | 'failed' | 'unknown'
  output: NullableJson
  external_id: Nullable<string>
  before: NullableJson
  fault: NullableJson
  attempts: Generated<number>
  open_attempt: Generated<boolean>
  intended_at: Timestamp
  attempted_at: Timestamp
  ended_at: NullableTimestamp
}

export interface WorkspaceKeysTable {
  workspace_id: string
  sealed: Buffer
  created_at: Timestamp
}

export interface InstallationKeysTable {
  name: string
  sealed: Buffer
  created_at: Timestamp
}

export interface RunKeysTable {
  run_id: string
  workspace_id: string
  salt: Nullable<Buffer>
  created_at: Timestamp
  destroyed_at: NullableTimestamp
}

export interface FormerRunsTable {
  workspace_id: string
  playbook_id: string
  subject_id: string
  last: Timestamp
}

export interface FormerEntriesTable extends FormerRunsTable {
  entry_key: string
}

export interface AdmissionsTable {
  workspace_id: string
  id: string
  playbook_id: string
  version: number
  step: string
  audience_id: string
  per_minute: number
  status: Generated<'running' | 'done' | 'cancelled'>
  reason: Nullable<string>
  since_before: Timestamp
  after: Nullable<string>
  total: number
  asked: Generated<number>
  started: Generated<number>
  next_at: Timestamp
  created_at: Timestamp
  ended_at: NullableTimestamp
}

export interface ContactRulesTable {
  workspace_id: string
  caps: ColumnType<Json, string | undefined, string>
  quiet: NullableJson
  holdout_percent: Generated<number>
  updated_at: Timestamp
}

export interface ContactSendsTable {
  workspace_id: string
  key: string
  person_id: string
  channel: string
  at: Timestamp
}

export interface RunMigrationsTable {
  workspace_id: string
  id: string
  playbook_id: string
  to_version: number
  to_plan: string
  moves: JsonColumn
  canary: number
  per_second: number
  status: Generated<'running' | 'paused' | 'done' | 'cancelled' | 'reverting' | 'revertingPaused' | 'reverted'>
  reason: Nullable<string>
  actor: string
  created_at: Timestamp
  updated_at: Timestamp
  ended_at: NullableTimestamp
  told_at: NullableTimestamp
}

export interface RunMigrationRunsTable {
  workspace_id: string
  migration_id: string
  run_id: string
  place: number
  from_version: number
  from_plan: string
  at_steps: string[]
  status: Generated<
    'waiting' | 'told' | 'moved' | 'refused' | 'passed' | 'cancelled' | 'returning' | 'toldBack' | 'returned' | 'stayed'
  >
  code: Nullable<string>
  reason: Nullable<string>
  command: Nullable<string>
  attempts: Generated<number>
  not_before: NullableTimestamp
  changed_at: Timestamp
}

export interface RunPeopleTable {
  workspace_id: string
  contact_id: string
  run_id: string
}

export interface Database {
  auth_user: AuthUserTable
  auth_session: AuthSessionTable
  auth_credential: AuthCredentialTable
  auth_verification: AuthVerificationTable
  workspaces: WorkspacesTable
  members: MembersTable
  api_keys: ApiKeysTable
  audit: AuditTable
  contacts: ContactsTable
  identities: IdentitiesTable
  accounts: AccountsTable
  account_contacts: AccountContactsTable
  event_ids: EventIdsTable
  events: EventsTable
  audiences: AudiencesTable
  audience_members: AudienceMembersTable
  audience_edges: AudienceEdgesTable
  connections: ConnectionsTable
  oauth_apps: OauthAppsTable
  oauth_states: OauthStatesTable
  budgets: BudgetsTable
  playbooks: PlaybooksTable
  playbook_versions: PlaybookVersionsTable
  plans: PlansTable
  webhook_tokens: WebhookTokensTable
  blobs: BlobsTable
  runs: RunsTable
  run_inputs: RunInputsTable
  run_commands: RunCommandsTable
  reruns: RerunsTable
  rerun_runs: RerunRunsTable
  alerts: AlertsTable
  alert_sends: AlertSendsTable
  alert_settings: AlertSettingsTable
  enrollments: EnrollmentsTable
  effects: EffectsTable
  property_settings: PropertySettingsTable
  event_settings: EventSettingsTable
  merges: MergesTable
  contact_pairs: ContactPairsTable
  run_outbox: RunOutboxTable
  run_waits: RunWaitsTable
  property_changes: PropertyChangesTable
  conversations: ConversationsTable
  conversation_messages: ConversationMessagesTable
  notes: NotesTable
  imports: ImportsTable
  import_chunks: ImportChunksTable
  import_refusals: ImportRefusalsTable
  saved_views: SavedViewsTable
  workspace_keys: WorkspaceKeysTable
  installation_keys: InstallationKeysTable
  run_keys: RunKeysTable
  run_people: RunPeopleTable
  run_migrations: RunMigrationsTable
  run_migration_runs: RunMigrationRunsTable
  former_runs: FormerRunsTable
  former_entries: FormerEntriesTable
  admissions: AdmissionsTable
  contact_rules: ContactRulesTable
  contact_sends: ContactSendsTable
  erasures: ErasuresTable
  suppressed_identities: SuppressedIdentitiesTable
  backtests: BacktestsTable
  step_samples: StepSamplesTable
  playbook_tests: PlaybookTestsTable
  asks: AsksTable
  ask_links: AskLinksTable
  run_calls: RunCallsTable
}
