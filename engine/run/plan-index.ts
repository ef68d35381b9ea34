import type { Plan, PlanStep } from '../model/plan.ts'
import type { RunState } from '../model/run.ts'
import { stepOf } from './instance.ts'

/** The plan and the state (or input) do not belong together: a defect of whoever brought them, never of the data. */
export class PlanMismatch extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PlanMismatch'
  }
}

export interface PlanIndex {
  plan: Plan
  byId: ReadonlyMap<string, PlanStep>
  triggers: readonly PlanStep[]
  goal: (PlanStep & { op: 'goal' }) | undefined
}

// Plans are frozen and shared, so each is indexed once a process; the map forgets a plan with its last holder.
const indexes = new WeakMap<Plan, PlanIndex>()

export function indexPlan(plan: Plan): PlanIndex {
  const known = indexes.get(plan)
  if (known) return known
  const index: PlanIndex = {
    plan,
    byId: new Map(plan.steps.map((step) => [step.id, step])),
    triggers: plan.steps.filter((step) => step.op === 'trigger'),
    goal: plan.steps.find((step) => step.op === 'goal'),
  }
  indexes.set(plan, index)
  return index
}

/** @throws PlanMismatch where the state cannot have come from this plan */
export function assertMatches(index: PlanIndex, state: RunState): void {
  // A run that went over to another version may have been started by a trigger that is gone.
  if (state.under === undefined && index.byId.get(state.trigger.step)?.op !== 'trigger')
    throw new PlanMismatch(`The state was started by "${state.trigger.step}", which is no trigger of this plan.`)
  const stranger = state.open.find((id) => stepAt(index, id) === undefined)
  if (stranger !== undefined)
    throw new PlanMismatch(`The state is at step "${stranger}", which this plan does not have.`)
}

/** The step that an instance is of. */
export const stepAt = (index: PlanIndex, instance: string): PlanStep | undefined => index.byId.get(stepOf(instance))

/** The key of an edge in `RunState.edges`. */
export const edgeKey = (from: string, port: string, to: string): string => `${from}.${port}>${to}`
