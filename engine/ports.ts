import type { Fault, FaultCode } from '../nodes/fault.ts'
import type { Catalog, Channel, Consent, OpenedConnection, SubjectRef } from '../nodes/define.ts'
import type { Inside } from '../nodes/inside.ts'
import type { Json } from '../nodes/manifest.ts'
import type { TriggerData } from './model/plan.ts'
import type { Facts, Instant, Reads } from './model/rule.ts'
import type { HeardEvent, OperatorCommand, RunInput, RunStatus, Withheld } from './model/run.ts'
import type { AwaitedEvent, Listening } from './run/listens.ts'
import type { MigrationRefusal } from './run/migrate.ts'

/** What the activities need from the outside. Implemented over Postgres in `api/db`; every call is workspace-scoped. */
export interface Ports {
  catalog: Catalog
  clock: () => Instant
  runs: RunRecord
  waits: RunWaits
  facts: FactsSource
  ledger: EffectsLedger
  budgets: Budgets
  connections: Connections
  subjects: Subjects
  blobs: Blobs
  keys: RunKeys
  /** What actions without a connector act in: Signalbox itself, on behalf of one step of one run. */
  inside(effect: EffectRef & { step: string; visit: number }): Inside
  reach: Reach
  /** Of all contacts with this e-mail address: one who said no is enough. */
  consent(workspaceId: string, address: string): Promise<Consent>
}

/** What a workspace says of reaching somebody now. */
export type Reachable =
  | { kind: 'go' }
  | { kind: 'later'; at: Instant; why: string }
  | { kind: 'withheld'; why: Withheld }

export interface Reach {
  /**
   * Asks once for the whole write: a place that was taken under a cap stays taken for its key, and of two runs that ask
   * for the last place one gets it.
   * @param write.key of the effect
   * @param write.personId a contact; an account where the run knows of no contact
   */
  ask(workspaceId: string, write: { key: string; channel: Channel; personId: string }, now: Instant): Promise<Reachable>
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
  /** When the next milestone is due that it has not reached; null, or left out: none. */
  milestoneDue?: Instant | null
  /** What its exit leaves to the run that called it. */
  output?: { [name: string]: Json }
  /** Of a run that has failed: which of its steps did, and of what. */
  failures?: Array<{ step: string; code: FaultCode }>
}

/** Inputs on their way into the record, with the summary that becomes visible with them. */
export interface RecordPart {
  /** Position of the first input. */
  from: number
  inputs: RunInput[]
  /**
   * Workflow time of the task that applied them. When a task is lost with its worker and done again, the later one
   * is what the run really did: it replaces what the lost one wrote, never the other way round.
   */
  epoch: Instant
  summary: RunSummary
}

export interface RunRecord {
  /** What is recorded from this position on: a stint that is done again goes on from what the lost one recorded. */
  since(run: RunRef, position: number): Promise<RunInput[]>
  /**
   * Writes the start unless one is there, and answers all recorded inputs: a restarted run goes on from them. The
   * first start wins, because writes may already have been made on what it saw.
   */
  open(run: RunRef, start: RunInput, epoch: Instant): Promise<RunInput[]>
  /** Writes an input that carries fresh facts; the same one with other facts that is already there wins, for the same reason. */
  take(run: RunRef, taken: { position: number; input: InputWithFacts; epoch: Instant }): Promise<RunInput>
  /** An answer that was committed for this step, whether or not the run was told of it. */
  answerTo(run: RunRef, asked: { step: string; visit: number }): Promise<GivenAnswer | null>
  /**
   * Writes that the run went over to another version, or why not: with what the lists show of it, with the row of whoever
   * asked, and that it waits for nothing where runs of that version never do. Where the same input with other facts is
   * there already nothing is written: that one is to be applied.
   * @returns what is in the record now, and whether it is the input that was given
   */
  goOver(run: RunRef, over: GoneOver): Promise<{ input: RunInput & { kind: 'operator' }; ours: boolean }>
  append(run: RunRef, part: RecordPart): Promise<void>
  /** Which of these connections (slugs) are open now: read afresh, because a held run sleeps on the answer. */
  connectionsOpen(workspaceId: string, slugs: string[]): Promise<string[]>
  /** The last append: closes the run, which waits for nothing any more, and drops what lost tasks may have left beyond the end. */
  conclude(run: RunRef, part: RecordPart, at: Instant): Promise<void>
}

