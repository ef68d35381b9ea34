import { defineSignal } from '@temporalio/workflow'
import type { Plan, TriggerData } from '../model/plan.ts'
import type { Instant } from '../model/rule.ts'
import type { OperatorCommand, PlanName, RunInput, RunState, StepOutcome } from '../model/run.ts'
import type { RunRef } from '../ports.ts'
import type { ActOrder } from '../run/act-order.ts'

/** Everything that crosses between the run workflow, its activities and its clients. Types and names. */

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
  /** What came while it moved to a fresh history. */
  arrivals?: Arrival[]
}

/** Something that happened and is not applied yet. */
export type Arrival = RunInput | { kind: 'wake'; step: string; visit: number; until: Instant } | { kind: 'touched' }

export interface ProceedOrder extends Pick<RunWorkflowStart, 'workspaceId' | 'runId' | 'subject' | 'trigger'> {
  planHash: string
  /** null at first: the record says where the run stands. */
  state: RunState | null
  position: number
  arrivals: Arrival[]
  /** Actions (`stepKey`) that the shared queue is carrying out. */
  away: string[]
  /** Workflow time of the task that asks. @see RecordPart */
  epoch: Instant
  /** The latest instant in the record: time never runs back in it. */
  notBefore: Instant
}

export interface Progress {
  /** What was applied, in order, and is recorded. */
  inputs: RunInput[]
  /** Actions that are too slow for a local activity: for the shared action queue. */
  elsewhere: Array<{ step: string; visit: number; connectionId: string; slot: Instant | null }>
  /** The record says that the run has ended. */
  over: boolean
  /** When it answered, by the worker's clock. Stints recorded before it was said have it not. */
  at?: Instant
  /**
   * It goes by another version's plan than it was asked to proceed by, in this state: it goes on in a fresh history,
   * which is given that plan. The inputs are not said then.
   */
  moved?: Carried & PlanName
}

/**
 * What a workflow hands to a local activity: it stays within the worker and never reaches a history, so that the codec
 * leaves it as it is, however large.
 */
export interface Local<T> {
  $local: T
}

export interface RunActivities {
  /**
   * Takes a run as far as it goes by itself: applies what arrived, acts, applies the outcomes and so on, until
   * everything left must be waited for. All of it is in the record when it answers.
   */
  proceed(order: Local<ProceedOrder>): Promise<Progress>
}

/** `elsewhere`: too slow for a local activity; hand it to the shared action queue. */
export type ActResult = StepOutcome | { kind: 'elsewhere'; connectionId: string }

export interface ActionActivities {
  /** Takes and answers lists, so that runs which start together can share calls later. */
  perform(orders: ActOrder[]): Promise<Array<{ outcome: StepOutcome; at: Instant }>>
}

export const stepKey = ({ step, visit }: { step: string; visit: number }): string => `${step}:${visit}`

/** Where slow actions of the runs of this queue go, shared by all connections with fairness between them. */
export const actionQueueOf = (runQueue: string): string => `${runQueue}-actions`

export const RUN_WORKFLOW = 'runPlaybook'

/** A person or the API says something about this run. The id makes a repeat harmless. */
export const operatorSignal = defineSignal<[{ id: string; command: OperatorCommand }]>('operator')
/** Something that it waits for may have happened: it looks. */
export const touchedSignal = defineSignal('touched')
/** A connection works again. */
export const connectionOpenSignal = defineSignal<[string]>('connectionOpen')
