import type { Trace } from '../../model/rule.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { completeStep, scopeOf } from '../draft.ts'
import type { Op } from './op.ts'

/** The first case that holds, else `else`. */
export const branch: Op<'branch'> = {
  begin: (draft, step, id) => {
    const scope = scopeOf(draft.state, id)
    const why: Trace[] = []
    let port = 'else'
    for (const one of step.cases) {
      // Against the time of the facts: between waits neither they nor the clock of a rule moves.
      const answer = evaluate(one.if, scope, scope.at)
      why.push(answer.why)
      if (answer.value) {
        port = one.port
        break
      }
    }
    draft.notes.push({ step: id, port, why })
    completeStep(draft, id, { port })
  },
}