export interface GivenAnswer {
  /** Of the command. */
  id: string
  command: OperatorCommand & { kind: 'answer' }
  /** When it was given. */
  at: Instant
}

/** What a run that is asked to go over to another version, or back, answers. */
export interface GoneOver {
  position: number
  input: RunInput & { kind: 'operator' }
  epoch: Instant
  summary: RunSummary
  migration: string
  back: boolean
  /** What it goes by now; no version: that which it began under. */
  plan: string
  version: number | null
  refused: MigrationRefusal | null
}

/** An input on which writes may be made, as soon as it is recorded. */
export type InputWithFacts = RunInput & { kind: 'due' | 'event' | 'look' | 'operator' }

/** What runs wait for beside time and people. */
export interface RunWaits {
  /**
   * From now on the run is told when it happens; null: it waits for nothing. What happened before must be read back
   * afterwards: only so is nothing missed between the two.
   */
  listen(run: RunRef, subject: WaitingSubject, listening: Listening | null): Promise<void>
  /**
   * The first stored event of the subject, in the order in which they came, that one of these waits for, in its time; of
   * several that wait for it the first.
   * @param asked.at now, for filters that compare with it
   */
  first(
    run: RunRef,
    subject: WaitingSubject,
    asked: { awaited: AwaitedEvent[]; at: Instant },
  ): Promise<HeardAwaited | null>
}

/** An event, and who waits for it. */
export interface HeardAwaited {
  event: HeardEvent
  awaited: AwaitedEvent
}

/** Whom a run is about. @see FactsSource */
export interface WaitingSubject {
  kind: 'contact' | 'account'
  id: string
  related?: string | null
}

/** The run's row is not there: it was deleted, so its workflow has nothing to go on with. */
export class RunGone extends Error {
  constructor(run: RunRef) {
    super(`Run ${run.runId} is not in the database any more.`)
    this.name = 'RunGone'
  }
}

