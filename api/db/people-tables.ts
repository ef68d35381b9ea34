import type { FormField, Question } from '../../nodes/inside.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { JsonColumn, Nullable, NullableJson, NullableTimestamp, Timestamp } from './columns.ts'

/** Tables of what runs ask of people and of each other. */

export interface AsksTable {
  workspace_id: string
  id: string
  key: string
  run_id: string
  step: string
  visit: number
  kind: Question['kind']
  title: string
  text: Nullable<string>
  fields: JsonColumn<FormField[]>
  who: Question['who']
  people: string[]
  by_link: boolean
  asked_at: Timestamp
  expires_at: Timestamp
  decided_at: NullableTimestamp
  decided_by: Nullable<string>
  decided_via: Nullable<'app' | 'link'>
  port: Nullable<string>
  answer: NullableJson<{ [name: string]: Json }>
}

export interface AskLinksTable {
  token_hash: Buffer
  workspace_id: string
  ask_id: string
  made_at: Timestamp
  passed_on_at: NullableTimestamp
  passed_on_by: Nullable<string>
  passed_on_to: Nullable<string>
}

export interface RunCallsTable {
  workspace_id: string
  key: string
  caller_id: string
  step: string
  visit: number
  run_id: string
  waits: boolean
  /** When it is to end where its caller waits no longer; null: it goes on, or was told already. */
  ends_at: NullableTimestamp
}
