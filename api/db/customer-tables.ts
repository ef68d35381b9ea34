import type { ColumnType, Generated } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'
import type { JsonColumn, Nullable, NullableJson, NullableTimestamp, Timestamp } from './columns.ts'

/** Tables of customers: who they are, what they did, what follows from it. */

export interface ContactsTable {
  workspace_id: string
  id: string
  external_id: Nullable<string>
  email: Nullable<string>
  name: Nullable<string>
  properties: ColumnType<Json, string | undefined, string>
  links: ColumnType<Json, string | undefined, string>
  merged_into: Nullable<string>
  created_at: Timestamp
  updated_at: Timestamp
}

export interface IdentitiesTable {
  workspace_id: string
  kind: 'user_id' | 'anonymous_id' | 'email' | 'vendor_id'
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
  kind: 'segment' | 'signal' | 'score' | 'computed'
  slug: string
  name: string
  description: Generated<string>
  subject: 'contact' | 'account'
  rule: JsonColumn
  status: Generated<string>
  backfilled_to: Nullable<string>
  backfill_done: Generated<boolean>
  backfill_total: Nullable<number>
  backfill_count: Generated<number>
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
  value: NullableJson
}

export interface AudienceEdgesTable {
  workspace_id: string
  id: string
  audience_id: string
  subject_id: string
  edge: 'set' | 'cleared' | 'entered' | 'left' | 'changed'
  at: Timestamp
  cause: JsonColumn
  why: JsonColumn
  value: NullableJson
}

export interface PropertySettingsTable {
  workspace_id: string
  subject: 'contact' | 'account'
  name: string
  description: Generated<string>
  type: Nullable<string>
  blocked: Generated<boolean>
  masked_below: Nullable<'owner' | 'editor'>
  updated_by: string
  updated_at: Timestamp
}

export interface EventSettingsTable {
  workspace_id: string
  name: string
  ignored: Generated<boolean>
  description: Generated<string>
  updated_by: string
  updated_at: Timestamp
}

export interface MergesTable {
  workspace_id: string
  id: string
  winner_id: string
  loser_id: string
  reason: JsonColumn
  actor: string
  at: Timestamp
  undo: JsonColumn
  undone_at: NullableTimestamp
  undone_by: Nullable<string>
  seq: ColumnType<string, never, never>
}

export interface ContactPairsTable {
  workspace_id: string
  first_id: string
  second_id: string
  status: 'possible' | 'apart'
  reason: JsonColumn
  found_at: Timestamp
  decided_by: Nullable<string>
  decided_at: NullableTimestamp
}

export interface RunOutboxTable {
  workspace_id: string
  run_id: string
  id: string
  at: Timestamp
}

export interface RunWaitsTable {
  workspace_id: string
  run_id: string
  subject_id: string
  topics: string[]
  awaited: JsonColumn
  asked: NullableJson
  /** It may have happened, and the run has not looked since. */
  touched_at: NullableTimestamp
}

export interface PropertyChangesTable {
  workspace_id: string
  subject_id: string
  property: string
  seq: ColumnType<string, never, never>
  subject: 'contact' | 'account'
  before: NullableJson
  value: NullableJson
  at: Timestamp
  occurred_at: Timestamp
  source: JsonColumn
}

export interface ConversationsTable {
  workspace_id: string
  id: string
  contact_id: Nullable<string>
  account_id: Nullable<string>
  app: string
  external_id: string
  title: Nullable<string>
  state: 'open' | 'snoozed' | 'closed'
  assignee: Nullable<string>
  tags: Generated<string[]>
  rating: Nullable<number>
  url: Nullable<string>
  opened_at: Timestamp
  closed_at: NullableTimestamp
  updated_at: Timestamp
  participant: Generated<string[]>
}

export interface ConversationMessagesTable {
  workspace_id: string
  conversation_id: string
  external_id: string
  author_kind: 'contact' | 'teammate' | 'bot'
  author: Nullable<string>
  body: string
  at: Timestamp
}

export interface NotesTable {
  workspace_id: string
  id: string
  subject: 'contact' | 'account'
  subject_id: string
  body: string
  author: string
  created_at: Timestamp
  updated_at: Timestamp
}

export interface ImportsTable {
  workspace_id: string
  id: string
  name: string
  kind: 'contacts' | 'accounts' | 'events'
  status: 'uploading' | 'draft' | 'running' | 'done' | 'cancelled' | 'failed'
  delimiter: Generated<string>
  bytes: ColumnType<string, string | number | undefined, string | number>
  columns: JsonColumn
  mapping: NullableJson
  total: number
  next_row: Generated<number>
  next_byte: ColumnType<string, string | number | undefined, string | number>
  taken: Generated<number>
  refused: Generated<number>
  fault: Nullable<string>
  created_by: string
  created_at: Timestamp
  started_at: NullableTimestamp
  ended_at: NullableTimestamp
}

export interface ImportChunksTable {
  workspace_id: string
  import_id: string
  n: number
  bytes: Buffer
}

export interface ImportRefusalsTable {
  workspace_id: string
  import_id: string
  row: number
  code: string
  reason: string
  cells: JsonColumn
}

export interface SavedViewsTable {
  workspace_id: string
  id: string
  subject: 'contact' | 'account'
  name: string
  definition: JsonColumn
  created_by: string
  created_at: Timestamp
  updated_at: Timestamp
}

export interface SuppressedIdentitiesTable {
  workspace_id: string
  hash: Buffer
  created_at: Timestamp
}

export interface ErasuresTable {
  workspace_id: string
  id: string
  contact_id: Nullable<string>
  subject_hash: Buffer
  suppress: boolean
  known: NullableJson
  status: 'running' | 'done'
  part: string
  counts: ColumnType<Json, string | undefined, string>
  fault: Nullable<string>
  requested_by: string
  requested_at: Timestamp
  worked_at: NullableTimestamp
  ended_at: NullableTimestamp
}
