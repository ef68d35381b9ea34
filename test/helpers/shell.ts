import type { Fault } from '../../nodes/fault.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { Facts, Instant } from '../../engine/model/rule.ts'
import type { Advanced, OperatorCommand, RunCommand, RunInput, RunState, StepOutcome } from '../../engine/model/run.ts'
import { advance } from '../../engine/run/advance.ts'
import { indexPlan, stepAt } from '../../engine/run/plan-index.ts'

export const testFault: Fault = { code: 'NOT_FOUND', who: 'user', message: 'Not there.', fix: 'Make it.' }

type Act = RunCommand & { kind: 'act' }
type Sleep = RunCommand & { kind: 'sleep' }
/** What may arrive next: an outcome of one of the acts, the end of one of the sleeps, a connection, a person. */
export type Open =
  | Act
  | Sleep
  | { kind: 'event' | 'answer'; step: string; visit: number }
  | { kind: 'resume'; connection: string }
  | { kind: 'settle'; step: string }

export interface ShellOptions {
  facts: Facts
  start: string
  /** Picks which of the open things arrives: a number below `count`. */
  pick: (count: number) => number
  outcome: (act: Act) => StepOutcome
  /** Nothing that a step waits for happens: waits end by time alone. */
  quiet?: boolean
  /** What a person says before the next thing arrives; null: nothing. Whoever pauses lets it go on when nothing else is left. */
  meddle?: (state: RunState) => OperatorCommand | null
  /** Called after each input. */
  after?: (input: RunInput, before: RunState | null, next: Advanced) => void
  /** Goes on from a finished run. */
  resumeFrom?: { state: RunState; input: RunInput }
}

export interface ShellRun {
  state: RunState
  inputs: RunInput[]
  acts: Act[]
  finishes: Array<RunCommand & { kind: 'finish' }>
}

/**
 * The least shell that can run a plan: it keeps what is open and lets one thing arrive at a time, in any order. It
 * wakes sleeps out of their order, which a correct interpreter must not mind. State goes through JSON at every step.
 * @throws Error when the run does not end
 */
export function runShell(plan: Plan, options: ShellOptions): ShellRun {
  const { facts, start } = options
  let at: Instant = facts.at
  let state: RunState | null = null
  let open: Open[] = []
  const run: Omit<ShellRun, 'state'> = { inputs: [], acts: [], finishes: [] }
  let input: RunInput = { kind: 'start', at, trigger: { step: start, data: {} }, facts }
  if (options.resumeFrom) ({ state, input } = options.resumeFrom)
  for (let steps = 0; ; steps += 1) {
    if (steps > 2000) throw new Error('The run does not end.')
    const next: Advanced = advance(plan, state, input)
    run.inputs.push(input)
    options.after?.(input, state, next)
    state = JSON.parse(JSON.stringify(next.state)) as RunState
    open = stillOpen(open, next, run)
    if (!options.quiet)
      open = [...open.filter(({ kind }) => kind !== 'event' && kind !== 'answer'), ...happenings(plan, next.state)]
    const finished = next.commands.some((command) => command.kind === 'finish')
    const command = finished ? null : said(options, state, open.length)
    if (command !== null) {
      at += 1
      input = { kind: 'operator', at, id: `meddle-${at}`, command, facts: { ...facts, at } }
      continue
    }
    if (open.length === 0) {
      if (!finished) throw new Error(`Nothing is open and the run is ${state.status}: it hangs.`)
      return { ...run, state }
    }
    if (finished) throw new Error(`The run is finished with ${JSON.stringify(open)} still open.`)
    const chosen: Open | undefined = open.splice(options.pick(open.length), 1)[0]
    if (!chosen) throw new Error('pick() went out of range.')
    at = Math.max(at + 1, chosen.kind === 'sleep' ? chosen.until : 0)
    input = arrival(chosen, at, options)
    if (input.kind === 'outcome' && input.outcome.kind === 'held')
      open.push({ kind: 'resume', connection: input.outcome.connection })
    if (input.kind === 'outcome' && input.outcome.kind === 'review') open.push({ kind: 'settle', step: input.step })
  }
}

function said({ meddle }: ShellOptions, state: RunState, open: number): OperatorCommand | null {
  if (meddle === undefined) return null
  return open === 0 && state.paused ? { kind: 'continue' } : meddle(state)
}

/** What steps wait for may happen at any time. */
export function happenings(plan: Plan, state: RunState): Open[] {
  return state.open.flatMap((id): Open[] => {
    const step = state.steps[id]
    const planned = stepAt(indexPlan(plan), id)
    if (step === undefined) return []
    if (step.status === 'waiting' && planned?.op === 'waitEvent')
      return [{ kind: 'event', step: id, visit: step.visit }]
    // Also before it is known that the step has asked.
    const asks = planned?.op === 'act' && planned.answer !== undefined && !state.answers?.[id] && !step.cancelRequested
    return asks ? [{ kind: 'answer', step: id, visit: step.visit }] : []
  })
}

function stillOpen(open: Open[], next: Advanced, run: Omit<ShellRun, 'state'>): Open[] {
  let still = open
  for (const command of next.commands) {
    if (command.kind === 'cancelSleep')
      still = still.filter((o) => o.kind !== 'sleep' || o.step !== command.step || o.visit !== command.visit)
    else if (command.kind === 'finish') run.finishes.push(command)
    else still.push(command)
    if (command.kind === 'act') run.acts.push(command)
  }
  const statuses = Object.entries(next.state.steps)
  // Nobody waits for a connection or a person on behalf of a step that was given up.
  return still.filter((o) => {
    if (o.kind === 'resume') return statuses.some(([, s]) => s.status === 'held' && s.heldBy === o.connection)
    return o.kind !== 'settle' || next.state.steps[o.step]?.status === 'review'
  })
}

/** What it is like when that arrives. */
export function arrival(open: Open, at: Instant, options: Pick<ShellOptions, 'facts' | 'outcome'>): RunInput {
  switch (open.kind) {
    case 'act':
      return { kind: 'outcome', at, step: open.step, visit: open.visit, outcome: options.outcome(open) }
    case 'sleep':
      return { kind: 'due', at, step: open.step, visit: open.visit, facts: { ...options.facts, at } }
    case 'event': {
      const event = { id: `e${at}`, name: 'event', at, properties: { at } }
      return { kind: 'event', at, step: open.step, visit: open.visit, event, facts: { ...options.facts, at } }
    }
    case 'answer': {
      const answer = { visit: open.visit, port: at % 2 === 0 ? 'yes' : 'no', output: { at }, by: 'somebody' }
      const command = { kind: 'answer' as const, step: open.step, ...answer }
      return { kind: 'operator', at, id: `answer-${at}`, command, facts: { ...options.facts, at } }
    }
    case 'resume':
      return { kind: 'resume', at, connection: open.connection }
    case 'settle':
      return {
        kind: 'operator',
        at,
        id: `settle-${at}`,
        command: { kind: 'settle', step: open.step, landed: at % 2 === 0, output: null },
      }
  }
}
