import type { Fault } from '../../nodes/fault.ts'
import { type Json, ONLY_PORT } from '../../nodes/manifest.ts'
import { ASKED_PORT, ERROR_PORT, ITEM_PORT } from '../model/plan.ts'
import type { Instant } from '../model/rule.ts'
import type { Advanced, RunCommand, RunState, StepNote, StepState, StepStatus } from '../model/run.ts'
import type { RuleScope } from '../rules/evaluate.ts'
import { itemOf, placeOf, placesAround } from './instance.ts'
import { edgeKey, type PlanIndex, stepAt } from './plan-index.ts'

/**
 * The next state while it is being worked out. The given state is never touched: what changes is copied first, and a
 * step's own state is replaced, not written into.
 */
export interface Draft {
  index: PlanIndex
  at: Instant
  state: RunState
  /** Commands of this advance, by step: one that is taken back before it was handed out never happened. */
  acts: Map<string, RunCommand>
  cancels: RunCommand[]
  notes: StepNote[]
  /** Steps for items that are over, taken out of the state. */
  over: { [instance: string]: StepState }
  queue: EdgeDecision[]
  edgesCopied: boolean
  /** The step whose sleep has just ended: an ending has no sleep of its to cancel. */
  woken: string | null
}

export interface EdgeDecision {
  from: string
  port: string
  to: string
  taken: boolean
}

export function openDraft(index: PlanIndex, state: RunState, at: Instant): Draft {
  return {
    index,
    at,
    state: { ...state, steps: { ...state.steps }, open: [...state.open] },
    acts: new Map(),
    cancels: [],
    notes: [],
    over: {},
    queue: [],
    edgesCopied: false,
    woken: null,
  }
}

const FINAL: ReadonlySet<StepStatus> = new Set(['done', 'skipped', 'failed', 'cancelled'])
export const isFinal = (step: StepState | undefined): boolean => step !== undefined && FINAL.has(step.status)

/** Whether the failure counts: one that was given up by a join or an exit, or that the author deals with, does not. */
export const failedForGood = (step: StepState): boolean =>
  step.status === 'failed' && !step.cancelRequested && !step.handled

export function setStep(draft: Draft, id: string, step: StepState): void {
  const { state } = draft
  const wasOpen = state.open.includes(id)
  const isOpen = !FINAL.has(step.status) && step.status !== 'pending'
  state.steps[id] = step
  if (isOpen && !wasOpen) state.open.push(id)
  if (!isOpen && wasOpen) state.open.splice(state.open.indexOf(id), 1)
}

/** Back to pending. */
export function clearStep(draft: Draft, id: string): void {
  delete draft.state.steps[id]
  draft.state.open = draft.state.open.filter((open) => open !== id)
}

/** The one port of a step that has no choice. */
export const onlyPort = (draft: Draft, id: string): string =>
  Object.keys(stepAt(draft.index, id)?.out ?? {}).find((port) => !ASIDE.has(port)) ?? ONLY_PORT

/** Ports by which a step is not left when it is done. */
const ASIDE: ReadonlySet<string> = new Set([ERROR_PORT, ITEM_PORT, ASKED_PORT])

/** Queues the decision of a step's outgoing edges: those of `port` are taken, all others skipped. */
export function decidePorts(draft: Draft, id: string, port: string | null): void {
  const step = stepAt(draft.index, id)
  if (!step) return
  const place = placeOf(id)
  // Those for its items are decided item by item.
  for (const [name, targets] of Object.entries(step.out))
    if (name !== ITEM_PORT)
      for (const to of targets) draft.queue.push({ from: id, port: name, to: place + to, taken: name === port })
}

/** The maps of edges and waits, safe to write to. */
export function writableEdges(draft: Draft): RunState {
  if (!draft.edgesCopied) {
    draft.state.edges = { ...draft.state.edges }
    draft.state.waits = { ...draft.state.waits }
    draft.edgesCopied = true
  }
  return draft.state
}

/** While the run is paused a step that would act is held until it goes on. */
export const PAUSED = ':pause'

export function commandAct(draft: Draft, id: string, { visit, attempt }: { visit: number; attempt: number }): void {
  const before = draft.state.steps[id]
  if (draft.state.paused) {
    const startedAt = before?.startedAt ?? draft.at
    return setStep(draft, id, { status: 'held', heldBy: PAUSED, visit, attempts: attempt - 1, startedAt })
  }
  const series = seriesOf(draft, id, before)
  setStep(draft, id, {
    status: 'acting',
    visit,
    attempts: attempt,
    ...(series === undefined ? {} : { series }),
    startedAt: before?.startedAt ?? draft.at,
  })
  draft.acts.set(id, { kind: 'act', step: id, visit, attempt })
}

