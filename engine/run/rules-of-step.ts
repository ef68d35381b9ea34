import type { PlanStep } from '../model/plan.ts'
import type { Rule } from '../model/rule.ts'

/** The rules a step asks when its turn has come, in the order it asks them. */
export function rulesOfStep(step: PlanStep): Rule[] {
  if (step.op === 'branch') return step.cases.map((one) => one.if)
  return step.op === 'waitRule' ? [step.rule] : []
}
