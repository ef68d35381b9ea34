import type { ColumnType, Generated } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'

/** The tables as Kysely sees them after the newest migration; `schema.test.ts` holds this to the migrated database. */

type Timestamp = ColumnType<Date, Date, Date>
type NullableTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>
/** jsonb: read as a value, written as JSON text (a bare array would become a Postgres array). */
type JsonColumn<T = Json> = ColumnType<T, string, string>
type NullableJson<T = Json> = ColumnType<T | null, string | null | undefined, string | null>
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>

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

export interface ContactsTable {
  workspace_id: string
  id: string
  external_id: Nullable<string>
  email: Nullable<string>
  name: Nullable<string>
  properties: ColumnType<Json, string | undefined, string>
  links: ColumnType<Json, string | undefined, string>
  created_at: Timestamp
  updated_at: Timestamp
}

export interface IdentitiesTable {
  workspace_id: string
  kind: 'user_id' | 'anonymous_id' | 'email'
  value: string
  contact_id: string
  created_at: Timestamp
}

export interface AccountsTable {
  workspace_id: string
  id: string
  external_id: Nullable<string>
  name: Nullable<string>
  properties: ColumnType<Json, string | undefined, string>
  links: ColumnType<Json, string | undefined, string>
  created_at: Timestamp
  updated_at: Timestamp
}

export interface AccountContactsTable {
  workspace_id: string
  account_id: string
  contact_id: string
  created_at: Timestamp
}

export interface EventIdsTable {
  workspace_id: string
  message_id: string
  received_at: Timestamp
}

export interface EventsTable {
  seq: ColumnType<string, never, never>
  workspace_id: string
  id: string
  message_id: string
  kind: 'track' | 'identify' | 'group' | 'page' | 'screen' | 'alias'
  name: Nullable<string>
  lane: number
  subject_key: string
  body: JsonColumn
  cause: NullableJson
  occurred_at: Timestamp
  received_at: Timestamp
  status: Generated<'pending' | 'done' | 'refused'>
  refusal: NullableJson
  position: ColumnType<string | null, string | number | bigint | null | undefined, string | number | bigint | null>
  contact_id: Nullable<string>
  account_id: Nullable<string>
  processed_at: NullableTimestamp
}

export interface AudiencesTable {
  workspace_id: string
  id: string
  kind: 'segment' | 'signal'
  slug: string
  name: string
  description: Generated<string>
  subject: 'contact' | 'account'
  rule: JsonColumn
  status: Generated<string>
  backfilled_to: Nullable<string>
  backfill_done: Generated<boolean>
  created_at: Timestamp
  updated_at: Timestamp
}

export interface AudienceMembersTable {
  workspace_id: string
  audience_id: string
  subject_id: string
  is_member: boolean
  since: Timestamp
  valid_until: NullableTimestamp
}

export interface AudienceEdgesTable {
  workspace_id: string
  id: string
  audience_id: string
  subject_id: string
  edge: 'set' | 'cleared' | 'entered' | 'left'
  at: Timestamp
  cause: JsonColumn
  why: JsonColumn
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
  trigger: JsonColumn
  cause: JsonColumn
  status: Generated<string>
  reason: Nullable<string>
  at_steps: Generated<string[]>
  held_by: Generated<string[]>
  waiting_until: NullableTimestamp
  epoch: Generated<number>
  started: Generated<boolean>
  created_at: Timestamp
  updated_at: Timestamp
  ended_at: NullableTimestamp
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
  enrollments: EnrollmentsTable
  effects: EffectsTable
}
