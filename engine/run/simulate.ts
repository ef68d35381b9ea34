import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { type Plan, type PlanStep, TIMEOUT_PORT, type TriggerData } from '../model/plan.ts'
import type { Facts, Instant, Trace } from '../model/rule.ts'
import type {
  Advanced,
  HeardEvent,
  OperatorCommand,
  RunCommand,
  RunInput,
  RunState,
  RunStatus,
  StepOutcome,
  StepState,
  StepStatus,
} from '../model/run.ts'
import { advance } from './advance.ts'
import { templateScopeOf } from './act-order.ts'
import { faultLeft } from './draft.ts'
import { stepOf } from './instance.ts'
import { type Entered, type Entry, entryKeyOf, mayEnter } from './may-enter.ts'
import { isMeant } from './listens.ts'
import { indexPlan, stepAt } from './plan-index.ts'
import { restingOn } from './reads-of-step.ts'

type Values = { [name: string]: Json }

interface Readable {
  contact: Values | null
  account: Values | null
  trigger: Values
  steps: Values
  vars: Values
  item: Json
}

/** What a dry run is told of the world. */
export interface Simulation {
  /** The record at the start; between waits and at every wake it is taken as unchanged. */
  facts: Facts
  trigger: TriggerData
  /**
   * What an action would answer, e.g. the sample of its definition; a fault to see what follows a failure. Of a step
   * that asks somebody `port` is the answer, at once; left out: the first that it has. `timeout`: nobody answers.
   */
  answer: (step: PlanStep & { op: 'act' }, instance: string) => { output: Json; port?: string } | { fault: Fault }
  /** By step: what its wait comes to. Left out: as time and the facts alone have it. */
  waits?: { [step: string]: Assumption }
  /** What happens to the run beside time, ascending. */
  later?: Later[]
  /** By `step:visit` of a sleep: the facts with which the run wakes from it. Left out: the newest there are. */
  wakes?: { [sleep: string]: Facts }
  /**
   * Fills an action's input: `renderInput` of engine/expression. An argument, because this room is part of the
   * workflow's bundle, which holds no expression parser.
   * @throws FaultError
   */
  render: (input: Values, scope: Readable) => Values
  /** What the subject (and its key) has to do with this playbook so far; null: it was never in. */
  entered: Entered | null
  /** Percent of all that the workspace holds out; left out: none. */
  holdoutPercent?: number
  /** Why an action would not be done then, though it could be: quiet hours and caps. Left out: nothing stands in the way. */
  reach?: (action: string, input: Values, at: Instant) => (StepOutcome & { kind: 'paced' | 'withheld' }) | null
}

/** What is taken to become of a wait. */
export type Assumption =
  /** What it waits for happens so long after it began: the event, the rule's turning true, the answer by a port. */
  | { kind: 'happens'; afterMs: number; properties?: Values; port?: string }
  /** It does not happen; the wait ends by its longest time, if it has one. */
  | { kind: 'never' }

/** New facts, and the event that brought them where it was one. */
export interface Later {
  at: Instant
  facts: Facts
  event: HeardEvent | null
}

/** What a write would send. */
export interface SimulatedEffect {
  /** The instance: within a list one for each item. */
  step: string
  at: Instant
  input: Values
}

export interface SimulatedStep {
  step: string
  label: string
  type: string
  status: StepStatus
  /** When it was reached; null where it was not. */
  at: Instant | null
  endedAt: Instant | null
  port: string | null
  why: Trace[]
  text: string | null
  /** What the write would send; null for steps that send nothing or could not be filled. */
  input: Values | null
  fault: Fault | null
  /** Rests on made-up outputs of earlier steps: what really happens may differ. */
  assumed: boolean
}

export interface Simulated {
  enrollment: Entry
  status: RunStatus
  reason: string | null
  /** The virtual time of the end. */
  endedAt: Instant
  /** In the plan's order. */
  steps: SimulatedStep[]
  /** In order of time. */
  effects: SimulatedEffect[]
}

