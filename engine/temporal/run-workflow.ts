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
import type { RunCommand, RunInput, RunState, StepOutcome } from '../model/run.ts'
import type { RecordPart } from '../ports.ts'
import { advance } from '../run/advance.ts'
import { outstanding } from '../run/outstanding.ts'
import { summaryOf } from '../run/summary.ts'
import {
  type ActOrder,
  connectionOpenSignal,
  operatorSignal,
  type PlanRef,
  type RunActivities,
  type RunWorkflowStart,
} from './messages.ts'

/** Where slow actions go. Here and not in ids.ts, which needs node:crypto. */
const ACTION_QUEUE = 'signalbox-actions'
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

/**
 * The one workflow for runs: hands the commands of `advance` to activities and timers and feeds the results back,
 * one at a time, until there is nothing left to do. All meaning is in `advance`; this is its durable shell.
 */
export async function runPlaybook(start: RunWorkflowStart, planRef: PlanRef): Promise<void> {
  const { plan } = planRef
  const steps = new Map(plan.steps.map((step) => [step.id, step]))
  const inbox: Arrival[] = []
  const timers = new Map<string, CancellationScope>()
  /** Budget slots of paced steps, from their wake-up to their next attempt. */
  const slots = new Map<string, number>()
  const commandIds = new Set(start.carried?.commandIds ?? [])
  let acting = 0
  let finished = false
  let state: RunState | null = start.carried?.state ?? null
  let position = start.carried?.position ?? 0
  let unrecorded: RunInput[] = []
  /** Whether the lists show what the run waits for. Not at first: one back from its record may have missed a message. */
  let settled = false

  setHandler(operatorSignal, ({ id, command }) => {
    if (commandIds.has(id)) return
    commandIds.add(id)
    inbox.push({ kind: 'operator', at: Date.now(), id, command })
  })
  setHandler(connectionOpenSignal, (connection) => {
    inbox.push({ kind: 'resume', at: Date.now(), connection })
  })

  const current = (): RunState => {
    if (state === null) throw new Error('The run has no state yet.')
    return state
  }
  const takeRecord = (): RecordPart => {
    const part = {
      from: position - unrecorded.length,
      inputs: unrecorded,
      epoch: Date.now(),
      summary: summaryOf(current(), (step) => connectionOf(steps.get(step))),
    }
    unrecorded = []
    settled = true
    return part
  }

  const act = async (step: PlanStep & { op: 'act' }, command: RunCommand & { kind: 'act' }): Promise<void> => {
    const order = { ...orderOf(start, current(), [step, command]), slot: slots.get(step.id) ?? null }
    slots.delete(step.id)
    acting += 1
    let outcome: StepOutcome
    try {
      outcome = await performOnce({ ...order, record: settled ? null : takeRecord() })
    } finally {
      acting -= 1
    }
    inbox.push({ kind: 'outcome', at: Date.now(), step: step.id, visit: command.visit, outcome })
  }

  const wait = async (command: RunCommand & { kind: 'sleep' }): Promise<void> => {
    const key = `${command.step}:${command.visit}`
    const scope = new CancellationScope()
    timers.set(key, scope)
    try {
      await scope.run(() => sleep(Math.max(1, command.until - Date.now())))
      inbox.push({ kind: 'wake', step: command.step, visit: command.visit })
    } catch (error) {
      if (!isCancellation(error)) throw error
    } finally {
      if (timers.get(key) === scope) timers.delete(key)
    }
  }

  const carryOut = (command: RunCommand): void => {
    switch (command.kind) {
      case 'act': {
        const step = steps.get(command.step)
        if (step?.op !== 'act') throw new Error(`The plan has no action ${command.step}.`)
        void act(step, command)
        return
      }
      case 'sleep':
        void wait(command)
        return
      case 'cancelSleep':
        timers.get(`${command.step}:${command.visit}`)?.cancel()
        return
      case 'finish':
        finished = true
        return
      default:
        assertNever(command)
    }
  }

  /** Turns an arrival into an input; a delay's end loads fresh facts, which are recorded before they are used. */
  const complete = async (arrival: Arrival): Promise<{ input: RunInput; recorded: boolean }> => {
    if (arrival.kind !== 'wake') return { input: arrival, recorded: false }
    const { step, visit } = arrival
    const waiting = current().steps[step]
    const delayed = waiting?.status === 'waiting'
    if (waiting?.status === 'paced' && waiting.until !== undefined) slots.set(step, waiting.until)
    if (!delayed || !readsFacts(plan))
      return { input: { kind: 'due', at: Date.now(), step, visit, facts: null }, recorded: false }
    if (unrecorded.length > 0) await local.settle({ ...refOf(start), record: takeRecord() })
    const order = {
      ...refOf(start),
      subject: start.subject,
      reads: plan.reads,
      position,
      step,
      visit,
      epoch: Date.now(),
    }
    return { input: await local.wake(order), recorded: true }
  }

  const apply = (input: RunInput, recorded: boolean): void => {
    const advanced = advance(plan, state, input)
    state = advanced.state
    position += 1
    settled = false
    if (!recorded) unrecorded.push(input)
    finished = false
    for (const command of advanced.commands) carryOut(command)
  }

  const openRecord = async (): Promise<void> => {
    const order = {
      ...refOf(start),
      subject: start.subject,
      trigger: start.trigger,
      reads: plan.reads,
      epoch: Date.now(),
    }
    const inputs = await local.begin(order)
    for (const input of inputs) state = advance(plan, state, input).state
    // A command that is in the record was applied by an earlier execution; one still in the inbox was not.
    const applied = new Set(inputs.flatMap((input) => (input.kind === 'operator' ? [input.id] : [])))
    for (const id of applied) commandIds.add(id)
    inbox.splice(0, inbox.length, ...inbox.filter((a) => a.kind !== 'operator' || !applied.has(a.id)))
    position = inputs.length
  }

  if (state === null) await openRecord()
  for (const command of outstanding(current())) carryOut(command)
  for (;;) {
    while (inbox.length > 0) {
      const arrival = inbox.shift()
      if (arrival === undefined) break
      const { input, recorded } = await complete(arrival)
      apply(input, recorded)
    }
    if (finished && acting === 0) {
      await local.conclude({ ...refOf(start), record: takeRecord() })
      if (inbox.length === 0) return
      continue
    }
    if (acting === 0) {
      if (!settled) {
        const reopened = await local.settle({ ...refOf(start), record: takeRecord() })
        for (const connection of reopened) inbox.push({ kind: 'resume', at: Date.now(), connection })
        if (inbox.length > 0) continue
      }
      if (shouldCarryOver(current())) break
    }
    await condition(() => inbox.length > 0)
  }

  await condition(allHandlersFinished)
  for (const scope of timers.values()) scope.cancel()
  const carried = { state: current(), position, commandIds: [...commandIds] }
  await continueAsNew<typeof runPlaybook>({ ...start, carried }, planRef)
}

