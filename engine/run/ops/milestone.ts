import { completeStep } from '../draft.ts'
import { startOf } from '../milestones.ts'
import type { Op } from './op.ts'

/** The run has come this far: in the time that it is given, or late. */
export const milestone: Op<'milestone'> = {
  begin: (draft, step, id) => {
    const tookMs = draft.at - startOf(draft.state)
    const late = tookMs > step.withinMs
    const port = late ? 'late' : 'in-time'
    draft.notes.push({ step: id, port, text: late ? `${step.name}: late` : `${step.name}: in time` })
    completeStep(draft, id, { port, ...(step.keeps ? { output: { late, tookMs } } : {}) })
  },
}
