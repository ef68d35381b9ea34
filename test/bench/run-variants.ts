import type { Json } from '../../nodes/manifest.ts'
import type { Facts, Instant, Reads } from '../../engine/model/rule.ts'
import type { RunInput } from '../../engine/model/run.ts'
import type { RecordPart, RunRef } from '../../engine/ports.ts'
import type { ActOrder } from '../../engine/run/act-order.ts'
import type { ActResult } from '../../engine/temporal/messages.ts'

/** What crosses between the bench and its handwritten workflows. Types only: the workflow bundles reach this file. */

export interface HandwrittenStep {
  action: string
  connection: string
  input: { [field: string]: Json }
}

export interface HandwrittenSteps {
  reads: Reads
  /** The actions, by the id of their step. */
  actions: { [id: string]: HandwrittenStep }
}

interface Subject {
  kind: 'contact' | 'account'
  id: string
}

/** One activity a step, as one writes it by hand, over the product's own facts, ledger and record. */
export interface HandwrittenActivities {
  begin(
    order: RunRef & {
      subject: Subject
      trigger: { step: string; data: { [name: string]: Json } }
      reads: Reads
      epoch: Instant
    },
  ): Promise<RunInput[]>
  perform(order: ActOrder & { record: RecordPart | null }): Promise<{ result: ActResult; at: Instant }>
  /** Says that the run waits. */
  rest(order: RunRef & { record: RecordPart }): Promise<void>
  /** A wait is over: fresh facts, written before anything is done on them. */
  wake(
    order: RunRef & { subject: Subject; reads: Reads; step: string; position: number; epoch: Instant },
  ): Promise<Facts>
  conclude(order: RunRef & { record: RecordPart }): Promise<void>
}

export interface BareActivities {
  loadFacts(order: { workspaceId: string; subject: Subject; reads: Reads }): Promise<Facts>
  callVendor(order: HandwrittenStep & { workspaceId: string; runId: string; step: string; facts: Facts }): Promise<Json>
}
