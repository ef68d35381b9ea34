import type { Instant } from '../model/rule.ts'
import type { FinalStatus, RunState } from '../model/run.ts'
import { evaluate } from '../rules/evaluate.ts'
import { soonest } from '../rules/valid-until.ts'
import { commandAct, type Draft, isFinal, scopeOf, setStep } from './draft.ts'
import { isGoalOpen, reachGoal } from './goal.ts'

/** Decides how the run ends: waits are cancelled, what is in flight is let finish and then leads nowhere. */
export function endRun(draft: Draft, ending: { status: FinalStatus; reason: string | null }): void {
  draft.state.ending = ending
  draft.queue.length = 0
  for (const id of draft.state.open.slice()) cancelStep(draft, id)
}

/**
 * Ends the run where the goal is met or an exit rule holds, by the facts in the state; where the plan has a step for
 * its goal, the run goes on behind it. What it is at is given up either way.
 * @param at the step at which the run looked, for the note
 */
export function endIfRuled(draft: Draft, at: string): boolean {
  const { plan, goal: step } = draft.index
  const { goal, exit } = plan.enrollment
  const open = goal !== null && isGoalOpen(plan, draft.state)
  const rules = open ? [{ name: `goal: ${goal.name}`, if: goal.if }, ...exit] : exit
  if (rules.length === 0) return false
  const scope = scopeOf(draft.state, at)
  for (const [i, rule] of rules.entries()) {
    const { value, why } = evaluate(rule.if, scope, scope.at)
    if (!value) continue
    if (open && i === 0 && step !== undefined) {
      draft.notes.push({ step: step.id, why: [why], port: 'reached', text: `The goal is reached: ${goal.name}` })
      reachGoal(draft, step, (id) => cancelStep(draft, id))
      return true
    }
    draft.notes.push({ step: at, why: [why], text: `The run ends: ${rule.name}` })
    endRun(draft, { status: 'exited', reason: rule.name })
    return true
  }
  return false
}

/** In the place of a step's id: the run itself. */
export const RUN = ''

/** When an exit rule or the goal may come true by time alone, by the facts in the state; null: never. */
export function watchOf(draft: Draft): Instant | null {
  const { plan } = draft.index
  const { exit } = plan.enrollment
  const goal = isGoalOpen(plan, draft.state) ? plan.enrollment.goal : null
  if (!plan.watches || (goal === null && exit.length === 0)) return null
  const scope = scopeOf(draft.state, RUN)
  const rules = [...(goal === null ? [] : [goal.if]), ...exit.map((rule) => rule.if)]
  return soonest(rules.map((rule) => evaluate(rule, scope, scope.at).validUntil))
}

/** Steps that wait for a connection to work again, or for the run to go on. */
export const heldBy = (state: RunState, by: string): string[] =>
  state.open.filter((id) => state.steps[id]?.status === 'held' && state.steps[id]?.heldBy === by)

export function actAgain(draft: Draft, held: readonly string[]): void {
  for (const id of held) {
    const step = draft.state.steps[id]
    if (step) commandAct(draft, id, { visit: step.visit, attempt: step.attempts + 1 })
  }
}

/**
 * A join or an exit has decided without this step. One that is acting is only marked: its call may have landed, so its
 * outcome is still recorded. One in review stays on the list of unknown effects, but the run no longer waits for it.
 */
export function cancelStep(draft: Draft, id: string): void {
  const step = draft.state.steps[id]
  if (isFinal(step)) return
  const handedOut = !draft.acts.delete(id)
  if (step?.status === 'acting' && handedOut) {
    setStep(draft, id, { ...step, cancelRequested: true })
    return
  }
  const asleep = step?.status === 'waiting' || step?.status === 'retrying' || step?.status === 'paced'
  if (step?.until !== undefined && asleep && handedOut && id !== draft.woken)
    draft.cancels.push({ kind: 'cancelSleep', step: id, visit: step.visit })
  // Taken back before it was handed out: that attempt never was.
  const attempts = step === undefined ? 0 : step.status === 'acting' ? step.attempts - 1 : step.attempts
  const { until: _1, heldBy: _2, loop: _3, keys: _4, deadline: _5, ...kept } = step ?? { visit: 0 }
  setStep(draft, id, { ...kept, status: 'cancelled', attempts, endedAt: draft.at })
  if (step?.loop) for (const item of draft.state.open.slice()) if (item.startsWith(`${id}:`)) cancelStep(draft, item)
}
