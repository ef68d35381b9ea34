import type { Fault } from '../../nodes/fault.ts'
import type { Plan } from '../model/plan.ts'
import type { Advanced, RunInput, RunState, StepOutcome, StepState, Withheld } from '../model/run.ts'
import { endAction } from './answers.ts'
import {
  commandAct,
  commandSleep,
  endSleep,
  completeStep,
  type Draft,
  failStep,
  openDraft,
  setStep,
  skipStep,
  unchanged,
} from './draft.ts'
import { actAgain, endIfRuled, heldBy, RUN } from './end-run.ts'
import { operate } from './operator.ts'
import { opOf } from './ops/ops.ts'
import { assertMatches, indexPlan, type PlanIndex, PlanMismatch, stepAt } from './plan-index.ts'
import { propagate } from './propagate.ts'
import { countsAsFailed } from './retry.ts'
import { seal } from './seal.ts'

type Input<K extends RunInput['kind']> = RunInput & { kind: K }

/**
 * The whole meaning of a run: what follows from one input. Pure; the given state is left as it was.
 *
 * A step is decided when all its incoming edges are: it runs once if any was taken, else it is skipped and so are its
 * edges, so that a join can never hang. Inputs that do not apply (a late, repeated or unknown one) change nothing and
 * are said in the notes. The work of one input is proportional to what it decides, beside copying the state's maps.
 *
 * @param state null only for the first input, which is a `start`
 * @throws PlanMismatch where the plan and the state (or the start's trigger) do not belong together
 */
export function advance(plan: Plan, state: RunState | null, input: RunInput): Advanced {
  const index = indexPlan(plan)
  if (state === null) {
    if (input.kind !== 'start') throw new PlanMismatch(`A run begins with "start", not with "${input.kind}".`)
    return start(index, input)
  }
  assertMatches(index, state)
  switch (input.kind) {
    case 'start':
      return unchanged(state, input.trigger.step, 'The run had already started')
    case 'outcome':
      return takeOutcome(index, state, input)
    case 'due':
      return wake(index, state, input)
    case 'event':
      return hear(index, state, input)
    case 'look':
      return state.open.length === 0 ? unchanged(state, '', 'The run is over') : look(index, state, input)
    case 'resume':
      return resume(index, state, input)
    case 'operator':
      return operate(index, state, input)
  }
}

function start(index: PlanIndex, { at, trigger, facts }: Input<'start'>): Advanced {
  if (index.byId.get(trigger.step)?.op !== 'trigger')
    throw new PlanMismatch(`The run was started by "${trigger.step}", which is no trigger of this plan.`)
  const empty: RunState = {
    format: 1,
    status: 'running',
    reason: null,
    trigger,
    facts,
    steps: {},
    edges: {},
    waits: {},
    open: [],
    ending: null,
    handled: [],
  }
  const draft = openDraft(index, empty, at)
  if (endIfRuled(draft, trigger.step)) return close(draft)
  for (const step of index.triggers) {
    if (step.id === trigger.step) completeStep(draft, step.id)
    else skipStep(draft, step.id)
  }
  propagate(draft)
  return seal(draft)
}

/** Whatever follows by itself follows, until the outside is needed. */
function close(draft: Draft): Advanced {
  propagate(draft)
  return seal(draft)
}

function takeOutcome(index: PlanIndex, state: RunState, input: Input<'outcome'>): Advanced {
  const step = state.steps[input.step]
  if (step?.status !== 'acting' || step.visit !== input.visit)
    return unchanged(state, input.step, `An outcome (${input.outcome.kind}) came for a step that is not acting`)
  const draft = openDraft(index, state, input.at)
  if (step.cancelRequested) recordCancelled(draft, { id: input.step, step }, input.outcome)
  else applyOutcome(draft, { id: input.step, step }, input.outcome)
  propagate(draft)
  return seal(draft)
}

interface Acting {
  id: string
  step: StepState
}

function applyOutcome(draft: Draft, { id, step }: Acting, outcome: StepOutcome): void {
  const planned = stepAt(draft.index, id)
  switch (outcome.kind) {
    case 'done':
      return planned?.op === 'act' ? endAction(draft, planned, { id, output: outcome.output }) : completeStep(draft, id)
    case 'failed':
      return failStep(draft, id, outcome.fault)
    case 'retry':
      return commandSleep(draft, id, { ...failedOnce(step, outcome.fault), status: 'retrying', until: outcome.at })
    case 'paced':
      if (outcome.why !== undefined) draft.notes.push({ step: id, text: outcome.why })
      return commandSleep(draft, id, { ...step, status: 'paced', until: outcome.at })
    case 'withheld':
      return withhold(draft, id, outcome.why)
    case 'held':
      return setStep(draft, id, { ...step, status: 'held', fault: outcome.fault, heldBy: outcome.connection })
    case 'review':
      return setStep(draft, id, { ...step, status: 'review', fault: outcome.fault })
  }
}

