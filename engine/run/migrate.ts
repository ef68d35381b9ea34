import type { Plan, PlanStep } from '../model/plan.ts'
import type { Advanced, Move, OperatorCommand, RunInput, RunState, StepState } from '../model/run.ts'
import { carryOver, goesOn, nowDecided, type Plans, sameWrite } from './carry-over.ts'
import { type Draft, isFinal, openDraft, PAUSED, skipStep } from './draft.ts'
import { endIfRuled, endRun, RUN } from './end-run.ts'
import { placeOf, placesAround, itemOf, stepOf } from './instance.ts'
import { opOf } from './ops/ops.ts'
import { indexPlan, type PlanIndex, stepAt } from './plan-index.ts'
import { activate, propagate } from './propagate.ts'
import { rulesOfStep } from './rules-of-step.ts'
import { seal } from './seal.ts'

export type Migrate = OperatorCommand & { kind: 'migrate' }
export type Unmigrate = OperatorCommand & { kind: 'unmigrate' }
type Operator<C extends OperatorCommand> = Omit<RunInput & { kind: 'operator' }, 'command'> & { command: C }

/**
 * Why a run does not go over (or back) now. `busy` and `midWrite` pass by themselves; the others are for a person.
 * `repeated`: it was carried out before. `over`: the run has ended. `passed`: the step chosen for it is over.
 */
export interface MigrationRefusal {
  code: 'repeated' | 'over' | 'busy' | 'midWrite' | 'noMove' | 'passed' | 'subject' | 'otherVersion' | 'left'
  text: string
}

export type Migrated = Advanced & { refused: MigrationRefusal | null }

/**
 * A run goes over to another plan. Only while nothing acts; what it waits for goes on where the step is still there (a
 * delay keeps its moment), and where it is not, by the move that was said for it. What is over stays over.
 * @param plans the plan it goes by, and the one it goes over to
 */
export function migrate(plans: { from: Plan; to: Plan }, state: RunState, input: Operator<Migrate>): Migrated {
  const both = { old: indexPlan(plans.from), next: indexPlan(plans.to) }
  const refused = refusalOf(both, state, input)
  if (refused !== null) return unchangedBy(state, refused)
  const { command } = input
  const left = leftBehind(both, state)
  const begun = left.flatMap(({ id }) => targetOf(command, id) ?? [])
  const carried = carryOver(both, state, new Set(begun))
  const draft = openDraft(both.next, { ...state, ...carried }, input.at)
  draft.edgesCopied = true
  draft.state.handled = [...state.handled, input.id]
  draft.state.under = command.to
  if (input.facts) draft.state.facts = input.facts
  draft.notes.push({ step: RUN, text: `Went over from version ${command.from.version} to ${command.to.version}` })
  for (const { id, known } of left) if (known.until !== undefined) draft.cancels.push(sleepOf('cancelSleep', id, known))
  delete draft.state.moved
  if (!(input.facts && endIfRuled(draft, RUN))) {
    makeMoves(draft, left, command)
    const decided = nowDecided(both, carried)
    for (const { id, step, reached } of decided) {
      if (draft.state.ending || draft.state.steps[id] !== undefined) continue
      delete draft.state.waits[id]
      if (reached) activate(draft, step, id)
      else skipStep(draft, id)
    }
    lookAgain(draft, both)
    propagate(draft)
  }
  rememberWayBack(draft, state, command)
  return { ...seal(draft), refused: null }
}

