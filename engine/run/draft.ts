import type { Fault } from '../../nodes/fault.ts'
import { type Json, ONLY_PORT } from '../../nodes/manifest.ts'
import type { Instant } from '../model/rule.ts'
import type { Advanced, RunCommand, RunState, StepNote, StepState, StepStatus } from '../model/run.ts'
import type { RuleScope } from '../rules/evaluate.ts'
import { edgeKey, type PlanIndex } from './plan-index.ts'

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
  const copy = { ...state, steps: { ...state.steps }, open: [...state.open] }
  return { index, at, state: copy, acts: new Map(), cancels: [], notes: [], queue: [], edgesCopied: false, woken: null }
}

const FINAL: ReadonlySet<StepStatus> = new Set(['done', 'skipped', 'failed', 'cancelled'])
export const isFinal = (step: StepState | undefined): boolean => step !== undefined && FINAL.has(step.status)

/** Whether the failure counts: one of a step that a join or an exit had already given up does not. */
export const failedForGood = (step: StepState): boolean => step.status === 'failed' && !step.cancelRequested

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
  Object.keys(draft.index.byId.get(id)?.out ?? {})[0] ?? ONLY_PORT

/** Queues the decision of a step's outgoing edges: those of `port` are taken, all others skipped. */
export function decidePorts(draft: Draft, id: string, port: string | null): void {
  const step = draft.index.byId.get(id)
  if (!step) return
  for (const [name, targets] of Object.entries(step.out))
    for (const to of targets) draft.queue.push({ from: id, port: name, to, taken: name === port })
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

export function commandAct(draft: Draft, id: string, { visit, attempt }: { visit: number; attempt: number }): void {
  const before = draft.state.steps[id]
  setStep(draft, id, {
    status: 'acting',
    visit,
    attempts: attempt,
    startedAt: before?.startedAt ?? draft.at,
  })
  draft.acts.set(id, { kind: 'act', step: id, visit, attempt })
}

export function commandSleep(draft: Draft, id: string, step: StepState & { until: Instant }): void {
  setStep(draft, id, step)
  draft.acts.set(id, { kind: 'sleep', step: id, visit: step.visit, until: step.until })
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

/** A failed step takes no port: what hangs on it alone is skipped, other branches go on. */
export function failStep(draft: Draft, id: string, fault: Fault): void {
  const before = draft.state.steps[id]
  setStep(draft, id, {
    status: 'failed',
    visit: before?.visit ?? 1,
    attempts: before?.attempts ?? 0,
    fault,
    startedAt: before?.startedAt ?? draft.at,
    endedAt: draft.at,
  })
  decidePorts(draft, id, null)
}

/** What rules inside the run read: its facts, what its trigger brought, what its steps left. */
export function scopeOf(state: RunState): RuleScope {
  return {
    ...state.facts,
    trigger: state.trigger.data,
    stepOutput: (step) => (Object.hasOwn(state.steps, step) ? state.steps[step]?.output : undefined),
  }
}

export const isDecided = (state: RunState, edge: Omit<EdgeDecision, 'taken'>): boolean =>
  Object.hasOwn(state.edges, edgeKey(edge.from, edge.port, edge.to))

/** Closes the draft: works out the run's status and, when nothing is left to do, says finish. */
export function seal(draft: Draft): Advanced {
  const { state } = draft
  const commands = [...draft.cancels, ...draft.acts.values()]
  if (state.open.length > 0) {
    state.status = openStatus(state)
    state.reason = state.ending?.reason ?? null
    return { state, commands, notes: draft.notes }
  }
  const { status, reason } = state.ending ?? ended(draft)
  state.status = status
  state.reason = reason
  return { state, commands: [...commands, { kind: 'finish', status, reason }], notes: draft.notes }
}

function openStatus(state: RunState): RunState['status'] {
  const statuses = state.open.map((id) => state.steps[id]?.status)
  if (statuses.includes('held')) return 'held'
  if (statuses.includes('review')) return 'review'
  return statuses.includes('acting') ? 'running' : 'waiting'
}

function ended({ index, state }: Draft): NonNullable<RunState['ending']> {
  const failed = index.plan.steps.find((step) => {
    const known = state.steps[step.id]
    return known !== undefined && failedForGood(known)
  })
  if (!failed) return { status: 'completed', reason: null }
  return { status: 'failed', reason: `${failed.label}: ${state.steps[failed.id]?.fault?.message ?? 'failed'}` }
}

/** Nothing changes, and the run view can say why. */
export const unchanged = (state: RunState, step: string, text: string): Advanced => ({
  state,
  commands: [],
  notes: [{ step, text }],
})
