import type { Plan } from '../model/plan.ts'
import type { Instant, Trace } from '../model/rule.ts'
import type { Advanced, RunInput, RunState, RunStatus, StepStatus } from '../model/run.ts'
import { follow, migrationOf, type UnderPlan } from './follow.ts'
import { PlanMismatch } from './plan-index.ts'

/** One thing that happened in a run, as its page tells it. */
export interface TimelineEntry {
  at: Instant
  /** Which input brought it about: its position in the record. */
  input: number
  /** Null: the run itself. */
  step: string | null
  what: StepStatus | RunStatus | 'note'
  visit?: number
  attempt?: number
  port?: string
  until?: Instant
  why?: Trace[]
  text?: string
}

export interface Replayed {
  state: RunState | null
  timeline: TimelineEntry[]
  /** What it goes by at the end of the record, and its content address. */
  plan: Plan
  hash: string
  /** Where it went over to another version: from this input on. Empty where it never did. */
  versions: Array<{ input: number; from: number; to: number }>
}

/** The plan a run began under, and those that its record leads it to. */
export interface RunPlans {
  first: UnderPlan
  planOf: (hash: string) => Plan
}

/**
 * The run as its record tells it: the same `advance` over the recorded inputs.
 * @param plans a plan alone where the run cannot have gone over to another
 * @param from the state the record goes on from (a restored run); null: from the start
 */
export function replay(plans: Plan | RunPlans, inputs: readonly RunInput[], from: RunState | null = null): Replayed {
  const { first, planOf } = 'first' in plans ? plans : onlyPlan(plans)
  const timeline: TimelineEntry[] = []
  const versions: Replayed['versions'] = []
  let under = first
  let state = from
  for (const [position, input] of inputs.entries()) {
    const next = follow({ under, planOf }, state, input)
    timeline.push(...entriesOf({ input, position }, state, next))
    const migration = migrationOf(input)
    if (migration !== null && next.refused === null)
      versions.push({ input: position, from: migration.from.version, to: migration.to.version })
    state = next.state
    under = next.under
  }
  return { state, timeline, ...under, versions }
}

/** The version that held when an input came. @param last the one that holds now */
export function versionAt(versions: Replayed['versions'], input: number, last: number): number {
  const later = versions.find((change) => change.input > input)
  return later === undefined ? last : later.from
}

const onlyPlan = (plan: Plan): RunPlans => ({
  first: { hash: '', plan },
  planOf: (hash) => {
    throw new PlanMismatch(`The record leads to the plan ${hash}, which is not at hand.`)
  },
})

function entriesOf(
  { input, position }: { input: RunInput; position: number },
  state: RunState | null,
  next: Advanced,
): TimelineEntry[] {
  const at = { at: input.at, input: position }
  const notes = new Map(next.notes.map((note) => [note.step, note]))
  const changed = changedSteps(state, next)
  const steps = changed.map((id): TimelineEntry => {
    const step = next.state.steps[id] ?? next.over?.[id]
    const note = notes.get(id)
    return {
      ...at,
      step: id,
      what: step?.status ?? 'pending',
      ...(step && step.attempts > 0 ? { visit: step.visit, attempt: step.attempts } : {}),
      ...(step?.port === undefined ? {} : { port: step.port }),
      ...(step?.until === undefined ? {} : { until: step.until }),
      ...(note?.why === undefined ? {} : { why: note.why }),
      ...textOf(note?.text ?? step?.fault?.message),
    }
  })
  // The last note of a step that changed is told with it.
  const rest = next.notes.filter((note) => notes.get(note.step) !== note || !changed.includes(note.step))
  const said = rest.map(
    (note): TimelineEntry => ({
      ...at,
      step: note.step === '' ? null : note.step,
      what: 'note',
      ...(note.why === undefined ? {} : { why: note.why }),
      ...textOf(note.text),
    }),
  )
  if (state?.status === next.state.status) return [...steps, ...said]
  return [...steps, ...said, { ...at, step: null, what: next.state.status, ...textOf(next.state.reason) }]
}

const textOf = (text: string | null | undefined): { text?: string } => (text ? { text } : {})

function changedSteps(before: RunState | null, { state: after, over = {} }: Advanced): string[] {
  if (before?.steps === after.steps) return []
  const known = before?.steps ?? {}
  const changed = Object.keys(after.steps).filter((id) => known[id] !== after.steps[id])
  // Taken out with its item as it was: nothing new of it. One that is gone and not over is open again.
  const gone = Object.keys(known).filter((id) => after.steps[id] === undefined && over[id] !== known[id])
  const passed = Object.keys(over).filter((id) => known[id] === undefined)
  return [...changed, ...gone, ...passed]
}