/** Goes back to where the run was before it went over; what it has been told since stays with it. */
export function unmigrate(plans: { from: Plan; to: Plan }, state: RunState, input: Operator<Unmigrate>): Migrated {
  const refused = backRefusal(state, input)
  const { moved } = state
  if (refused !== null || moved === undefined) return unchangedBy(state, refused ?? LEFT)
  const { steps, edges, waits, open } = moved
  const now = Object.entries(steps).map(([id, before]): [string, StepState] => {
    const known = open.includes(id) ? state.steps[id] : undefined
    return [id, known === undefined || isFinal(known) ? before : known]
  })
  const draft = openDraft(
    indexPlan(plans.to),
    { ...state, steps: Object.fromEntries(now), edges, waits, open },
    input.at,
  )
  draft.state.handled = [...state.handled, input.id]
  delete draft.state.moved
  draft.state.under = input.command.to
  if (input.facts) draft.state.facts = input.facts
  draft.notes.push({
    step: RUN,
    text: `Went back from version ${input.command.from.version} to ${input.command.to.version}`,
  })
  for (const id of state.open) {
    const known = state.steps[id]
    if (known?.until !== undefined && draft.state.steps[id] !== known)
      draft.cancels.push(sleepOf('cancelSleep', id, known))
  }
  for (const id of open) {
    const known = draft.state.steps[id]
    if (known?.until !== undefined && state.steps[id] !== known) draft.acts.set(id, sleepOf('sleep', id, known))
  }
  return { ...seal(draft), refused: null }
}

const LEFT: MigrationRefusal = { code: 'left', text: 'The run has left the wait at which it went over' }

const unchangedBy = (state: RunState, refused: MigrationRefusal): Migrated => ({
  state,
  commands: [],
  notes: [{ step: RUN, text: refused.text }],
  refused,
})

function sleepOf<K extends 'sleep' | 'cancelSleep'>(kind: K, step: string, { visit, until = 0 }: StepState) {
  return { kind, step, visit, until }
}

function refusalOf(plans: Plans, state: RunState, { id, command }: Operator<Migrate>): MigrationRefusal | null {
  const general = generalRefusal(state, id)
  if (general !== null) return general
  const { next, old } = plans
  if (next.plan.subject !== old.plan.subject)
    return { code: 'subject', text: `Version ${command.to.version} is for ${next.plan.subject}s, and this run is not` }
  for (const at of state.open) {
    const step = stepAt(old, at)
    const known = state.steps[at]
    if (step === undefined || known === undefined || !goesOn(plans, at)) continue
    if (mayHaveLanded(known) && !sameWrite(step, stepAt(next, at)))
      return {
        code: 'midWrite',
        text: `“${step.label}” may have been written already, and is another write in version ${command.to.version}`,
      }
  }
  for (const { id: at } of leftBehind(plans, state)) {
    const refused = moveRefusal(plans, state, { at, command })
    if (refused !== null) return refused
  }
  return null
}

function generalRefusal(state: RunState, id: string): MigrationRefusal | null {
  if (state.handled.includes(id)) return { code: 'repeated', text: 'This command was carried out before' }
  if (state.open.length === 0) return { code: 'over', text: `The run has ended: ${state.status}` }
  if (state.ending) return { code: 'over', text: `The run is ending: ${state.ending.status}` }
  const acting = state.open.some((at) => state.steps[at]?.status === 'acting')
  return acting ? { code: 'busy', text: 'The run is acting: it goes over while it waits' } : null
}

/** An attempt at the write has begun, and how it ended is not known for sure. */
function mayHaveLanded({ status, attempts, heldBy }: StepState): boolean {
  if (status === 'review' || status === 'retrying') return true
  return (status === 'paced' || (status === 'held' && heldBy !== PAUSED)) && attempts > 1
}

interface Left {
  id: string
  known: StepState
}

/** What the run waits at and cannot go on with. Steps for the items of a list that is itself gone go with it. */
function leftBehind(plans: Plans, state: RunState): Left[] {
  return state.open.flatMap((id): Left[] => {
    const known = state.steps[id]
    return known === undefined || goesOn(plans, id) ? [] : [{ id, known }]
  })
}

/** Its key in the ledger is taken: what else began under it would be given what this one has brought. */
const hasActed = (step: PlanStep | undefined, known: StepState | undefined): boolean =>
  known !== undefined &&
  // One that waits for an answer has asked; its attempts are counted no more.
  (known.attempts > 0 || (step?.op === 'act' && step.answer !== undefined && known.status === 'waiting'))

const isWithinLeft = (plans: Plans, id: string): boolean =>
  placesAround(placeOf(id)).some((place) => {
    const item = itemOf(place)
    return item !== null && !goesOn(plans, item.each)
  })

