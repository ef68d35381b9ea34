import type { Json } from '../../nodes/manifest.ts'
import { ASKED_PORT, ERROR_PORT, ITEM_PORT, type PlanStep } from '../model/plan.ts'
import type { Advanced, OperatorCommand, RunInput, RunState } from '../model/run.ts'
import { answerRefusal, endAction, takeAnswer } from './answers.ts'
import {
  clearStep,
  commandAct,
  completeStep,
  endSleep,
  type Draft,
  failedForGood,
  onlyPort,
  openDraft,
  PAUSED,
  setStep,
  unchanged,
  writableEdges,
} from './draft.ts'
import { actAgain, cancelStep, endIfRuled, endRun, heldBy } from './end-run.ts'
import { placeOf, stepOf } from './instance.ts'
import { edgeKey, type PlanIndex, PlanMismatch, stepAt } from './plan-index.ts'
import { activate, propagate } from './propagate.ts'
import { seal } from './seal.ts'

type OperatorInput = RunInput & { kind: 'operator' }
type Migration = OperatorCommand & { kind: 'migrate' | 'unmigrate' }
type Settle = OperatorCommand & { kind: 'settle' }
type Skip = OperatorCommand & { kind: 'skip' }
type Override = OperatorCommand & { kind: 'override' }

/** What a person asked of the run. A command that does not apply (any more), or was carried out, changes nothing. */
export function operate(index: PlanIndex, state: RunState, input: OperatorInput): Advanced {
  const { command } = input
  if (command.kind === 'migrate' || command.kind === 'unmigrate')
    throw new PlanMismatch('A run goes over to another plan by `follow`, which is given both.')
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
    case 'pause':
      draft.state.paused = { reason: command.reason }
      break
    case 'continue':
      delete draft.state.paused
      actAgain(draft, heldBy(draft.state, PAUSED))
      break
    case 'skip':
      leave(draft, command.step, {
        port: command.port ?? onlyPort(draft, command.step),
        text: 'Left out, as a person said',
      })
      break
    case 'override':
      override(draft, command)
      break
    case 'answer':
      // As at the end of every wait: what the answer is for may be over meanwhile.
      if (!input.facts || !endIfRuled(draft, command.step)) takeAnswer(draft, command)
      break
  }
  propagate(draft)
  return seal(draft)
}

function refusalOf(index: PlanIndex, state: RunState, command: Exclude<OperatorCommand, Migration>): string | null {
  if (command.kind === 'settle')
    return state.steps[command.step]?.status === 'review' ? null : 'This step is not in review'
  if (state.ending) return `The run has ended or is ending: ${state.ending.status}`
  const over = state.open.length === 0
  if (command.kind === 'cancel' || command.kind === 'exit') return over ? `The run has ended: ${state.status}` : null
  if (command.kind === 'pause')
    return over ? `The run has ended: ${state.status}` : state.paused ? 'The run is paused' : null
  if (command.kind === 'continue') return state.paused ? null : 'The run is not paused'
  if (command.kind === 'skip') return skipRefusal(index, state, command)
  if (command.kind === 'override') return overrideRefusal(index, state, command.step)
  if (command.kind === 'answer') return answerRefusal(index, state, command)
  if (over && state.status !== 'failed') return `Only failed runs can be retried; this one is ${state.status}`
  return targets(index, state, command.step).length > 0 ? null : 'There is no failed step to retry'
}

function targets(index: PlanIndex, state: RunState, only: string | null): Array<{ id: string; step: PlanStep }> {
  const ids = only === null ? Object.keys(state.steps) : [only]
  const failed = ids.flatMap((id) => {
    const step = stepAt(index, id)
    const known = Object.hasOwn(state.steps, id) ? state.steps[id] : undefined
    return step && known && failedForGood(known) ? [{ id, step }] : []
  })
  // In the plan's order, however they came to be.
  return failed.toSorted((a, b) => index.plan.steps.indexOf(a.step) - index.plan.steps.indexOf(b.step))
}

/** Failed steps start again with the same visit, so that what landed is found; what they alone kept out is open again. */
function retryFailed(draft: Draft, only: string | null): void {
  const failed = targets(draft.index, draft.state, only)
  for (const { id } of failed) reopenBeyond(draft, id)
  for (const { id, step } of failed) {
    const visit = draft.state.steps[id]?.visit ?? 1
    if (step.op === 'act') {
      // A person's retry starts a new series: attempts count towards giving up.
      commandAct(draft, id, { visit, attempt: 1 })
    } else {
      clearStep(draft, id)
      activate(draft, step, id)
    }
    if (draft.state.ending) return
  }
}

