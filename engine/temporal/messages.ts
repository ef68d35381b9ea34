import { defineSignal } from '@temporalio/workflow'
import type { Json } from '../../nodes/manifest.ts'
import type { Plan, TriggerData } from '../model/plan.ts'
import type { Instant, Reads } from '../model/rule.ts'
import type { OperatorCommand, RunInput, RunState, StepOutcome } from '../model/run.ts'
import type { RecordPart, RunRef } from '../ports.ts'

/** Everything that crosses between the run workflow, its activities and its clients. Types and names only. */

/**
 * A plan on its way into a workflow. On the wire it is `{ $plan: hash }` alone; the codec resolves it outside the
 * history, so that a thousand runs of one version share one copy.
 */
export interface PlanRef {
  $plan: string
  plan: Plan
}

export interface RunWorkflowStart extends RunRef {
  subject: { kind: 'contact' | 'account'; id: string; related?: string | null }
  trigger: TriggerData
  /** Set by continue-as-new only. */
  carried: Carried | null
}

export interface Carried {
  state: RunState
  /** How many inputs are recorded. */
  position: number
  /** Ids of operator commands already applied. */
  commandIds: string[]
}

export interface ActOrder extends RunRef {
  step: string
  visit: number
  attempt: number
  /** A budget slot kept for this attempt. */
  slot: Instant | null
  action: string
  connection: string | null
  /** Templates, not yet rendered. */
  input: { [field: string]: Json }
  scope: TemplateScope
  record: RecordPart | null
}

/** What a template may read. */
export interface TemplateScope {
  contact: { [name: string]: Json } | null
  account: { [name: string]: Json } | null
  trigger: { [name: string]: Json }
  steps: { [step: string]: Json }
}

/** `elsewhere`: too slow for a local activity; hand it to the shared action queue. */
export type ActResult = StepOutcome | { kind: 'elsewhere'; connectionId: string }

/** An attempt's result, and when it was there: a workflow's own time stands still within a task. */
export interface Performed {
  result: ActResult
  at: Instant
}

export interface WakeOrder extends RunRef {
  position: number
  step: string
  visit: number
  subject: { kind: 'contact' | 'account'; id: string; related?: string | null }
  reads: Reads
  epoch: Instant
}

export interface RunActivities {
  /** Loads the facts and opens the record; a run that was restarted answers with what it already did. */
  begin(
    order: RunRef & { subject: WakeOrder['subject']; trigger: TriggerData; reads: Reads; epoch: Instant },
  ): Promise<RunInput[]>
  wake(order: WakeOrder): Promise<RunInput>
  /** Takes and answers lists, so that runs which start together can share calls later. */
  perform(orders: ActOrder[]): Promise<Performed[]>
  /** Makes the record complete before a wait. Answers which of `heldBy` work again by now. */
  settle(order: RunRef & { record: RecordPart }): Promise<string[]>
  conclude(order: RunRef & { record: RecordPart }): Promise<void>
}

/** Where slow actions of the runs of this queue go, shared by all connections with fairness between them. */
export const actionQueueOf = (runQueue: string): string => `${runQueue}-actions`

export const RUN_WORKFLOW = 'runPlaybook'

/** A person or the API says something about this run. The id makes a repeat harmless. */
export const operatorSignal = defineSignal<[{ id: string; command: OperatorCommand }]>('operator')
/** A connection works again. */
export const connectionOpenSignal = defineSignal<[string]>('connectionOpen')
