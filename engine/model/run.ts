import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { TriggerData } from './plan.ts'
import type { Facts, Instant, Trace } from './rule.ts'

/** The life of a run as `engine/run/advance.ts` sees it. Plain JSON throughout. */

export const RUN_STATUSES = [
  'queued',
  'running',
  'waiting',
  'held',
  'review',
  'completed',
  'exited',
  'failed',
  'cancelled',
] as const // prettier-ignore
export type RunStatus = (typeof RUN_STATUSES)[number]
export type FinalStatus = 'completed' | 'exited' | 'failed' | 'cancelled'

export type StepStatus =
  | 'pending' // not reached yet
  | 'acting' // handed to an activity
  | 'waiting' // a delay, until `until`
  | 'retrying' // will act again at `until`, after `fault`
  | 'paced' // will act at `until`, when the connection's budget has room
  | 'held' // until its connection works again
  | 'review' // outcome unknown: a person decides
  | 'done'
  | 'skipped' // no path leads here any more
  | 'failed'
  | 'cancelled' // a join or an exit decided without it

export interface StepState {
  status: StepStatus
  /** Counts intended writes over the run's life; a retry keeps it, "do it again" adds one. */
  visit: number
  attempts: number
  port?: string
  /** Kept only where a later step reads it. The effects ledger has it in full. */
  output?: Json
  fault?: Fault
  until?: Instant
  /** Cancelled while acting: its effect is still recorded when it lands. */
  cancelRequested?: boolean
  /** Done without a write, and why. */
  withheld?: Withheld
  /** Failed, and the author said what follows: the run goes on. */
  handled?: true
  /** While waiting: when it is given up for. */
  deadline?: Instant
  /** While it waits for an event: what its keys must equal. */
  keys?: { [property: string]: Json }
  /** While it works through a list. */
  loop?: Loop
  /** When it has worked through one. */
  items?: { total: number; done: number; failed: number }
  /** Where the plan limits its repeats: when these attempts began, and how many have failed. A person's retry begins anew. */
  series?: { since: Instant; failed: number }
  /** While held: the connection whose return it waits for. */
  heldBy?: string
  startedAt?: Instant
  endedAt?: Instant
}

/** A list that is worked through, some items at a time. */
export interface Loop {
  items: Json[]
  /** The first item that was not begun. */
  next: number
  /** Items under way. */
  open: number[]
  done: number
  failed: Array<{ index: number; fault: Fault }>
}

export interface RunState {
  format: 1
  status: RunStatus
  reason: string | null
  trigger: TriggerData
  facts: Facts
  /** Steps that were reached or decided. A step that is not here is pending. */
  steps: { [stepId: string]: StepState }
  /** Decided edges: `from.port>to` → taken or not. */
  edges: { [edge: string]: boolean }
  /** For pending steps with some edges decided: how many are still open, and how many of the others were taken. */
  waits: { [stepId: string]: [open: number, taken: number] }
  /** Ids of the steps the run is at now: neither pending nor final. */
  open: string[]
  /** An exit or a cancel has decided how the run ends; it ends when nothing is acting any more. */
  ending: { status: FinalStatus; reason: string | null } | null
  /** What its exit leaves to the run that called it. */
  output?: { [name: string]: Json }
  /** What `set` steps wrote, by name. */
  vars?: { [name: string]: Json }
  /** Nothing new is begun until a person lets it go on. */
  paused?: { reason: string }
  /** Answers that came before it was recorded that their steps had asked. */
  answers?: { [stepId: string]: Answer }
  /** Steps that a person wants left out when their turn comes, and the ports they are left by. */
  skips?: { [stepId: string]: string }
  /** The version it goes by since it went over to it; left out: the one it began under. */
  under?: PlanName
  /** While it has not left the wait at which it went over: the way back. */
  moved?: Moved
  /** While waiting: when an exit rule or the goal may come true by time alone. */
  watch?: Instant
  /** Ids of the operator commands that were carried out, so that a repeated delivery changes nothing. */
  handled: string[]
}

/** What came of something that was asked of somebody. */
export type Answer = {
  /** Which asking it answers. */
  visit: number
  /** One of the ports that the step waits for. */
  port: string
  /** Joins what the asking left behind. */
  output: { [name: string]: Json }
  /** Who says so, for the run's page. */
  by: string
}

/** A version's plan, by its content address. */
export type PlanName = { plan: string; version: number }

