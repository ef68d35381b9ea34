import { completeStep } from '../draft.ts'
import { shareOf } from '../share.ts'
import type { Op } from './op.ts'

/** One arm for each subject, for good. */
export const split: Op<'split'> = {
  begin: (draft, step, id) => {
    const subject = draft.state.facts[draft.index.plan.subject]
    const share = shareOf(step.key, subject?.id ?? '')
    let upTo = 0
    let port = step.arms.at(-1)?.port ?? ''
    for (const arm of step.arms) {
      upTo += arm.percent / 100
      if (share >= upTo) continue
      port = arm.port
      break
    }
    draft.notes.push({ step: id, port, text: `In the cohort ${port}` })
    completeStep(draft, id, { port })
  },
}