/**
 * A run without writes: the same `advance`, with a virtual clock that jumps from wait to wait. What the enrollment
 * rules say comes first; the path is drawn all the same, so that a person sees both.
 */
export function simulate(plan: Plan, simulation: Simulation): Simulated {
  const { facts, trigger } = simulation
  const world: World = {
    plan,
    simulation,
    acts: [],
    sleeps: [],
    asked: [],
    ahead: [...(simulation.later ?? [])],
    assumed: new Set(),
    known: facts,
    effects: [],
    state: null,
    over: new Map(),
    inputs: new Map(),
    notes: new Map(),
    outputs: {},
  }
  let at = facts.at
  let state = take(world, advance(plan, null, { kind: 'start', at, trigger, facts }))
  for (let input = nextInput(world, at); input !== null; input = nextInput(world, at)) {
    at = input.at
    state = take(world, advance(plan, state, input))
  }
  const assumed = restingOn(plan, (id) => Object.hasOwn(world.outputs, id))
  return {
    enrollment: enrollmentOf(plan, simulation),
    status: state.status,
    reason: state.reason,
    endedAt: at,
    steps: plan.steps.map((step) => describeStep(world, step, { state, assumed })),
    effects: world.effects,
  }
}

interface World {
  plan: Plan
  simulation: Simulation
  /** What the run asked for and has not got yet. */
  acts: Array<RunCommand & { kind: 'act' }>
  sleeps: Array<RunCommand & { kind: 'sleep' }>
  /** Answers on their way to steps that have asked. */
  asked: Array<OperatorCommand & { kind: 'answer' }>
  /** What is still to happen, ascending: facts and events that were given, and what waits are taken to come to. */
  ahead: Array<Later | Awaited>
  /** Waits, by instance and visit, for which the assumption is under way. */
  assumed: Set<string>
  /** The newest facts. */
  known: Facts
  effects: SimulatedEffect[]
  state: RunState | null
  /** Of the steps for the items of a list: how they ended for the last of them, or for the first that failed. */
  over: Map<string, StepState>
  /** What each action was filled with, or why it could not be; of an item of a list, the last. */
  inputs: Map<string, { input: Values } | { fault: Fault }>
  notes: Map<string, { why: Trace[]; text: string | null }>
  /** Made-up outputs, by step. */
  outputs: Values
}

function take(world: World, { state, commands, notes, over = {} }: Advanced): RunState {
  world.state = state
  for (const command of commands) {
    if (command.kind === 'act') world.acts.push(command)
    else if (command.kind === 'sleep') world.sleeps.push(command)
    else if (command.kind === 'cancelSleep')
      world.sleeps = world.sleeps.filter((sleep) => sleep.step !== command.step || sleep.visit !== command.visit)
  }
  for (const note of notes) world.notes.set(stepOf(note.step), { why: note.why ?? [], text: note.text ?? null })
  for (const id of state.open) awaitAssumed(world, state, id)
  for (const [id, ended] of Object.entries(over))
    if (world.over.get(stepOf(id))?.status !== 'failed') world.over.set(stepOf(id), ended)
  return state
}

/** Actions answer at once; when nothing is left to answer, the clock jumps to the next wake. */
function nextInput(world: World, at: Instant): RunInput | null {
  const act = world.acts.shift()
  if (act) return { kind: 'outcome', at, step: act.step, visit: act.visit, outcome: answer(world, act, at) }
  const command = world.asked.shift()
  if (command)
    return { kind: 'operator', at, id: `${command.step}:${command.visit}`, command, facts: factsAt(world, at) }
  const due = world.sleeps.reduce<World['sleeps'][number] | null>(
    (first, sleep) => (first === null || sleep.until < first.until ? sleep : first),
    null,
  )
  const [next] = world.ahead
  if (world.state?.open.length === 0) return null
  if (next !== undefined && (due === null || next.at < due.until)) return happen(world, at)
  if (due === null) return null
  world.sleeps = world.sleeps.filter((sleep) => sleep !== due)
  const now = Math.max(at, due.until)
  const { [`${due.step}:${due.visit}`]: woken } = world.simulation.wakes ?? {}
  if (woken !== undefined) world.known = woken
  return { kind: 'due', at: now, step: due.step, visit: due.visit, facts: factsAt(world, now) }
}