/** One attempt: on this worker while the action is quick, else on the shared queue with fairness between connections. */
async function performOnce(order: ActOrder): Promise<StepOutcome> {
  const [result] = await local.perform([order])
  if (result === undefined) throw new Error('perform answered nothing for its order.')
  if (result.kind !== 'elsewhere') return result
  // Not eagerly: eager dispatch passes the queue's fairness and limits.
  const remote = proxyActivities<RunActivities>({
    taskQueue: ACTION_QUEUE,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '30 seconds',
    allowEagerDispatch: false,
    priority: { fairnessKey: result.connectionId },
    retry: patient,
  })
  const [outcome] = await remote.perform([{ ...order, record: null }])
  if (outcome === undefined || outcome.kind === 'elsewhere') throw new Error('The action queue did not act.')
  return outcome
}

function orderOf(
  start: RunWorkflowStart,
  state: RunState,
  [step, command]: [PlanStep & { op: 'act' }, RunCommand & { kind: 'act' }],
): Omit<ActOrder, 'record' | 'slot'> {
  const { facts, trigger } = state
  return {
    ...refOf(start),
    step: step.id,
    visit: command.visit,
    attempt: command.attempt,
    action: step.type,
    connection: step.connection,
    input: step.input,
    scope: {
      contact: facts.contact && { ...facts.contact.properties, id: facts.contact.id },
      account: facts.account && { ...facts.account.properties, id: facts.account.id },
      trigger: trigger.data,
      steps: Object.fromEntries(step.readsSteps.map((id) => [id, state.steps[id]?.output ?? null])),
    },
  }
}

const refOf = ({ workspaceId, runId }: RunWorkflowStart) => ({ workspaceId, runId })

const connectionOf = (step: PlanStep | undefined): string | null => (step?.op === 'act' ? step.connection : null)

const readsFacts = ({ reads }: Plan): boolean =>
  reads.properties.length + reads.segments.length + reads.signals.length + Object.keys(reads.events).length > 0

function shouldCarryOver(state: RunState): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  // Measuring the state costs; a short history cannot hold a large one.
  return continueAsNewSuggested || (historyLength > 50 && JSON.stringify(state).length > CARRY_OVER_BYTES)
}
