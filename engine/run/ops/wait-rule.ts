import type { Instant } from '../../model/rule.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { soonest } from '../../rules/valid-until.ts'
import { completeStep, type Draft, endSleep, scopeOf, waitFor } from '../draft.ts'
import type { Op, StepOf } from './op.ts'

/** Until a rule holds: at once where it does already, else when new data or time alone makes it so. */
export const waitRule: Op<'waitRule'> = {
  begin: (draft, step, id) => ask(draft, step, { id, deadline: deadlineOf(draft.at, step.maxWaitMs) }),
  due: (draft, step, id) => ask(draft, step, { id, deadline: draft.state.steps[id]?.deadline ?? null }),
  look: (draft, step, id) => ask(draft, step, { id, deadline: draft.state.steps[id]?.deadline ?? null }),
}

/** When a wait that begins now is given up; null: never. */
export const deadlineOf = (at: Instant, maxWaitMs: number | null): Instant | null =>
  maxWaitMs === null ? null : at + maxWaitMs

function ask(draft: Draft, step: StepOf<'waitRule'>, { id, deadline }: { id: string; deadline: Instant | null }): void {
  const scope = scopeOf(draft.state, id)
  const { value, why, validUntil } = evaluate(step.rule, scope, scope.at)
  if (value) {
    endSleep(draft, id)
    draft.notes.push({ step: id, port: 'met', why: [why] })
    return completeStep(draft, id, { port: 'met' })
  }
  if (deadline !== null && draft.at >= deadline) {
    draft.notes.push({ step: id, port: 'timeout', why: [why] })
    return completeStep(draft, id, { port: 'timeout' })
  }
  const until = soonest([validUntil, deadline])
  const before = draft.state.steps[id]
  // The answer stands as long as it was known to stand: nothing to tell, no other sleep.
  if (before?.status === 'waiting' && before.until === (until ?? undefined) && draft.woken !== id) return
  endSleep(draft, id)
  waitFor(draft, id, {
    ...(until === null ? {} : { until: Math.max(until, draft.at + 1) }),
    ...(deadline === null ? {} : { deadline }),
  })
}
