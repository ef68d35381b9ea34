import { readRulePath } from '../../rules/evaluate.ts'
import { completeStep, scopeOf } from '../draft.ts'
import { endRun } from '../end-run.ts'
import type { Op } from './op.ts'

/** Ends the whole run, from within a list too. */
export const exit: Op<'exit'> = {
  begin: (draft, step, id) => {
    if (step.outputs !== undefined) {
      const scope = scopeOf(draft.state, id)
      const read = (path: string) => readRulePath(path, scope) ?? null
      draft.state.output = Object.fromEntries(Object.entries(step.outputs).map(([name, path]) => [name, read(path)]))
    }
    completeStep(draft, id)
    draft.notes.push({ step: id, text: `The run ends: ${step.reason}` })
    endRun(draft, { status: 'exited', reason: step.reason })
  },
}