function moveRefusal(plans: Plans, state: RunState, given: { at: string; command: Migrate }): MigrationRefusal | null {
  const { at, command } = given
  if (isWithinLeft(plans, at)) return null
  const label = stepAt(plans.old, at)?.label ?? at
  const move = moveOf(command, at)
  if (move === undefined)
    return {
      code: 'noMove',
      text: `The run waits at “${label}”, which version ${command.to.version} does not have, and nothing was said of it`,
    }
  if ('exit' in move) return null
  const target = plans.next.byId.get(move.to)
  if (target === undefined || target.op === 'trigger' || target.within !== stepAt(plans.old, at)?.within)
    return {
      code: 'noMove',
      text: `The run cannot go on at “${target?.label ?? move.to}” from “${label}”: choose another step`,
    }
  if (plans.next.byId.has(stepOf(at)) && hasActed(stepAt(plans.old, at), state.steps[at]))
    return {
      code: 'passed',
      text: `“${label}” has acted already, and in version ${command.to.version} is something else under the same id`,
    }
  const known = state.steps[placeOf(at) + move.to]
  const begun = known !== undefined && known.status !== 'skipped' && !state.open.includes(placeOf(at) + move.to)
  return begun ? { code: 'passed', text: `“${target.label}” is over in this run, and nothing is done twice` } : null
}

const moveOf = ({ moves }: Migrate, at: string): Move | undefined =>
  Object.hasOwn(moves, stepOf(at)) ? moves[stepOf(at)] : undefined

/** The instance at which a run goes on that cannot go on where it is. */
function targetOf(command: Migrate, at: string): string | null {
  const move = moveOf(command, at)
  return move === undefined || 'exit' in move ? null : placeOf(at) + move.to
}

function makeMoves(draft: Draft, left: Left[], command: Migrate): void {
  for (const { id } of left) {
    const move = moveOf(command, id)
    if (move === undefined) continue
    if ('exit' in move) {
      draft.notes.push({ step: id, text: `The run ends: ${move.exit}` })
      return endRun(draft, { status: 'exited', reason: move.exit })
    }
    const to = targetOf(command, id) ?? ''
    const target = stepAt(draft.index, to)
    if (target === undefined) continue
    draft.notes.push({
      step: id,
      text: `Goes on at “${target.label}”: version ${command.to.version} does not have this step`,
    })
    // Another path is there already.
    if (draft.state.steps[to] !== undefined) continue
    delete draft.state.waits[to]
    activate(draft, target, to)
    if (draft.state.ending) return
  }
}

/** What waits for a rule asks the new one; other waits go on as they are. */
function lookAgain(draft: Draft, { old, next }: Plans): void {
  for (const id of draft.state.open.slice()) {
    const step = stepAt(next, id)
    if (step === undefined || draft.state.steps[id]?.status !== 'waiting' || sameStep(old, next, id)) continue
    opOf(step).look?.(draft, step, id)
  }
}

const sameStep = (old: PlanIndex, next: PlanIndex, id: string): boolean =>
  JSON.stringify(askedBy(stepAt(old, id))) === JSON.stringify(askedBy(stepAt(next, id)))

const askedBy = (step: PlanStep | undefined) => (step === undefined ? [] : rulesOfStep(step))

function rememberWayBack(draft: Draft, before: RunState, command: Migrate): void {
  const { state } = draft
  const acts = state.open.some((id) => state.steps[id]?.status === 'acting')
  if (acts || state.open.length === 0 || state.ending) return
  const { steps, edges, waits, open } = before
  state.moved = {
    migration: command.migration,
    at: state.open.map((id) => waitOf(state, id)),
    steps,
    edges,
    waits,
    open,
  }
}

const waitOf = (state: RunState, id: string): string => `${id}:${state.steps[id]?.visit ?? 0}`

function backRefusal(state: RunState, { id, command }: Operator<Unmigrate>): MigrationRefusal | null {
  const general = generalRefusal(state, id)
  if (general !== null) return general.code === 'busy' ? LEFT : general
  return state.moved?.migration === command.migration ? null : LEFT
}
