import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from '../db/sql.ts'
import type { KnownPerson } from './known-person.ts'

/** A deletion that is under way, as the worker takes it up. */
export interface Erasure {
  workspaceId: string
  id: string
  contactId: string
  suppress: boolean
  known: KnownPerson | null
  part: string
  counts: { [part: string]: number }
  requestedBy: string
}

const RUNNING: Statement = {
  name: 'erasures-running',
  text: `SELECT workspace_id AS "workspaceId", id, contact_id AS "contactId", suppress, known, part, counts, requested_by AS "requestedBy"
    FROM erasures WHERE status = 'running' ORDER BY requested_at LIMIT 20`,
}
// The counts are written with the work itself, so that they are right whatever dies when.
const NOTE: Statement = {
  name: 'erasures-note',
  text: `UPDATE erasures SET part = $3, known = coalesce($4::jsonb, known), counts = $5::jsonb, fault = NULL, worked_at = $6
    WHERE workspace_id = $1 AND id = $2 AND status = 'running'`,
}
const FAULT: Statement = {
  name: 'erasures-fault',
  text: `UPDATE erasures SET fault = $3, worked_at = $4 WHERE workspace_id = $1 AND id = $2 AND status = 'running'`,
}
const DONE: Statement = {
  name: 'erasures-done',
  text: `UPDATE erasures SET status = 'done', part = 'done', contact_id = NULL, known = NULL, fault = NULL, counts = $3::jsonb,
      worked_at = $4, ended_at = $4
    WHERE workspace_id = $1 AND id = $2 AND status = 'running'`,
}

export const runningErasures = (q: Queryable): Promise<Erasure[]> => q.rows<Erasure>(RUNNING, [])

/** Writes down how far an erasure has come. Within the transaction that went so far. */
export async function noteErasure(q: Queryable, erasure: Erasure, now: number): Promise<void> {
  const { workspaceId, id, part, known, counts } = erasure
  await q.rows(NOTE, [workspaceId, id, part, jsonOrNull(known), JSON.stringify(counts), new Date(now)])
}

/** The person is named by a hash alone from here on. */
export async function finishErasure(q: Queryable, erasure: Erasure, now: number): Promise<void> {
  const { workspaceId, id, counts } = erasure
  await q.rows(DONE, [workspaceId, id, JSON.stringify(counts), new Date(now)])
}

/** What keeps it from going on; it is tried again. */
export async function noteFault(q: Queryable, erasure: Erasure, given: { fault: string; now: number }): Promise<void> {
  await q.rows(FAULT, [erasure.workspaceId, erasure.id, given.fault, new Date(given.now)])
}

const jsonOrNull = (value: KnownPerson | Json | null): string | null => (value === null ? null : JSON.stringify(value))
