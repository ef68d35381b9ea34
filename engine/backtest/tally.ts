import { ERROR_PORT, type Plan, type PlanStep } from '../model/plan.ts'
import type { Instant } from '../model/rule.ts'
import type { Advanced, FinalStatus, RunState, StepState } from '../model/run.ts'
import { stepOf } from '../run/instance.ts'
import { shareOf } from '../run/share.ts'
import { restingOn } from '../run/reads-of-step.ts'

/** What became of one step over all runs. */
export interface StepTally {
  step: string
  label: string
  type: string
  /** Runs that came to it; one that comes to it for several items of a list counts once. Joins within a list are not counted. */
  reached: number
  /** By the port by which runs left it. */
  ports: { [port: string]: number }
  /** Runs that are at it at the end of the period. */
  open: number
  failed: number
  /** What it would have written, once an item of a list. */
  written: number
  /** When the first and the last run came to it; null: none did. */
  firstAt: Instant | null
  lastAt: Instant | null
  /** Reads what actions answer, or asks somebody, and those answers are made up: what really happens may differ. */
  assumed: boolean
}

/** One run of the sample. */
export interface SampledRun {
  subjectId: string
  enteredAt: Instant
  status: FinalStatus | 'open'
  reason: string | null
  /** Null while it is open. */
  endedAt: Instant | null
  /** Steps that it came to, in order of time. */
  path: Array<{ step: string; at: Instant; port: string | null }>
}

/** What is noted of a run while it goes on. */
export interface Noted {
  subjectId: string
  enteredAt: Instant
  /** Which run it is, from 1 on. */
  number: number
  /** Of steps within lists, whose instances leave the state when their item is over. */
  within: Map<string, Within> | null
}

interface Within {
  ports: Set<string>
  firstAt: Instant
  failed: boolean
}

export interface Tally {
  /** A run has begun. */
  open(run: { subjectId: string; at: Instant }): Noted
  /** An action was answered. */
  acted(run: Noted, step: PlanStep & { op: 'act' }, how: { failed: boolean; at: Instant }): void
  /** Only needed where the plan works through lists. */
  note(run: Noted, advanced: Advanced, at: Instant): void
  /** A run is over, or the period is. */
  close(run: Noted, state: RunState, at: Instant): void
  result(): {
    steps: StepTally[]
    statuses: Statuses
    reasons: { [reason: string]: number }
    durations: Durations | null
    sample: SampledRun[]
  }
}

/** From a run's start to its end, in milliseconds. */
export interface Durations {
  median: number
  /** Nine of ten took no longer. */
  p90: number
  longest: number
}

export type Statuses = { [status in FinalStatus | 'open']: number }

