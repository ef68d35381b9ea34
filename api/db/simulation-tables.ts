import type { Generated } from 'kysely'
import type { JsonColumn, Nullable, NullableJson, NullableTimestamp, Timestamp } from './columns.ts'

/** Tables of what is tried before it is published. */

export interface BacktestsTable {
  workspace_id: string
  id: string
  playbook_id: string
  status: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  from_at: Timestamp
  until_at: Timestamp
  asked: JsonColumn
  asked_by: string
  asked_at: Timestamp
  /** Of the document that is played; null for those asked for before it was kept. */
  digest: Nullable<string>
  attempts: Generated<number>
  worker: Nullable<string>
  worked_at: NullableTimestamp
  progress: Generated<number>
  ended_at: NullableTimestamp
  result: NullableJson
  fault: Nullable<string>
  subjects: Generated<string[]>
}

export interface StepSamplesTable {
  workspace_id: string
  playbook_id: string
  step: string
  output: JsonColumn
  made_for: string
  made_by: string
  made_at: Timestamp
}

export interface PlaybookTestsTable {
  workspace_id: string
  id: string
  playbook_id: string
  name: string
  fixture: JsonColumn
  expected: JsonColumn
  contact_id: Nullable<string>
  made_by: string
  made_at: Timestamp
}