/** A sleep between two attempts goes on with the series; whatever else leads to an attempt, a person had a part in it. */
function seriesOf(draft: Draft, id: string, before: StepState | undefined): StepState['series'] {
  const planned = stepAt(draft.index, id)
  if (planned?.op !== 'act' || planned.retry === undefined) return undefined
  const goesOn = before?.status === 'retrying' || before?.status === 'paced'
  return (goesOn ? before.series : undefined) ?? { since: draft.at, failed: 0 }
}

export function commandSleep(draft: Draft, id: string, step: StepState & { until: Instant }): void {
  setStep(draft, id, step)
  draft.acts.set(id, { kind: 'sleep', step: id, visit: step.visit, until: step.until })
}

/** It sleeps no more, whatever woke it. */
export function endSleep(draft: Draft, id: string): void {
  const step = draft.state.steps[id]
  if (step?.until !== undefined && draft.woken !== id)
    draft.cancels.push({ kind: 'cancelSleep', step: id, visit: step.visit })
}

/** Waits for something other than a moment; until its deadline, if it has one. */
export function waitFor(draft: Draft, id: string, waiting: Partial<StepState> = {}): void {
  const before = draft.state.steps[id]
  const step: StepState = {
    visit: before?.visit ?? 1,
    attempts: 0,
    startedAt: before?.startedAt ?? draft.at,
    ...waiting,
    status: 'waiting',
  }
  if (step.until === undefined) return setStep(draft, id, step)
  commandSleep(draft, id, { ...step, until: step.until })
}

/** @param chosen without a port the step's only one */
export function completeStep(draft: Draft, id: string, chosen: { port?: string; output?: Json } = {}): void {
  const { port = onlyPort(draft, id), output } = chosen
  const before = draft.state.steps[id]
  setStep(draft, id, {
    status: 'done',
    visit: before?.visit ?? 1,
    attempts: before?.attempts ?? 0,
    port,
    ...(output === undefined ? {} : { output }),
    startedAt: before?.startedAt ?? draft.at,
    endedAt: draft.at,
  })
  decidePorts(draft, id, port)
}

export function skipStep(draft: Draft, id: string): void {
  setStep(draft, id, { status: 'skipped', visit: 0, attempts: 0, endedAt: draft.at })
  decidePorts(draft, id, null)
}

/** A failed step takes the port that the author gave it, else none: what hangs on it alone is skipped, other branches go on. */
export function failStep(draft: Draft, id: string, fault: Fault): void {
  const before = draft.state.steps[id]
  const follows = stepAt(draft.index, id)?.onFailure
  setStep(draft, id, {
    status: 'failed',
    visit: before?.visit ?? 1,
    attempts: before?.attempts ?? 0,
    fault,
    ...(follows === undefined ? {} : { handled: true as const }),
    startedAt: before?.startedAt ?? draft.at,
    endedAt: draft.at,
  })
  decidePorts(draft, id, follows === undefined ? null : follows === 'branch' ? ERROR_PORT : onlyPort(draft, id))
}

/**
 * What rules inside the run read: its facts, what its trigger brought, what its steps left, its variables, the item.
 * @param at the instance of the step that asks
 */
export function scopeOf(state: RunState, at: string): RuleScope {
  const item = itemAt(state, placeOf(at))
  return {
    ...state.facts,
    trigger: state.trigger.data,
    stepOutput: (step) => leftBy(state, at, step),
    ...(state.vars === undefined ? {} : { vars: state.vars }),
    ...(item === undefined ? {} : { item }),
  }
}

/** What a step left: its output, or of one whose failure is dealt with the fault. Within a list first that of the same item. */
export function leftBy(state: RunState, at: string, step: string): Json | undefined {
  for (const place of placesAround(placeOf(at))) {
    const known = Object.hasOwn(state.steps, place + step) ? state.steps[place + step] : undefined
    if (known === undefined) continue
    if (known.fault === undefined || !known.handled) return known.output
    return { fault: faultLeft(known.fault) }
  }
  return undefined
}

/** What later steps may read of a failure. */
export const faultLeft = ({ code, message, fix }: Fault): Json => ({ code, message, fix })

/** The item for which the steps at a place run. */
export function itemAt(state: RunState, place: string): Json | undefined {
  const item = itemOf(place)
  return item === null ? undefined : state.steps[item.each]?.loop?.items[item.index]
}

export const isDecided = (state: RunState, edge: Omit<EdgeDecision, 'taken'>): boolean =>
  Object.hasOwn(state.edges, edgeKey(edge.from, edge.port, edge.to))

/** Nothing changes, and the run view can say why. */
export const unchanged = (state: RunState, step: string, text: string): Advanced => ({
  state,
  commands: [],
  notes: [{ step, text }],
})