/** What a run was before it went over to another version. */
export interface Moved extends Pick<RunState, 'steps' | 'edges' | 'waits' | 'open'> {
  migration: string
  /** `step:visit` of what it waited at when it had gone over. */
  at: string[]
}

/** Where a run goes that waits at a step which the new version does not have: on at another, or out. */
export type Move = { to: string } | { exit: string }

/** Why nothing was written, though nothing failed. */
export interface Withheld {
  code: 'FREQUENCY_CAP'
  message: string
}

/** What became of one attempt to act. The last four keep the visit and say what happens next. */
export type StepOutcome =
  | { kind: 'done'; output: Json }
  | { kind: 'failed'; fault: Fault }
  | { kind: 'retry'; fault: Fault; at: Instant }
  /** `why`: what it waits for, where that is not its turn. */
  | { kind: 'paced'; at: Instant; why?: string }
  /** It was not done, and the run goes on. */
  | { kind: 'withheld'; why: Withheld }
  | { kind: 'held'; fault: Fault; connection: string }
  | { kind: 'review'; fault: Fault }

export type OperatorCommand =
  | { kind: 'cancel'; reason: string }
  /** Nobody stopped it: what it was for is gone, e.g. its contact was merged with one that is in an older run. */
  | { kind: 'exit'; reason: string }
  /** Acts again on every failed step (or one), with the kept results of the others. */
  | { kind: 'retry'; step: string | null }
  /** Begins nothing new until `continue`; what is under way ends, and waits go on. */
  | { kind: 'pause'; reason: string }
  | { kind: 'continue' }
  /** Leaves a step by a port (its only one where none is named) without doing it: a wait, a failed one, or one to come. */
  | { kind: 'skip'; step: string; port?: string }
  /** As though the step had brought this. */
  | { kind: 'override'; step: string; output: Json }
  /** What a step waits for was answered: by a person, or by a run that it started. */
  | ({ kind: 'answer'; step: string } & Answer)
  /**
   * Goes over to another version's plan, at a wait. `follow` carries it out, which knows both plans.
   * @param moves by the ids of the steps that the new plan does not have
   */
  | { kind: 'migrate'; migration: string; from: PlanName; to: PlanName; moves: { [step: string]: Move } }
  /** Goes back, unless it has left the wait at which it went over. */
  | { kind: 'unmigrate'; migration: string; from: PlanName; to: PlanName }
  /** Settles a step in review: it landed (with an output), or do it again (a new visit). */
  | { kind: 'settle'; step: string; landed: boolean; output: Json }

/** The ordered inputs of a run. Replaying them through `advance` gives the same state: that is the record. */
export type RunInput =
  | { kind: 'start'; at: Instant; trigger: TriggerData; facts: Facts }
  | { kind: 'outcome'; at: Instant; step: string; visit: number; outcome: StepOutcome }
  /** A sleep is over. `facts` are fresh where the plan reads any. */
  | { kind: 'due'; at: Instant; step: string; visit: number; facts: Facts | null }
  /** What a step waits for has happened. */
  | { kind: 'event'; at: Instant; step: string; visit: number; event: HeardEvent; facts: Facts | null }
  /** What the run watches may have changed: rules that it waits for, exits, the goal. */
  | { kind: 'look'; at: Instant; facts: Facts }
  /** A connection works again: its held steps act. */
  | { kind: 'resume'; at: Instant; connection: string }
  /** `facts`: fresh ones where the shell loaded them, so that a retried delay sees what a person mended. */
  | { kind: 'operator'; at: Instant; id: string; command: OperatorCommand; facts?: Facts | null }

export interface HeardEvent {
  /** Its own id. */
  id: string
  name: string
  at: Instant
  properties: { [name: string]: Json }
}

/** What the shell must do. Effects as data: `advance` never acts. */
export type RunCommand =
  | { kind: 'act'; step: string; visit: number; attempt: number }
  | { kind: 'sleep'; step: string; visit: number; until: Instant }
  | { kind: 'cancelSleep'; step: string; visit: number }
  | { kind: 'finish'; status: FinalStatus; reason: string | null }

export interface Advanced {
  state: RunState
  commands: RunCommand[]
  /** What pure steps decided on the way, for the run view: branch traces, joins, skips. */
  notes: StepNote[]
  /** How the steps for the items of a list that are over ended: the state has them no more. */
  over?: { [instance: string]: StepState }
}

export interface StepNote {
  step: string
  port?: string
  why?: Trace[]
  text?: string
}
