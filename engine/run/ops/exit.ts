import { completeStep } from '../draft.ts'
import { endRun } from '../end-run.ts'
import type { Op } from './op.ts'

/** Ends the whole run, from within a list too. */
export const exit: Op<'exit'> = {
  begin: (draft, step, id) => {
    completeStep(draft, id)
    draft.notes.push({ step: id, text: `The run ends: ${step.reason}` })
    endRun(draft, { status: 'exited', reason: step.reason })
  },
}
