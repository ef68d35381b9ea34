import type { Plan, PlanStep } from '../model/plan.ts'
import type { RunState } from '../model/run.ts'
import { completeStep, decidePorts, type Draft, failedForGood, setStep, skipStep } from './draft.ts'
import { placeOf } from './instance.ts'
import { indexPlan } from './plan-index.ts'

type GoalStep = PlanStep & { op: 'goal' }

/** Whether the run still looks whether its goal is reached. With a step for it that is left once, by either port. */
export function isGoalOpen(plan: Plan, state: RunState): boolean {
  const { goal } = indexPlan(plan)
  return plan.enrollment.goal !== null && (goal === undefined || state.steps[goal.id] === undefined)
}

/**
 * The goal is reached: what is open is given up, and the run goes on behind the port `reached`.
 * @param giveUp takes one open step back
 */
export function reachGoal(draft: Draft, step: GoalStep, giveUp: (id: string) => void): void {
  const { state, index } = draft
  draft.queue.length = 0
  for (const id of state.open.slice()) {
    giveUp(id)
    // So that no join behind the goal waits for a path that is given up; those of items go with their list.
    if (placeOf(id) === '') decidePorts(draft, id, null)
  }
  for (const trigger of index.triggers) {
    if (state.steps[trigger.id] !== undefined) continue
    if (trigger.id !== state.trigger.step) skipStep(draft, trigger.id)
    else {
      setStep(draft, trigger.id, { status: 'done', visit: 1, attempts: 0, startedAt: draft.at, endedAt: draft.at })
      decidePorts(draft, trigger.id, null)
    }
  }
  completeStep(draft, step.id, { port: 'reached' })
}

/**
 * Everything else is over and the goal is not reached. A run that has failed has not missed it yet: what failed may be
 * done again.
 * @returns whether a path begins by that
 */
export function missGoal(draft: Draft): boolean {
  const { state, index } = draft
  const { goal } = index
  if (goal === undefined || state.steps[goal.id] !== undefined || state.open.length > 0 || state.ending) return false
  if (Object.values(state.steps).some(failedForGood)) return false
  draft.notes.push({ step: goal.id, port: 'missed', text: 'All paths are over, and the goal is not reached' })
  completeStep(draft, goal.id, { port: 'missed' })
  return true
}