/** It counts as done: what comes next comes, with nothing to read of it. */
function withhold(draft: Draft, id: string, withheld: Withheld): void {
  completeStep(draft, id)
  const done = draft.state.steps[id]
  if (done !== undefined) setStep(draft, id, { ...done, withheld })
  draft.notes.push({ step: id, text: withheld.message })
}

function failedOnce(step: StepState, fault: Fault): StepState {
  if (step.series === undefined || !countsAsFailed(fault.code)) return { ...step, fault }
  return { ...step, fault, series: { ...step.series, failed: step.series.failed + 1 } }
}

/** The end of a step that a join or an exit had given up while it acted: recorded, and leading nowhere. */
function recordCancelled(draft: Draft, { id, step }: Acting, outcome: StepOutcome): void {
  const ended = { ...step, endedAt: draft.at }
  if (outcome.kind === 'done') {
    draft.notes.push({ step: id, text: 'Landed after the run had gone on without it' })
    return setStep(draft, id, { ...ended, status: 'done' })
  }
  if (outcome.kind === 'failed') return setStep(draft, id, { ...ended, status: 'failed', fault: outcome.fault })
  // Nothing landed, or nobody knows (the ledger keeps that one on the review list): no reason to try again.
  const fault = 'fault' in outcome ? { fault: outcome.fault } : {}
  return setStep(draft, id, { ...ended, ...fault, status: 'cancelled' })
}

function wake(index: PlanIndex, state: RunState, input: Input<'due'>): Advanced {
  const facts = input.facts ?? { ...state.facts, at: input.at }
  if (input.step === RUN && state.watch !== undefined) return look(index, state, { ...input, kind: 'look', facts })
  const step = state.steps[input.step]
  const planned = stepAt(index, input.step)
  const asleep = step?.status === 'waiting' || step?.status === 'retrying' || step?.status === 'paced'
  if (!step || !planned || !asleep || step.until === undefined || step.visit !== input.visit)
    return unchanged(state, input.step, 'A sleep ended for a step that is not asleep')
  const draft = openDraft(index, state, input.at)
  // Without facts to load time still moves for the rules that read trigger data.
  draft.state.facts = facts
  const id = input.step
  draft.woken = id
  if (endIfRuled(draft, id)) return close(draft)
  const op = opOf(planned)
  if (step.status !== 'waiting')
    commandAct(draft, id, { visit: step.visit, attempt: step.attempts + (step.status === 'retrying' ? 1 : 0) })
  else if (op.due) op.due(draft, planned, id)
  else completeStep(draft, id)
  propagate(draft)
  return seal(draft)
}

function hear(index: PlanIndex, state: RunState, input: Input<'event'>): Advanced {
  const step = state.steps[input.step]
  const planned = stepAt(index, input.step)
  const heard = planned && opOf(planned).heard
  if (step?.status !== 'waiting' || !planned || !heard || step.visit !== input.visit)
    return unchanged(state, input.step, `“${input.event.name}” came for a step that does not wait for it`)
  const draft = openDraft(index, state, input.at)
  draft.state.facts = input.facts ?? { ...state.facts, at: input.at }
  const id = input.step
  if (endIfRuled(draft, id)) return close(draft)
  endSleep(draft, id)
  heard(draft, planned, { id, event: input.event })
  propagate(draft)
  return seal(draft)
}

function look(index: PlanIndex, state: RunState, input: Input<'look'>): Advanced {
  const draft = openDraft(index, state, input.at)
  draft.state.facts = input.facts
  if (endIfRuled(draft, RUN)) return close(draft)
  for (const id of state.open) {
    const planned = stepAt(index, id)
    if (planned && draft.state.steps[id]?.status === 'waiting') opOf(planned).look?.(draft, planned, id)
  }
  propagate(draft)
  return seal(draft)
}

function resume(index: PlanIndex, state: RunState, input: Input<'resume'>): Advanced {
  const held = heldBy(state, input.connection)
  if (held.length === 0) return unchanged(state, '', `No step is held by ${input.connection}`)
  const draft = openDraft(index, state, input.at)
  actAgain(draft, held)
  return seal(draft)
}
