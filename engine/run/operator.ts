import type { PlanStep } from '../model/plan.ts'
import type { Advanced, OperatorCommand, RunInput, RunState } from '../model/run.ts'
import {
  clearStep,
  commandAct,
  completeStep,
  type Draft,
  failedForGood,
  openDraft,
  seal,
  unchanged,
  writableEdges,
} from './draft.ts'
import { endRun } from './end-run.ts'
import { edgeKey, type PlanIndex } from './plan-index.ts'
import { activate, propagate } from './propagate.ts'

type OperatorInput = RunInput & { kind: 'operator' }
type Settle = OperatorCommand & { kind: 'settle' }

/** What a person asked of the run. A command that does not apply (any more), or was carried out, changes nothing. */
export function operate(index: PlanIndex, state: RunState, input: OperatorInput): Advanced {
  const { command } = input
  const named = 'step' in command ? (command.step ?? '') : ''
  if (state.handled.includes(input.id)) return unchanged(state, named, 'This command was carried out before')
  const refusal = refusalOf(index, state, command)
  if (refusal !== null) return unchanged(state, named, refusal)
  const draft = openDraft(index, state, input.at)
  draft.state.handled = [...state.handled, input.id]
  if (input.facts) draft.state.facts = input.facts
  switch (command.kind) {
    case 'cancel':
      endRun(draft, { status: 'cancelled', reason: command.reason })
      break
    case 'exit':
      endRun(draft, { status: 'exited', reason: command.reason })
      break
    case 'retry':
      retryFailed(draft, command.step)
      break
    case 'settle':
      settle(draft, command)
      break
  }
  propagate(draft)
  return seal(draft)
}

function refusalOf(index: PlanIndex, state: RunState, command: OperatorCommand): string | null {
  if (command.kind === 'settle')
    return state.steps[command.step]?.status === 'review' ? null : 'This step is not in review'
  if (state.ending) return `The run has ended or is ending: ${state.ending.status}`
  const over = state.open.length === 0
  if (command.kind === 'cancel' || command.kind === 'exit') return over ? `The run has ended: ${state.status}` : null
  if (over && state.status !== 'failed') return `Only failed runs can be retried; this one is ${state.status}`
  return targets(index, state, command.step).length > 0 ? null : 'There is no failed step to retry'
}

function targets(index: PlanIndex, state: RunState, only: string | null): PlanStep[] {
  const ids = only === null ? [...index.byId.keys()] : [only]
  return ids.flatMap((id) => {
    const step = index.byId.get(id)
    const known = state.steps[id]
    return step && known && failedForGood(known) ? [step] : []
  })
}

/** Failed steps start again with the same visit, so that what landed is found; what they alone kept out is open again. */
function retryFailed(draft: Draft, only: string | null): void {
  const failed = targets(draft.index, draft.state, only)
  for (const step of failed) reopenBeyond(draft, step)
  for (const step of failed) {
    const visit = draft.state.steps[step.id]?.visit ?? 1
    if (step.op === 'act') {
      // A person's retry starts a new series: attempts count towards giving up.
      commandAct(draft, step.id, { visit, attempt: 1 })
    } else {
      clearStep(draft, step.id)
      activate(draft, step)
    }
    if (draft.state.ending) return
  }
}

/** Takes back the skipped edges of a step, and so the skips that followed from them. */
function reopenBeyond(draft: Draft, from: PlanStep): void {
  const state = writableEdges(draft)
  const stack: PlanStep[] = [from]
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    for (const [port, tos] of Object.entries(step.out)) {
      for (const to of tos) {
        const key = edgeKey(step.id, port, to)
        if (state.edges[key] !== false) continue
        delete state.edges[key]
        const target = draft.index.byId.get(to)
        const status = state.steps[to]?.status
        if (target === undefined || (status !== undefined && status !== 'skipped')) continue
        if (status === 'skipped') {
          clearStep(draft, to)
          stack.push(target)
        }
        const [open, taken] = state.waits[to] ?? [0, 0]
        state.waits[to] = [open + 1, taken]
      }
    }
  }
}

function settle(draft: Draft, command: Settle): void {
  const { state, index } = draft
  const step = state.steps[command.step]
  const planned = index.byId.get(command.step)
  if (!step || planned?.op !== 'act') return
  if (command.landed) {
    draft.notes.push({ step: command.step, text: 'A person said that it landed' })
    completeStep(draft, command.step, planned.keeps ? { output: command.output } : {})
    return
  }
  draft.notes.push({ step: command.step, text: 'A person said: do it again' })
  commandAct(draft, command.step, { visit: step.visit + 1, attempt: 1 })
}
