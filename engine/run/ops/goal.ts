import { PlanMismatch } from '../plan-index.ts'
import type { Op } from './op.ts'

/** Where a run goes on once its goal is decided (`../goal.ts`): nothing leads to it. */
export const goal: Op<'goal'> = {
  begin: (_draft, step) => {
    throw new PlanMismatch(`The goal "${step.id}" has an incoming edge.`)
  },
}
