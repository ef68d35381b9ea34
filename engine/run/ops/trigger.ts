import { PlanMismatch } from '../plan-index.ts'
import type { Op } from './op.ts'

/** Where a run begins: nothing leads to it. */
export const trigger: Op<'trigger'> = {
  begin: (_draft, step) => {
    throw new PlanMismatch(`The trigger "${step.id}" has an incoming edge.`)
  },
}