/** Finds runs for those who start, resume and reconcile them. */
export interface RunDirectory {
  startData(runs: RunRef[]): Promise<Array<RunRef & RunStartData>>
  /** Committed and not yet seen by a workflow, older than `before`. */
  unstarted(before: Instant, limit: number): Promise<RunRef[]>
  /** Open and started, in id order after `after`. */
  open(after: RunRef | null, limit: number): Promise<RunRef[]>
  /**
   * Held by connections that are open: of each as many as it lets go on within so many seconds, by its own rate, else
   * its budget. Those that wait longest first.
   * @param given.connection of this one alone; null: of all, in all workspaces
   * @param given.without ids of runs that were told already
   */
  releasable(given: {
    connection: { workspaceId: string; id: string } | null
    seconds: number
    without: string[]
  }): Promise<HeldRun[]>
  /** In review at a write that a person has settled before `before`: the command was lost on its way. */
  unsettled(before: Instant): Promise<Array<RunRef & SettledEffect>>
  /** Commands that were committed with what caused them, before `before`, and are not handed over yet. */
  owed(before: Instant, limit: number): Promise<OwedCommand[]>
  /** They were handed over. */
  paid(commands: OwedCommand[]): Promise<void>
  /**
   * Something they wait for has happened before this instant, and they have not looked since.
   * @param told when runs were told last, by their id: those that were told since are left out
   */
  touched(before: Instant, limit: number, told: ReadonlyMap<string, Instant>): Promise<RunRef[]>
  /** Does the work in one process at a time; answers null where another one is at it. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T | null>
}

/** A run, and the connections that hold it and work again. */
export interface HeldRun extends RunRef {
  connections: string[]
}

/** A command that a run is to be given. */
export interface OwedCommand extends RunRef {
  id: string
  command: OperatorCommand
}

/** What a person said became of a write whose outcome was unknown. */
export interface SettledEffect {
  key: string
  step: string
  landed: boolean
  output: Json
}

export interface RunStartData {
  /** Of the version that it began under: its record leads from there to the one it goes by now. */
  planHash: string
  playbookId: string
  version: number
  /** `related`: see `FactsSource`. */
  subject: { kind: 'contact' | 'account'; id: string; related?: string | null }
  trigger: TriggerData
}

export interface FactsSource {
  /**
   * @param subject.related of a contact the account, of an account the contact that the run began with (`accountId`,
   * `contactId` of its cause); without it a contact's only account, and no contact
   */
  load(
    workspaceId: string,
    subject: { kind: 'contact' | 'account'; id: string; related?: string | null },
    what: { reads: Reads; at: Instant },
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
   * Writes the intent, or finds the row that is there, and in the same transaction what led to it (`record`).
   * `resumed`: an earlier attempt began and its end is not known. A failed row is opened again: it never landed.
   */
  intend(intent: EffectIntent, at: Instant, record: RecordPart | null): Promise<EffectRow & { resumed: boolean }>
  /** Whether an attempt at this effect has begun whose end is not known to the run: open, landed or in review. */
  hasBegun(effect: EffectRef): Promise<boolean>
  land(effect: EffectRef, result: { output: Json; externalId: string | null; before: Json }, at: Instant): Promise<void>
  /** A write is about to be made again after an open attempt: later read-backs wait from here. */
  reattempt(effect: EffectRef, at: Instant): Promise<void>
  fail(effect: EffectRef, fault: Fault, at: Instant): Promise<void>
  /** The outcome is unknown and only a person can tell. */
  review(effect: EffectRef, fault: Fault, at: Instant): Promise<void>
  /** The attempt certainly did not land (refused before any work): the next one starts clean. */
  clear(effect: EffectRef, fault: Fault, at: Instant): Promise<void>
}

/** @see EffectsLedger */
export interface EffectRef extends RunRef {
  key: string
}

export interface Budgets {
  /**
   * Asks for `calls` vendor calls (fractions are averages). Not granted: `at` is when to ask again.
   * @param slot the instant answered last; from then on the asker goes before newcomers
   */
  take(
    connectionId: string,
    calls: number,
    slot: Instant | null,
  ): Promise<{ granted: true } | { granted: false; at: Instant }>
  /** Books calls that turned out to be needed (positive) or not (negative): those after them pay or gain. */
  settle(connectionId: string, calls: number): Promise<void>
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
  get(workspaceId: string, ref: { kind: 'contact' | 'account'; id: string }): Promise<SubjectRef | null>
  link(
    workspaceId: string,
    ref: { kind: 'contact' | 'account'; id: string },
    link: { app: string; vendorId: string },
  ): Promise<void>
}

/** Content-addressed values kept out of workflow histories: plans, and anything over 128 KB. */
export interface Blobs {
  get(hash: string): Promise<Uint8Array>
  /** @param runId whose value it is: it goes with the run; null: nobody's */
  put(hash: string, bytes: Uint8Array, runId: string | null): Promise<void>
}

/** Bytes of a run's data key: AES-256. */
export const RUN_KEY_BYTES = 32

/** The keys that close what runs leave in Temporal. What a key closed cannot be read once the key is destroyed. */
export interface RunKeys {
  /** @returns the key, at most ten minutes old; null where it was destroyed, or the run is not there any more */
  key(runId: string): Promise<Buffer | null>
}
