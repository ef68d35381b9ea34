import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Plan, PlanStep, TriggerData } from '../model/plan.ts'
import type { Facts, Instant, SubjectFacts, Trace } from '../model/rule.ts'
import type { Advanced, RunCommand, RunInput, RunState, RunStatus, StepOutcome, StepStatus } from '../model/run.ts'
import { stepsReadBy } from '../rules/reads.ts'
import { advance } from './advance.ts'
import { faultLeft } from './draft.ts'
import { type Entered, type Entry, mayEnter } from './may-enter.ts'
import { indexPlan, stepAt } from './plan-index.ts'
import { rulesOfStep } from './rules-of-step.ts'

type Values = { [name: string]: Json }

interface Readable {
  contact: Values | null
  account: Values | null
  trigger: Values
  steps: Values
}

/** What a dry run is told of the world. */
export interface Simulation {
  /** The record at the start; between waits and at every wake it is taken as unchanged. */
  facts: Facts
  trigger: TriggerData
  /** What an action would answer, e.g. the sample of its definition; a fault to see what follows a failure. */
  answer: (step: PlanStep & { op: 'act' }) => { output: Json } | { fault: Fault }
  /**
   * Fills an action's input: `renderInput` of engine/expression. An argument, because this room is part of the
   * workflow's bundle, which holds no expression parser.
   * @throws FaultError
   */
  render: (input: Values, scope: Readable) => Values
  /** What the subject has to do with this playbook so far; null: it was never in. */
  entered: Entered | null
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
}

/**
 * A run without writes: the same `advance`, with a virtual clock that jumps from wait to wait. What the enrollment
 * rules say comes first; the path is drawn all the same, so that a person sees both.
 */
export function simulate(plan: Plan, simulation: Simulation): Simulated {
  const { facts, trigger } = simulation
  const world: World = { plan, simulation, acts: [], sleeps: [], inputs: new Map(), notes: new Map(), outputs: {} }
  let at = facts.at
  let state = take(world, advance(plan, null, { kind: 'start', at, trigger, facts }))
  for (let input = nextInput(world, at); input !== null; input = nextInput(world, at)) {
    at = input.at
    state = take(world, advance(plan, state, input))
  }
  return {
    enrollment: enrollmentOf(plan, simulation),
    status: state.status,
    reason: state.reason,
    endedAt: at,
    steps: plan.steps.map((step) => describeStep(world, step, state)),
  }
}

interface World {
  plan: Plan
  simulation: Simulation
  /** What the run asked for and has not got yet. */
  acts: Array<RunCommand & { kind: 'act' }>
  sleeps: Array<RunCommand & { kind: 'sleep' }>
  /** What each action was filled with, or why it could not be. */
  inputs: Map<string, { input: Values } | { fault: Fault }>
  notes: Map<string, { why: Trace[]; text: string | null }>
  /** Made-up outputs, by step. */
  outputs: Values
}

function take(world: World, { state, commands, notes }: Advanced): RunState {
  for (const command of commands) {
    if (command.kind === 'act') world.acts.push(command)
    else if (command.kind === 'sleep') world.sleeps.push(command)
    else if (command.kind === 'cancelSleep')
      world.sleeps = world.sleeps.filter((sleep) => sleep.step !== command.step || sleep.visit !== command.visit)
  }
  for (const note of notes) world.notes.set(note.step, { why: note.why ?? [], text: note.text ?? null })
  return state
}

/** Actions answer at once; when nothing is left to answer, the clock jumps to the next wake. */
function nextInput(world: World, at: Instant): RunInput | null {
  const act = world.acts.shift()
  if (act) return { kind: 'outcome', at, step: act.step, visit: act.visit, outcome: answer(world, act.step) }
  const due = world.sleeps.reduce<World['sleeps'][number] | null>(
    (first, sleep) => (first === null || sleep.until < first.until ? sleep : first),
    null,
  )
  if (due === null) return null
  world.sleeps = world.sleeps.filter((sleep) => sleep !== due)
  const now = Math.max(at, due.until)
  return { kind: 'due', at: now, step: due.step, visit: due.visit, facts: { ...world.simulation.facts, at: now } }
}

function answer(world: World, id: string): StepOutcome {
  const { simulation } = world
  const step = stepAt(indexPlan(world.plan), id)
  if (step?.op !== 'act') throw new Error(`The plan asked to act at "${id}", which is no action.`)
  const filled = fill(world, step)
  world.inputs.set(id, filled)
  const answered = 'fault' in filled ? filled : simulation.answer(step)
  if ('output' in answered) world.outputs[id] = answered.output
  // Steps behind an error branch read why.
  else if (step.onFailure !== undefined) world.outputs[id] = { fault: faultLeft(answered.fault) }
  return 'output' in answered ? { kind: 'done', ...answered } : { kind: 'failed', ...answered }
}

function fill(world: World, step: PlanStep & { op: 'act' }): { input: Values } | { fault: Fault } {
  const { facts, trigger, render } = world.simulation
  const steps = Object.fromEntries(
    step.readsSteps.flatMap((id) => {
      const output = Object.hasOwn(world.outputs, id) ? world.outputs[id] : undefined
      return output === undefined ? [] : [[id, output]]
    }),
  )
  try {
    const scope = { contact: flat(facts.contact), account: flat(facts.account), trigger: trigger.data, steps }
    return { input: render(step.input, scope) }
  } catch (error) {
    if (error instanceof FaultError) return { fault: error.fault }
    throw error
  }
}

const flat = (subject: SubjectFacts | null): Values | null =>
  subject === null ? null : { ...subject.properties, id: subject.id, externalId: subject.externalId }

function enrollmentOf(plan: Plan, { facts, entered }: Simulation): Entry {
  if (facts[plan.subject] === null)
    return {
      ok: false,
      code: plan.subject === 'contact' ? 'NO_CONTACT' : 'NO_ACCOUNT',
      reason: `This playbook runs for ${plan.subject}s, and there is no ${plan.subject}.`,
      again: null,
    }
  return mayEnter(plan.enrollment.reentry, entered, facts.at)
}

function describeStep(world: World, step: PlanStep, state: RunState): SimulatedStep {
  const known = state.steps[step.id]
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
    assumed: known !== undefined && readsOutputs(step).some((id) => Object.hasOwn(world.outputs, id)),
  }
}

/** Ids of the steps whose outputs it reads. */
export function readsOutputs(step: PlanStep): string[] {
  if (step.op === 'act') return step.readsSteps
  if (step.op === 'branch' || step.op === 'waitRule') return rulesOfStep(step).flatMap(stepsReadBy)
  return pathsOf(step).flatMap((path) => {
    const [root, id] = path.split('.')
    return root === 'steps' && id !== undefined ? [id] : []
  })
}

function pathsOf(step: PlanStep): string[] {
  if (step.op === 'waitEvent') return step.keys.map(({ path }) => path)
  if (step.op === 'each') return [step.list]
  return step.op === 'delay' && step.delay.mode === 'untilDate' ? [step.delay.property] : []
}
