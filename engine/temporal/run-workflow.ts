import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { OperatorCommand, RunCommand, RunState } from '../model/run.ts'
import { advance } from '../run/advance.ts'
import { migrationOf } from '../run/follow.ts'
import { outstanding } from '../run/outstanding.ts'
import { type ActOrder, actOrderOf } from '../run/act-order.ts'
import {
  type ActionActivities,
  type Arrival,
  actionQueueOf,
  type Carried,
  connectionOpenSignal,
  operatorSignal,
  type PlanRef,
  type ProceedOrder,
  type Progress,
  type RunActivities,
  type RunWorkflowStart,
  stepKey,
  touchedSignal,
} from './messages.ts'
import { VERSION } from './search-attributes.ts'

/** Above this a state moves to a fresh history; Temporal warns at 512 KB and refuses at 2 MB. */
const CARRY_OVER_BYTES = 256 * 1024

// Postgres away or a worker gone is nobody's fault: try on, for as long as it takes.
const patient = { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' } as const
const local = proxyLocalActivities<RunActivities>({
  startToCloseTimeout: '60 seconds',
  localRetryThreshold: '10 seconds',
  retry: patient,
})

type ActCommand = RunCommand & { kind: 'act' }

/**
 * The one workflow for runs: lets a worker proceed with the run as far as it goes by itself, then waits, durably, for
 * what it waits for: timers, actions on the shared queue, people. All meaning is in `advance`; this is its durable shell.
 */
export async function runPlaybook(start: RunWorkflowStart, planRef: PlanRef): Promise<void> {
  const execution = new RunExecution(start, planRef)
  setHandler(operatorSignal, (message) => execution.operate(message))
  setHandler(touchedSignal, () => execution.touch())
  setHandler(connectionOpenSignal, (connection) => execution.resume(connection))
  const onward = await execution.run()
  if (onward === null) return
  await condition(allHandlersFinished)
  if (onward.version !== undefined) upsertSearchAttributes([{ key: VERSION, value: onward.version }])
  await continueAsNew<typeof runPlaybook>({ ...start, carried: onward.carried }, onward.planRef)
}

/** What a fresh history goes on with. */
interface Onward {
  carried: Carried
  planRef: PlanRef
  /** Of the plan, where it is another than before. */
  version?: number
}

class RunExecution {
  private readonly start: RunWorkflowStart
  private readonly planRef: PlanRef
  private inbox: Arrival[] = []
  /** Timers of this history, by what they are for; one that has rung stays until it is applied. */
  private readonly timers = new Map<string, CancellationScope>()
  /** Actions that the shared queue is carrying out. */
  private readonly away = new Map<string, CancellationScope>()
  private state: RunState | null
  /** How many inputs are applied, and recorded. */
  private position: number
  /** The latest instant that an input carried. */
  private latest = 0
  /** When the last stint answered. The workflow's own clock stands while a task waits for its turn in a busy worker. */
  private answeredAt = 0

  constructor(start: RunWorkflowStart, planRef: PlanRef) {
    this.start = start
    this.planRef = planRef
    this.state = start.carried?.state ?? null
    this.position = start.carried?.position ?? 0
    this.inbox.push(...(start.carried?.arrivals ?? []))
  }

  operate({ id, command }: { id: string; command: OperatorCommand }): void {
    this.inbox.push({ kind: 'operator', at: Date.now(), id, command })
  }

  /** However often it is told before it looks, it looks once. */
  touch(): void {
    if (!this.inbox.some(({ kind }) => kind === 'touched')) this.inbox.push({ kind: 'touched' })
  }

  resume(connection: string): void {
    this.inbox.push({ kind: 'resume', at: Date.now(), connection })
  }

  /** @returns null at the end of the run; else what a fresh history goes on with */
  async run(): Promise<Onward | null> {
    for (;;) {
      const { over, moved } = await this.proceed()
      if (moved !== undefined) return over && this.inbox.length === 0 ? null : this.goOver(moved)
      if (this.inbox.length > 0 || this.hasMoreToDo()) continue
      if (over) return null
      if (this.away.size === 0 && shouldCarryOver(this.current()))
        return { carried: this.carry(), planRef: this.planRef }
      await condition(() => this.inbox.length > 0 || this.hasMoreToDo())
    }
  }

  /** The timers that rang are done with: a step that sleeps until the same instant again gets a new one. */
  private takeArrivals(): Arrival[] {
    const arrivals = this.inbox.splice(0)
    for (const arrival of arrivals) if (arrival.kind === 'wake') this.timers.delete(timerKey(arrival))
    return arrivals
  }

  private async proceed(): Promise<Progress> {
    const { workspaceId, runId, subject, trigger } = this.start
    const order: ProceedOrder = {
      workspaceId,
      runId,
      subject,
      trigger,
      planHash: this.planRef.$plan,
      state: this.state,
      position: this.position,
      arrivals: this.takeArrivals(),
      away: [...this.away.keys()],
      epoch: Date.now(),
      notBefore: this.latest,
    }
    const progress = await local.proceed({ $local: order })
    if (progress.moved !== undefined) return progress
    for (const input of progress.inputs) {
      // One that had gone over would not be told here: it was refused.
      if (migrationOf(input) === null) this.state = advance(this.planRef.plan, this.state, input).state
      this.latest = Math.max(this.latest, input.at)
      if (input.kind === 'outcome') this.away.delete(stepKey(input))
    }
    this.position += progress.inputs.length
    this.answeredAt = progress.at ?? 0
    for (const handed of progress.elsewhere) this.handOn(handed)
    this.giveUp()
    this.keepTimers()
    return progress
  }

  /** A stint begins actions for a while only; what it left over is for the next. */
  private hasMoreToDo(): boolean {
    return outstanding(this.current()).some((command) => command.kind === 'act' && !this.away.has(stepKey(command)))
  }

  /** To the queue that all connections share fairly, for the actions that would keep a worker's own runs waiting. */
  private handOn({ step, visit, connectionId, slot }: Progress['elsewhere'][number]): void {
    const isIt = (command: RunCommand): command is ActCommand =>
      command.kind === 'act' && command.step === step && command.visit === visit
    const command = outstanding(this.current()).find(isIt)
    if (command === undefined) throw new Error(`The step ${step} does not act.`)
    const order = { ...actOrderOf(this.start, { plan: this.planRef.plan, state: this.current() }, command), slot }
    const scope = new CancellationScope()
    this.away.set(stepKey(command), scope)
    void this.actElsewhere(scope, order, connectionId)
  }

  /** An action that still waits on the queue when the run goes on without it is taken back. */
  private giveUp(): void {
    for (const [key, scope] of this.away) if (this.current().open.some((id) => this.isGivenUp(id, key))) scope.cancel()
  }

  private isGivenUp(id: string, key: string): boolean {
    const step = this.current().steps[id]
    return step?.cancelRequested === true && stepKey({ step: id, visit: step.visit }) === key
  }

  private async actElsewhere(scope: CancellationScope, order: ActOrder, connectionId: string): Promise<void> {
    // Not eagerly: eager dispatch passes the queue's fairness and limits.
    const remote = proxyActivities<ActionActivities>({
      taskQueue: actionQueueOf(workflowInfo().taskQueue),
      startToCloseTimeout: '5 minutes',
      heartbeatTimeout: '30 seconds',
      allowEagerDispatch: false,
      priority: { fairnessKey: connectionId },
      retry: patient,
      // One that has begun is let finish.
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    })
    try {
      const [performed] = await scope.run(() => remote.perform([order]))
      if (performed === undefined) throw new Error('perform answered nothing for its order.')
      this.inbox.push({ kind: 'outcome', step: order.step, visit: order.visit, ...performed })
    } catch (error) {
      if (!isCancellation(error)) throw error
      // An earlier attempt may have begun: the next stint asks the ledger and says what became of it.
      this.away.delete(stepKey(order))
    }
  }

  /** One timer for each sleep of the state, and none for what is over. */
  private keepTimers(): void {
    const sleeps = outstanding(this.current()).flatMap((command) => (command.kind === 'sleep' ? [command] : []))
    const wanted = new Map(sleeps.map((sleeping) => [timerKey(sleeping), sleeping]))
    for (const [key, scope] of this.timers) {
      if (wanted.has(key)) continue
      this.timers.delete(key)
      scope.cancel()
    }
    for (const [key, sleeping] of wanted) {
      if (this.timers.has(key)) continue
      const scope = new CancellationScope()
      this.timers.set(key, scope)
      void this.sleep(scope, sleeping)
    }
  }

  private async sleep(scope: CancellationScope, { step, visit, until }: RunCommand & { kind: 'sleep' }): Promise<void> {
    try {
      await scope.run(() => sleep(Math.max(1, until - Math.max(Date.now(), this.answeredAt))))
      this.inbox.push({ kind: 'wake', step, visit, until })
    } catch (error) {
      if (!isCancellation(error)) throw error
    }
  }

  /** On in a fresh history, which is given the other version's plan. On the wire a plan is its hash alone. */
  private goOver({ plan, version, state, position }: NonNullable<Progress['moved']>): Onward {
    for (const scope of [...this.timers.values(), ...this.away.values()]) scope.cancel()
    const carried = { state, position, arrivals: this.inbox.splice(0) }
    return { carried, planRef: { $plan: plan } as PlanRef, version }
  }

  /** Ends the timers of this history; their deadlines travel in the state. */
  private carry(): Carried {
    for (const scope of this.timers.values()) scope.cancel()
    return { state: this.current(), position: this.position }
  }

  private current(): RunState {
    if (this.state === null) throw new Error('The run has no state yet.')
    return this.state
  }
}

const timerKey = (sleep: { step: string; visit: number; until: number }): string => `${stepKey(sleep)}:${sleep.until}`

function shouldCarryOver(state: RunState): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  // Measuring the state costs; a short history cannot hold a large one.
  return continueAsNewSuggested || (historyLength > 50 && JSON.stringify(state).length > CARRY_OVER_BYTES)
}
