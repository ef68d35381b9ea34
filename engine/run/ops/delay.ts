import type { Fault } from '../../../nodes/fault.ts'
import { parseInstant } from '../../model/instant.ts'
import type { Delay } from '../../model/plan.ts'
import type { Instant } from '../../model/rule.ts'
import { readRulePath } from '../../rules/evaluate.ts'
import { completeStep, type Draft, failStep, scopeOf, waitFor } from '../draft.ts'
import type { Op } from './op.ts'

/** A time, or until a moment. */
export const delay: Op<'delay'> = {
  begin: (draft, step, id) => {
    const due = dueOf(draft, step.delay, id)
    if (due.kind === 'fault') {
      draft.notes.push({ step: id, text: due.fault.message })
      return failStep(draft, id, due.fault)
    }
    if (due.kind === 'goOn' || due.until <= draft.at) {
      draft.notes.push({ step: id, text: due.kind === 'goOn' ? due.text : 'Its time had already come' })
      return completeStep(draft, id)
    }
    waitFor(draft, id, { until: due.until })
  },
}

type Due = { kind: 'at'; until: Instant } | { kind: 'goOn'; text: string } | { kind: 'fault'; fault: Fault }

function dueOf(draft: Draft, delay: Delay, id: string): Due {
  if (delay.mode === 'for') return { kind: 'at', until: draft.at + delay.ms }
  const found = readRulePath(delay.property, scopeOf(draft.state, id))
  const at = parseInstant(found)
  if (at !== null) {
    const longest = delay.maxWaitMs === undefined ? Number.POSITIVE_INFINITY : draft.at + delay.maxWaitMs
    return { kind: 'at', until: Math.min(at + delay.offsetMs, longest) }
  }
  if (found === undefined || found === null) {
    if (delay.missing === 'skip') return { kind: 'goOn', text: `${delay.property} is missing, so there is no wait` }
    return { kind: 'fault', fault: badDate(`${delay.property} is missing.`, delay.property) }
  }
  return { kind: 'fault', fault: badDate(`${delay.property} holds ${JSON.stringify(found)}, no date.`, delay.property) }
}

const badDate = (message: string, property: string): Fault => ({
  code: 'INVALID_INPUT',
  who: 'user',
  message,
  fix: `Give ${property} a date (2026-03-01), a date-time with its zone or unix seconds, then retry the run.`,
})