const factsAt = ({ known }: World, at: Instant): Facts => ({ ...known, at })

/** A wait of which it is taken that it comes to its end. */
interface Awaited {
  at: Instant
  step: string
  visit: number
  assumption: Assumption & { kind: 'happens' }
}

const isAwaited = (ahead: Later | Awaited): ahead is Awaited => 'assumption' in ahead

/** A step that has begun to wait, and of which something is assumed, comes to it in its time. */
function awaitAssumed(world: World, state: RunState, id: string): void {
  const { waits = {} } = world.simulation
  const step = stepOf(id)
  const assumption = Object.hasOwn(waits, step) ? waits[step] : undefined
  const known = state.steps[id]
  const key = `${id}:${known?.visit ?? 0}`
  if (assumption?.kind !== 'happens' || known?.status !== 'waiting' || world.assumed.has(key)) return
  world.assumed.add(key)
  const awaited = { at: (known.startedAt ?? 0) + assumption.afterMs, step: id, visit: known.visit, assumption }
  const place = world.ahead.findIndex(({ at }) => at > awaited.at)
  world.ahead.splice(place < 0 ? world.ahead.length : place, 0, awaited)
}

/** The next thing that happens, as it is told to the run; what does not concern it any more changes nothing. */
function happen(world: World, now: Instant): RunInput | null {
  const next = world.ahead.shift()
  if (next === undefined) return null
  const at = Math.max(now, next.at)
  if (isAwaited(next)) {
    const { status, visit } = world.state?.steps[next.step] ?? {}
    return status === 'waiting' && visit === next.visit ? comesTrue(world, next, at) : nextInput(world, now)
  }
  world.known = next.facts
  const facts = factsAt(world, at)
  const { event } = next
  const hearing = event === null ? undefined : waitingFor(world, event, { now: at, except: null })
  if (event === null || hearing === undefined) return { kind: 'look', at, facts }
  // Others may wait for the same event, and rules may turn by it.
  world.ahead.unshift({
    ...next,
    event: waitingFor(world, event, { now: at, except: hearing }) === undefined ? null : event,
  })
  return { kind: 'event', at, step: hearing, visit: visitOf(world, hearing), event, facts }
}

const visitOf = ({ state }: World, id: string): number => state?.steps[id]?.visit ?? 1

function waitingFor(
  { plan, state }: World,
  event: HeardEvent,
  { now, except }: { now: Instant; except: string | null },
): string | undefined {
  return state?.open.find((id) => {
    const step = stepAt(indexPlan(plan), id)
    const { status, keys = {} } = state.steps[id] ?? {}
    return id !== except && step?.op === 'waitEvent' && status === 'waiting' && isMeant({ ...step, keys }, event, now)
  })
}

function comesTrue(world: World, { step: id, visit, assumption }: Awaited, at: Instant): RunInput {
  const step = stepAt(indexPlan(world.plan), id)
  const facts = factsAt(world, at)
  const { properties = {}, port } = assumption
  if (step?.op === 'waitEvent') {
    const event: HeardEvent = { id: `assumed-${id}`, name: step.event, at, properties }
    return { kind: 'event', at, step: id, visit, event, facts }
  }
  const operator = (command: OperatorCommand): RunInput => ({
    kind: 'operator',
    at,
    id: `assumed:${id}:${visit}`,
    command,
    facts,
  })
  if (step?.op === 'act' && step.answer !== undefined)
    return operator({
      kind: 'answer',
      step: id,
      visit,
      port: port ?? step.answer.ports[0] ?? '',
      output: properties,
      by: 'the dry run',
    })
  return operator({
    kind: 'skip',
    step: id,
    ...(step?.op === 'waitRule' ? { port: 'met' } : port === undefined ? {} : { port }),
  })
}

