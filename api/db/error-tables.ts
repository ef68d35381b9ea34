import type { Generated } from 'kysely'
import type { JsonColumn, Nullable, NullableJson, NullableTimestamp, Timestamp } from './columns.ts'

/** Tables of what went wrong: reruns of failed runs, and alerts. */

export interface RerunsTable {
  workspace_id: string
  id: string
  filter: JsonColumn
  status: Generated<'running' | 'stopped' | 'cancelled' | 'done'>
  reason: Nullable<string>
  total: number
  max_failures: number
  accepted: Generated<number>
  actor: string
  created_at: Timestamp
  updated_at: Timestamp
  ended_at: NullableTimestamp
}

export interface RerunRunsTable {
  workspace_id: string
  rerun_id: string
  run_id: string
  place: number
  step: Nullable<string>
  code: Nullable<string>
  status: Generated<'waiting' | 'begun' | 'passed' | 'failed' | 'moved'>
  fault: NullableJson
  failed_step: Nullable<string>
  text: Nullable<string>
  begun_at: NullableTimestamp
  ended_at: NullableTimestamp
}

export interface AlertsTable {
  workspace_id: string
  id: string
  kind: 'playbook-failing' | 'playbook-reviews' | 'connection-paused'
  target: string
  detail: JsonColumn
  opened_at: Timestamp
  recovered_at: NullableTimestamp
}

export interface AlertSendsTable {
  workspace_id: string
  alert_id: string
  way: 'webhook' | 'mail'
  told: Generated<'nothing' | 'opened' | 'recovered'>
  told_at: NullableTimestamp
  due_at: NullableTimestamp
  begun_at: NullableTimestamp
  attempts: Generated<number>
  fault: Nullable<string>
}

export interface AlertSettingsTable {
  workspace_id: string
  webhook: Nullable<Buffer>
  host: Nullable<string>
  first_failure: boolean
  failed_percent: number
  mail_connection: Nullable<string>
  mail_to: Nullable<string>
  updated_at: Timestamp
}