/** @param most so many runs are kept in the sample: drawn evenly, and the same ones each time */
export function openTally(plan: Plan, most: number): Tally {
  const acts = new Set(plan.steps.flatMap(({ id, op }) => (op === 'act' ? [id] : [])))
  const resting = restingOn(plan, (id) => acts.has(id))
  const steps = new Map(plan.steps.map((step) => [step.id, emptyTally(step, resting)]))
  const outer = plan.steps.filter((step) => step.within === undefined)
  const hasLists = outer.length < plan.steps.length
  const statuses: Statuses = { completed: 0, exited: 0, failed: 0, cancelled: 0, open: 0 }
  const reasons = new Map<string, number>()
  const lasted: number[] = []
  const sample: Array<{ share: number; number: number; run: SampledRun }> = []
  let runs = 0
  return {
    open: ({ subjectId, at }) => {
      runs += 1
      return { subjectId, enteredAt: at, number: runs, within: hasLists ? new Map() : null }
    },
    acted: (run, step, { failed, at }) => {
      const tally = steps.get(step.id)
      if (tally !== undefined && !failed) tally.written += 1
      if (run.within !== null && step.within !== undefined) noteAct(withinOf(run.within, step.id, at), step, failed)
    },
    note: (run, advanced, at) => {
      if (run.within !== null) noteWithin(run.within, advanced, at)
    },
    close: (run, state, at) => {
      const isOpen = state.open.length > 0
      const status = isOpen ? 'open' : (state.status as FinalStatus)
      statuses[status] += 1
      if (!isOpen) lasted.push(at - run.enteredAt)
      if (!isOpen && state.reason !== null) reasons.set(state.reason, (reasons.get(state.reason) ?? 0) + 1)
      for (const step of outer) {
        const known = Object.hasOwn(state.steps, step.id) ? state.steps[step.id] : undefined
        const tally = steps.get(step.id)
        if (known?.startedAt !== undefined && tally !== undefined) count(tally, known, known.startedAt)
      }
      for (const [id, seen] of run.within ?? []) countWithin(steps.get(id), seen)
      if (isOpen) for (const id of new Set(state.open.map(stepOf))) addOpen(steps.get(id))
      keep(sample, { share: shareOf(String(run.number), run.subjectId), number: run.number, most }, () =>
        sampled(run, state, { status, endedAt: isOpen ? null : at }),
      )
    },
    result: () => ({
      steps: [...steps.values()],
      statuses,
      reasons: Object.fromEntries([...reasons].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      durations: durationsOf(lasted),
      sample: sample.toSorted((a, b) => a.number - b.number).map(({ run }) => run),
    }),
  }
}

function durationsOf(all: readonly number[]): Durations | null {
  if (all.length === 0) return null
  const sorted = Float64Array.from(all).sort()
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return { median: at(0.5), p90: at(0.9), longest: at(1) }
}

function emptyTally(step: PlanStep, resting: ReadonlySet<string>): StepTally {
  return {
    step: step.id,
    label: step.label,
    type: step.type,
    reached: 0,
    ports: Object.fromEntries(Object.keys(step.out).map((port) => [port, 0])),
    open: 0,
    failed: 0,
    written: 0,
    firstAt: null,
    lastAt: null,
    assumed: resting.has(step.id) || (step.op === 'act' && step.answer !== undefined),
  }
}

function count(tally: StepTally, { status, port }: StepState, at: Instant): void {
  reach(tally, at)
  if (status === 'failed') tally.failed += 1
  else if (status === 'done' && port !== undefined && Object.hasOwn(tally.ports, port))
    tally.ports[port] = (tally.ports[port] ?? 0) + 1
}

function reach(tally: StepTally, at: Instant): void {
  tally.reached += 1
  if (tally.firstAt === null || at < tally.firstAt) tally.firstAt = at
  if (tally.lastAt === null || at > tally.lastAt) tally.lastAt = at
}

function countWithin(tally: StepTally | undefined, { ports, firstAt, failed }: Within): void {
  if (tally === undefined) return
  reach(tally, firstAt)
  if (failed) tally.failed += 1
  for (const port of ports) if (Object.hasOwn(tally.ports, port)) tally.ports[port] = (tally.ports[port] ?? 0) + 1
}

function addOpen(tally: StepTally | undefined): void {
  if (tally !== undefined) tally.open += 1
}

function withinOf(within: Map<string, Within>, step: string, at: Instant): Within {
  const known = within.get(step)
  if (known !== undefined) return known
  const fresh: Within = { ports: new Set(), firstAt: at, failed: false }
  within.set(step, fresh)
  return fresh
}

/** With its answer an action's item may be over, and the instance gone. */
function noteAct(within: Within, step: PlanStep, failed: boolean): void {
  const port = Object.keys(step.out).find((name) => name !== ERROR_PORT)
  if (failed) within.failed = true
  else if (port !== undefined) within.ports.add(port)
}

/** An instance is seen in the state while it is open, or in a note where it was over at once. */
function noteWithin(within: Map<string, Within>, { state, notes }: Advanced, at: Instant): void {
  for (const [instance, step] of Object.entries(state.steps)) {
    if (step.startedAt === undefined || !instance.includes('/')) continue
    const known = withinOf(within, stepOf(instance), step.startedAt)
    if (step.status === 'failed') known.failed = true
    else if (step.status === 'done' && step.port !== undefined) known.ports.add(step.port)
  }
  for (const { step, port } of notes)
    if (port !== undefined && step.includes('/')) withinOf(within, stepOf(step), at).ports.add(port)
}

interface Drawn {
  share: number
  number: number
  most: number
}

/** Those with the smallest shares: an even draw, whatever the order they end in. */
function keep(
  sample: Array<{ share: number; number: number; run: SampledRun }>,
  { share, number, most }: Drawn,
  made: () => SampledRun,
): void {
  if (most <= 0) return
  if (sample.length < most) {
    sample.push({ share, number, run: made() })
    return
  }
  let last = 0
  for (let i = 1; i < sample.length; i += 1) if ((sample[i]?.share ?? 0) > (sample[last]?.share ?? 0)) last = i
  if (share < (sample[last]?.share ?? 0)) sample[last] = { share, number, run: made() }
}

function sampled(run: Noted, state: RunState, { status, endedAt }: Pick<SampledRun, 'status' | 'endedAt'>): SampledRun {
  const { subjectId, enteredAt } = run
  const path = Object.entries(state.steps)
    .flatMap(([step, { startedAt, port }]) =>
      startedAt === undefined ? [] : [{ step, at: startedAt, port: port ?? null }],
    )
    .toSorted((a, b) => a.at - b.at)
  return { subjectId, enteredAt, status, reason: state.reason, endedAt, path }
}
