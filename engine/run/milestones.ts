import type { Plan } from '../model/plan.ts'
import type { Instant } from '../model/rule.ts'
import type { RunState } from '../model/run.ts'

/** When the run began. */
export const startOf = (state: RunState): Instant => state.steps[state.trigger.step]?.startedAt ?? state.facts.at

/**
 * When the first milestone is due that the run may still reach and has not; null: none. After that moment the run is
 * behind, wherever it waits: it needs no timer to be so.
 */
export function milestoneDueOf(plan: Plan, state: RunState): Instant | null {
  let first: Instant | null = null
  for (const step of plan.steps) {
    // Within a list each item has its own, and they are told apart nowhere else either.
    if (step.op !== 'milestone' || step.within !== undefined || state.steps[step.id] !== undefined) continue
    const due = startOf(state) + step.withinMs
    if (first === null || due < first) first = due
  }
  return first
}
