import type { Plan } from '../model/plan.ts'
import type { Instant, Trace } from '../model/rule.ts'
import type { Advanced, RunInput, RunState, RunStatus, StepStatus } from '../model/run.ts'
import { advance } from './advance.ts'

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
}

/**
 * The run as its record tells it: the same `advance` over the recorded inputs.
 * @param from the state the record goes on from (a migrated or restored run); null: from the start
 */
export function replay(plan: Plan, inputs: readonly RunInput[], from: RunState | null = null): Replayed {
  const timeline: TimelineEntry[] = []
  let state = from
  for (const [position, input] of inputs.entries()) {
    const next = advance(plan, state, input)
    const notes = new Map(next.notes.map((note) => [note.step, note]))
    for (const id of changedSteps(state, next)) {
      const step = next.state.steps[id] ?? next.over?.[id]
      const note = notes.get(id)
      notes.delete(id)
      timeline.push({
        at: input.at,
        input: position,
        step: id,
        what: step?.status ?? 'pending',
        ...(step && step.attempts > 0 ? { visit: step.visit, attempt: step.attempts } : {}),
        ...(step?.port === undefined ? {} : { port: step.port }),
        ...(step?.until === undefined ? {} : { until: step.until }),
        ...(note?.why === undefined ? {} : { why: note.why }),
        ...textOf(note?.text ?? step?.fault?.message),
      })
    }
    for (const note of notes.values())
      timeline.push({
        at: input.at,
        input: position,
        step: note.step === '' ? null : note.step,
        what: 'note',
        ...(note.why === undefined ? {} : { why: note.why }),
        ...textOf(note.text),
      })
    if (state?.status !== next.state.status)
      timeline.push({
        at: input.at,
        input: position,
        step: null,
        what: next.state.status,
        ...textOf(next.state.reason),
      })
    state = next.state
  }
  return { state, timeline }
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
