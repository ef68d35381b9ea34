import { completeStep } from '../draft.ts'
import { cancelStep } from '../end-run.ts'
import { placeOf } from '../instance.ts'
import type { Op } from './op.ts'

/** Its paths have arrived: all of them, or the first, which leaves the others behind. */
export const join: Op<'join'> = {
  begin: (draft, step, id) => {
    completeStep(draft, id)
    if (step.wait === 'any') for (const loser of step.losers) cancelStep(draft, placeOf(id) + loser)
  },
}
