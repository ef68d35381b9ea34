import type { Fault } from '../nodes/fault.ts'
import type { Catalog, OpenedConnection, SubjectRef } from '../nodes/define.ts'
import type { Json } from '../nodes/manifest.ts'
import type { Plan } from './model/plan.ts'
import type { Facts, Instant, Reads } from './model/rule.ts'
import type { RunInput, RunState, RunStatus } from './model/run.ts'

/** What the activities need from the outside. Implemented over Postgres in `api/db`; every call is workspace-scoped. */
export interface Ports {
  catalog: Catalog
  clock: () => Instant
  runs: RunRecord
  facts: FactsSource
  ledger: EffectsLedger
  budgets: Budgets
  connections: Connections
  subjects: Subjects
  blobs: Blobs
}

export interface RunRef {
  workspaceId: string
  runId: string
}

/** What the lists and the run page show without replaying. */
export interface RunSummary {
  status: RunStatus
  reason: string | null
  waitingUntil: Instant | null
  /** Ids of the steps the run is at now. */
  at: string[]
  /** Connections it is held by. */
  heldBy: string[]
}

export interface RunRecord {
  /** Start data of a run, written when it was enrolled. @throws Error when the run is not there */
  load(run: RunRef): Promise<{
    plan: Plan
    planHash: string
    version: number
    playbookId: string
    subject: { kind: 'contact' | 'account'; id: string }
    trigger: { step: string; data: { [name: string]: Json } }
    /** State to go on from (a rerun, a migration); null: from the start. */
    resumeFrom: RunState | null
    inputs: RunInput[]
  }>
  /**
   * Appends inputs at their positions (first = 0). Idempotent: a position already written is left as it is.
   * Also the place where the run's status becomes visible.
   */
  append(run: RunRef, from: number, inputs: RunInput[], summary: RunSummary): Promise<void>
}

export interface FactsSource {
  load(
    workspaceId: string,
    subject: { kind: 'contact' | 'account'; id: string },
    reads: Reads,
    at: Instant,
  ): Promise<Facts>
}

export type EffectStatus = 'intended' | 'landed' | 'failed' | 'unknown'

export interface EffectIntent extends RunRef {
  key: string
  step: string
  visit: number
  /** `intercom.tagContact@1` */
  action: string
  connectionId: string | null
  /** The rendered input: what the write will send. */
  input: Json
}

export interface EffectRow extends EffectIntent {
  status: EffectStatus
  output: Json
  externalId: string | null
  fault: Fault | null
  attempts: number
  intendedAt: Instant
  /** When the last attempt began: read-backs wait from here. */
  attemptedAt: Instant
}

export interface EffectsLedger {
  /**
   * Writes the intent, or finds the row that is there. `attempts` counts calls of this function.
   * A row found with status `intended` and attempts > 1 means: an earlier attempt began and its end is not known.
   */
  intend(intent: EffectIntent, at: Instant): Promise<EffectRow>
  land(
    run: RunRef,
    key: string,
    result: { output: Json; externalId: string | null; before: Json },
    at: Instant,
  ): Promise<void>
  fail(run: RunRef, key: string, fault: Fault, at: Instant): Promise<void>
  /** The outcome is unknown and only a person can tell. */
  review(run: RunRef, key: string, fault: Fault, at: Instant): Promise<void>
  /** The attempt certainly did not land (refused before any work): the next one starts clean. */
  clear(run: RunRef, key: string, fault: Fault, at: Instant): Promise<void>
}

export interface Budgets {
  /**
   * Asks for `calls` vendor calls. `granted`: go now. Otherwise `at`: the slot reserved for this holder; asking again
   * at or after `at` (and not more than a second late) is granted.
   */
  take(
    connectionId: string,
    calls: number,
    holder: string,
  ): Promise<{ granted: true } | { granted: false; at: Instant }>
  /** The vendor said stop until `at`: nobody draws before. */
  backOff(connectionId: string, at: Instant): Promise<void>
}

export interface Connections {
  /** @returns `paused` when a person must reconnect first, `missing` when the slug is unknown */
  open(
    workspaceId: string,
    slug: string,
  ): Promise<
    | { state: 'open'; connection: OpenedConnection }
    | { state: 'paused'; connectionId: string; fault: Fault }
    | { state: 'missing' }
  >
  /** Single-flight over all processes; the rotated grant is stored before it is used. @throws FaultError AUTH_EXPIRED */
  refresh(workspaceId: string, connectionId: string, usedAccessToken: string): Promise<OpenedConnection>
  /** Pauses once; later calls change nothing. */
  pause(workspaceId: string, connectionId: string, fault: Fault): Promise<void>
}

export interface Subjects {
  get(workspaceId: string, kind: 'contact' | 'account', id: string): Promise<SubjectRef | null>
  link(workspaceId: string, kind: 'contact' | 'account', id: string, app: string, vendorId: string): Promise<void>
}

/** Content-addressed values kept out of workflow histories: plans, and anything over 128 KB. */
export interface Blobs {
  get(hash: string): Promise<Uint8Array>
  put(hash: string, bytes: Uint8Array): Promise<void>
}