/** Takes back the skipped edges of a step, and so the skips that followed from them. */
function reopenBeyond(draft: Draft, from: string): void {
  const state = writableEdges(draft)
  const place = placeOf(from)
  const stack = [from]
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    for (const [port, tos] of Object.entries(stepAt(draft.index, id)?.out ?? {})) {
      for (const to of tos.map((step) => place + step)) {
        const key = edgeKey(id, port, to)
        if (state.edges[key] !== false) continue
        delete state.edges[key]
        const status = state.steps[to]?.status
        if (status !== undefined && status !== 'skipped') continue
        if (status === 'skipped') {
          clearStep(draft, to)
          stack.push(to)
        }
        const [open, taken] = state.waits[to] ?? [0, 0]
        state.waits[to] = [open + 1, taken]
      }
    }
  }
}

const portsOf = (index: PlanIndex, id: string): string[] =>
  Object.keys(stepAt(index, id)?.out ?? {}).filter((port) => port !== ITEM_PORT && port !== ASKED_PORT)

function skipRefusal(index: PlanIndex, state: RunState, { step: id, port }: Skip): string | null {
  const step = stepAt(index, id)
  if (step === undefined || step.op === 'trigger' || step.op === 'goal') return 'There is no such step to leave out'
  const ports = portsOf(index, id)
  if (port !== undefined && !ports.includes(port)) return `It has no port “${port}”: say one of ${ports.join(', ')}`
  const ways = ports.filter((name) => name !== ERROR_PORT)
  if (port === undefined && ways.length > 1) return `Say by which port: ${ways.join(', ')}`
  return notLeft(state, id)
}

function overrideRefusal(index: PlanIndex, state: RunState, id: string): string | null {
  const step = stepAt(index, id)
  if (step?.op !== 'act') return 'Only what an action brings can be put in its place'
  if (step.answer !== undefined) return 'It waits for an answer: give that, or leave the step out by one of its ports'
  if (state.steps[id] === undefined) return 'This step was not reached yet'
  return state.steps[id].status === 'done' && state.open.length > 0 ? null : notLeft(state, id)
}

/** Why a person cannot take a step's place now; null where they can. */
function notLeft(state: RunState, id: string): string | null {
  const known = Object.hasOwn(state.steps, id) ? state.steps[id] : undefined
  const over = state.open.length === 0
  if (known === undefined) return over ? `The run has ended: ${state.status}` : null
  if (failedForGood(known)) return over && state.status !== 'failed' ? `The run has ended: ${state.status}` : null
  if (known.status === 'acting') return 'It is acting now: wait for what becomes of it'
  return state.open.includes(id) ? null : `The step is over: ${known.status}`
}

/** Leaves a step by a port: at once where the run is at it or it failed, else when its turn comes. */
function leave(draft: Draft, id: string, given: { port: string; output?: Json; text: string }): void {
  const { port, output, text } = given
  const known = draft.state.steps[id]
  if (known === undefined) {
    draft.state.skips = { ...draft.state.skips, [stepOf(id)]: port }
    draft.notes.push({ step: id, port, text: 'Will be left out, as a person said' })
    return
  }
  if (known.status === 'failed') reopenBeyond(draft, id)
  endSleep(draft, id)
  for (const open of draft.state.open.slice()) if (known.loop && open.startsWith(`${id}:`)) cancelStep(draft, open)
  draft.notes.push({ step: id, port, text })
  completeStep(draft, id, { port, ...(output === undefined ? {} : { output }) })
}

function override(draft: Draft, { step: id, output }: Override): void {
  const known = draft.state.steps[id]
  const text = 'A person said what it brought'
  if (known?.status !== 'done') return leave(draft, id, { port: onlyPort(draft, id), output, text })
  setStep(draft, id, { ...known, output })
  draft.notes.push({ step: id, text })
}

function settle(draft: Draft, command: Settle): void {
  const { state, index } = draft
  const step = state.steps[command.step]
  const planned = stepAt(index, command.step)
  if (!step || planned?.op !== 'act') return
  if (command.landed) {
    draft.notes.push({ step: command.step, text: 'A person said that it landed' })
    endAction(draft, planned, { id: command.step, output: command.output })
    return
  }
  draft.notes.push({ step: command.step, text: 'A person said: do it again' })
  commandAct(draft, command.step, { visit: step.visit + 1, attempt: 1 })
}
