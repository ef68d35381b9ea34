import type { Json } from '../../../nodes/manifest.ts'
import { readRulePath } from '../../rules/evaluate.ts'
import { completeStep, scopeOf, waitFor } from '../draft.ts'
import type { Op } from './op.ts'
import { deadlineOf } from './wait-rule.ts'

/** Until the subject does something; what the keys must equal is read once, when the wait begins. */
export const waitEvent: Op<'waitEvent'> = {
  begin: (draft, step, id) => {
    const scope = scopeOf(draft.state, id)
    const keys: { [property: string]: Json } = {}
    for (const { property, path } of step.keys) keys[property] = readRulePath(path, scope) ?? null
    const deadline = deadlineOf(draft.at, step.maxWaitMs)
    waitFor(draft, id, { keys, ...(deadline === null ? {} : { until: deadline, deadline }) })
  },
  due: (draft, _step, id) => completeStep(draft, id, { port: 'timeout' }),
  heard: (draft, step, { id, event }) => {
    draft.notes.push({ step: id, port: 'happened', text: `Heard “${event.name}”` })
    completeStep(draft, id, { port: 'happened', ...(step.keeps ? { output: event.properties } : {}) })
  },
}
