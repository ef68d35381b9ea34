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
  workflowInfo,
} from '@temporalio/workflow'
import { assertNever } from '../model/assert-never.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { OperatorCommand, RunCommand, RunInput, RunState, StepOutcome } from '../model/run.ts'
import type { RecordPart, RunRef } from '../ports.ts'
import { advance } from '../run/advance.ts'
import { outstanding } from '../run/outstanding.ts'
import { summaryOf } from '../run/summary.ts'
import {
  type ActOrder,
  actionQueueOf,
  type Carried,
  connectionOpenSignal,
  operatorSignal,
  type PlanRef,
  type RunActivities,
  type RunWorkflowStart,
  type TemplateScope,
} from './messages.ts'

/** Above this a state moves to a fresh history; Temporal warns at 512 KB and refuses at 2 MB. */
const CARRY_OVER_BYTES = 256 * 1024

// Postgres away or a worker gone is nobody's fault: try on, for as long as it takes.
const patient = { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' } as const
const local = proxyLocalActivities<RunActivities>({
  startToCloseTimeout: '60 seconds',
  localRetryThreshold: '10 seconds',
  retry: patient,
})

/** Something that happened and has not been applied yet. */
type Arrival = RunInput | { kind: 'wake'; step: string; visit: number }
type ActStep = PlanStep & { op: 'act' }
type ActCommand = RunCommand & { kind: 'act' }

/**
 * The one workflow for runs: hands the commands of `advance` to activities and timers and feeds the results back,
 * one at a time, until there is nothing left to do. All meaning is in `advance`; this is its durable shell.
 */
export async function runPlaybook(start: RunWorkflowStart, planRef: PlanRef): Promise<void> {
  const execution = new RunExecution(start, planRef.plan)
  setHandler(operatorSignal, (message) => execution.operate(message))
  setHandler(connectionOpenSignal, (connection) => execution.resume(connection))
  const carried = await execution.run()
  if (carried === null) return
  await condition(allHandlersFinished)
  await continueAsNew<typeof runPlaybook>({ ...start, carried }, planRef)
}

class RunExecution {
  private readonly start: RunWorkflowStart
  private readonly plan: Plan
  private readonly steps: Map<string, PlanStep>
  private readonly inbox: Arrival[] = []
  private readonly timers = new Map<string, CancellationScope>()
  /** Budget slots of paced steps, from their wake-up to their next attempt. */
  private readonly slots = new Map<string, number>()
  private readonly commandIds: Set<string>
  private state: RunState | null
  /** How many inputs are applied. */
  private position: number
  private unrecorded: RunInput[] = []
  /** Whether the lists show what the run waits for. Not at first: one back from its record may have missed a message. */
  private settled = false
  /** The latest instant that an input carried. */
  private latest = 0
  private acting = 0
  private finished = false

  constructor(start: RunWorkflowStart, plan: Plan) {
    this.start = start
    this.plan = plan
    this.steps = new Map(plan.steps.map((step) => [step.id, step]))
    this.commandIds = new Set(start.carried?.commandIds ?? [])
    this.state = start.carried?.state ?? null
    this.position = start.carried?.position ?? 0
  }

  operate({ id, command }: { id: string; command: OperatorCommand }): void {
    if (this.commandIds.has(id)) return
    this.commandIds.add(id)
    this.inbox.push({ kind: 'operator', at: this.now(), id, command })
  }

  resume(connection: string): void {
    this.inbox.push({ kind: 'resume', at: this.now(), connection })
  }

  /** @returns null at the end of the run; else what a fresh history goes on with */
  async run(): Promise<Carried | null> {
    if (this.state === null) await this.openRecord()
    for (const command of outstanding(this.current())) this.carryOut(command)
    for (;;) {
      await this.applyArrivals()
      if (this.acting === 0) {
        if (this.finished) {
          await local.conclude({ ...this.ref(), record: this.takeRecord() })
          if (this.inbox.length === 0) return null
          continue
        }
        if (!this.settled) await this.settle()
        if (this.inbox.length > 0) continue
        if (shouldCarryOver(this.current())) return this.carry()
      }
      await condition(() => this.inbox.length > 0)
    }
  }

  private async applyArrivals(): Promise<void> {
    for (let arrival = this.inbox.shift(); arrival !== undefined; arrival = this.inbox.shift()) {
      const { input, recorded } = await this.complete(arrival)
      this.apply(input, recorded)
    }
  }

  private apply(input: RunInput, recorded: boolean): void {
    const { state, commands } = advance(this.plan, this.state, input)
    this.state = state
    this.position += 1
    this.latest = Math.max(this.latest, input.at)
    this.settled = false
    this.finished = false
    if (!recorded) this.unrecorded.push(input)
    for (const command of commands) this.carryOut(command)
  }

  private carryOut(command: RunCommand): void {
    switch (command.kind) {
      case 'act': {
        const step = this.steps.get(command.step)
        if (step?.op !== 'act') throw new Error(`The plan has no action ${command.step}.`)
        void this.act(step, command)
        return
      }
      case 'sleep':
        void this.sleep(command)
        return
      case 'cancelSleep':
        this.timers.get(timerKey(command))?.cancel()
        return
      case 'finish':
        this.finished = true
        return
      default:
        assertNever(command)
    }
  }

  private async act(step: ActStep, command: ActCommand): Promise<void> {
    const slot = this.slots.get(step.id) ?? null
    this.slots.delete(step.id)
    const record = this.settled ? null : this.takeRecord()
    this.acting += 1
    let performed: { outcome: StepOutcome; at: number }
    try {
      performed = await performOnce({ ...this.ref(), ...orderOf(this.current(), step, command), slot, record })
    } finally {
      this.acting -= 1
    }
    this.inbox.push({ kind: 'outcome', step: step.id, visit: command.visit, ...performed })
  }

  private async sleep(command: RunCommand & { kind: 'sleep' }): Promise<void> {
    const key = timerKey(command)
    const scope = new CancellationScope()
    this.timers.set(key, scope)
    try {
      await scope.run(() => sleep(Math.max(1, command.until - Date.now())))
      this.inbox.push({ kind: 'wake', step: command.step, visit: command.visit })
    } catch (error) {
      if (!isCancellation(error)) throw error
    } finally {
      if (this.timers.get(key) === scope) this.timers.delete(key)
    }
  }

  /** Turns an arrival into an input; a delay's end loads fresh facts, which are recorded before they are used. */
  private async complete(arrival: Arrival): Promise<{ input: RunInput; recorded: boolean }> {
    if (arrival.kind !== 'wake') return { input: arrival, recorded: false }
    const { step, visit } = arrival
    const asleep = this.current().steps[step]
    if (asleep?.status === 'paced' && asleep.until !== undefined) this.slots.set(step, asleep.until)
    if (asleep?.status !== 'waiting' || !readsFacts(this.plan))
      return { input: { kind: 'due', at: this.now(), step, visit, facts: null }, recorded: false }
    if (!this.settled) await this.settle()
    const { subject } = this.start
    const { reads } = this.plan
    const wake = { ...this.ref(), subject, reads, position: this.position, step, visit, epoch: Date.now() }
    return { input: await local.wake(wake), recorded: true }
  }

  private async openRecord(): Promise<void> {
    const { subject, trigger } = this.start
    const inputs = await local.begin({ ...this.ref(), subject, trigger, reads: this.plan.reads, epoch: Date.now() })
    for (const input of inputs) this.state = advance(this.plan, this.state, input).state
    this.position = inputs.length
    this.latest = Math.max(0, ...inputs.map((input) => input.at))
    // A command that is in the record was applied by an earlier execution; one still in the inbox was not.
    const applied = new Set(inputs.flatMap((input) => (input.kind === 'operator' ? [input.id] : [])))
    for (const id of applied) this.commandIds.add(id)
    const fresh = this.inbox.filter((arrival) => arrival.kind !== 'operator' || !applied.has(arrival.id))
    this.inbox.splice(0, this.inbox.length, ...fresh)
  }

  /** Makes the record complete before a wait; a connection that works again by now resumes its steps. */
  private async settle(): Promise<void> {
    for (const connection of await local.settle({ ...this.ref(), record: this.takeRecord() })) this.resume(connection)
  }

  private takeRecord(): RecordPart {
    const inputs = this.unrecorded
    this.unrecorded = []
    this.settled = true
    const summary = summaryOf(this.current(), (step) => connectionOf(this.steps.get(step)))
    return { from: this.position - inputs.length, inputs, epoch: Date.now(), summary }
  }

  /** Ends the timers of this history; their deadlines travel in the state. */
  private carry(): Carried {
    for (const scope of this.timers.values()) scope.cancel()
    return { state: this.current(), position: this.position, commandIds: [...this.commandIds] }
  }

  /** Never before what is recorded: the workflow's own time is that of its task's start. */
  private now(): number {
    return Math.max(Date.now(), this.latest)
  }

  private current(): RunState {
    if (this.state === null) throw new Error('The run has no state yet.')
    return this.state
  }

  private ref(): RunRef {
    return { workspaceId: this.start.workspaceId, runId: this.start.runId }
  }
}

const timerKey = ({ step, visit }: { step: string; visit: number }): string => `${step}:${visit}`

/** One attempt: on this worker while the action is quick, else on the shared queue with fairness between connections. */
async function performOnce(order: ActOrder): Promise<{ outcome: StepOutcome; at: number }> {
  const [here] = await local.perform([order])
  if (here === undefined) throw new Error('perform answered nothing for its order.')
  if (here.result.kind !== 'elsewhere') return { outcome: here.result, at: here.at }
  // Not eagerly: eager dispatch passes the queue's fairness and limits.
  const remote = proxyActivities<RunActivities>({
    taskQueue: actionQueueOf(workflowInfo().taskQueue),
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '30 seconds',
    allowEagerDispatch: false,
    priority: { fairnessKey: here.result.connectionId },
    retry: patient,
  })
  const [there] = await remote.perform([{ ...order, record: null }])
  if (there === undefined || there.result.kind === 'elsewhere') throw new Error('The action queue did not act.')
  return { outcome: there.result, at: there.at }
}

/** What the activity needs to act: the templates, and what they may read. */
function orderOf(state: RunState, step: ActStep, { visit, attempt }: ActCommand) {
  const { facts, trigger } = state
  const scope: TemplateScope = {
    contact: facts.contact && { ...facts.contact.properties, id: facts.contact.id },
    account: facts.account && { ...facts.account.properties, id: facts.account.id },
    trigger: trigger.data,
    steps: Object.fromEntries(step.readsSteps.map((id) => [id, state.steps[id]?.output ?? null])),
  }
  return { step: step.id, visit, attempt, action: step.type, connection: step.connection, input: step.input, scope }
}

const connectionOf = (step: PlanStep | undefined): string | null => (step?.op === 'act' ? step.connection : null)

const readsFacts = ({ reads }: Plan): boolean =>
  reads.properties.length + reads.segments.length + reads.signals.length + Object.keys(reads.events).length > 0

function shouldCarryOver(state: RunState): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  // Measuring the state costs; a short history cannot hold a large one.
  return continueAsNewSuggested || (historyLength > 50 && JSON.stringify(state).length > CARRY_OVER_BYTES)
}