function answer(world: World, { step: id, visit }: RunCommand & { kind: 'act' }, at: Instant): StepOutcome {
  const { simulation } = world
  const step = stepAt(indexPlan(world.plan), id)
  if (step?.op !== 'act') throw new Error(`The plan asked to act at "${id}", which is no action.`)
  const filled = fill(world, step, id)
  world.inputs.set(step.id, filled)
  const kept = 'input' in filled ? (simulation.reach?.(step.type, filled.input, at) ?? null) : null
  if (kept !== null) return kept
  if ('input' in filled && step.sets === undefined)
    world.effects.push({ step: id, at: world.state?.steps[id]?.startedAt ?? 0, input: filled.input })
  // Nobody is asked for a variable: it is worked out.
  if (step.sets !== undefined && 'input' in filled) return { kind: 'done', output: filled.input }
  const answered = 'fault' in filled ? filled : simulation.answer(step, id)
  if ('output' in answered) world.outputs[step.id] = answered.output
  // Steps behind an error branch read why.
  else if (step.onFailure !== undefined) world.outputs[step.id] = { fault: faultLeft(answered.fault) }
  if ('fault' in answered) return { kind: 'failed', fault: answered.fault }
  const { output, port = step.answer?.ports[0] } = answered
  // What is said of the wait itself is told when its time has come.
  const isSaid = Object.hasOwn(simulation.waits ?? {}, step.id)
  if (step.answer !== undefined && port !== undefined && port !== TIMEOUT_PORT && !isSaid)
    world.asked.push({ kind: 'answer', step: id, visit, port, output: {}, by: 'the sample' })
  return { kind: 'done', output }
}

function fill(world: World, step: PlanStep & { op: 'act' }, id: string): { input: Values } | { fault: Fault } {
  if (world.state === null) throw new Error('The run has no state yet.')
  try {
    return { input: world.simulation.render(step.input, templateScopeOf(world.state, step, id)) }
  } catch (error) {
    if (error instanceof FaultError) return { fault: error.fault }
    throw error
  }
}

function enrollmentOf(plan: Plan, { facts, trigger, entered, holdoutPercent = 0 }: Simulation): Entry {
  const subject = facts[plan.subject]
  if (subject === null)
    return {
      ok: false,
      code: plan.subject === 'contact' ? 'NO_CONTACT' : 'NO_ACCOUNT',
      reason: `This playbook runs for ${plan.subject}s, and there is no ${plan.subject}.`,
      again: null,
    }
  const key = entryKeyOf(plan.enrollment.reentry, trigger.data)
  if (!key.ok) return key
  return mayEnter(plan.enrollment, { subjectId: subject.id, before: entered, holdoutPercent }, facts.at)
}

function describeStep(
  world: World,
  step: PlanStep,
  { state, assumed }: { state: RunState; assumed: ReadonlySet<string> },
): SimulatedStep {
  const known = state.steps[step.id] ?? world.over.get(step.id) ?? neverBegun(step, state)
  const filled = world.inputs.get(step.id)
  const note = world.notes.get(step.id)
  return {
    step: step.id,
    label: step.label,
    type: step.type,
    status: known?.status ?? 'pending',
    at: known?.startedAt ?? null,
    endedAt: known?.endedAt ?? null,
    port: known?.port ?? null,
    why: note?.why ?? [],
    text: note?.text ?? known?.fault?.message ?? null,
    input: filled && 'input' in filled ? filled.input : null,
    fault: known?.fault ?? null,
    assumed: known !== undefined && assumed.has(step.id),
  }
}

/** For no item of its list, though that is over. */
function neverBegun(step: PlanStep, state: RunState): StepState | undefined {
  const list = step.within === undefined ? undefined : state.steps[step.within]
  return list === undefined || list.loop !== undefined ? undefined : { status: 'skipped', visit: 0, attempts: 0 }
}
