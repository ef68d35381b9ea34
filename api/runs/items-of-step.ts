import { itemOf, placeOf, placesAround, stepOf } from '../../engine/run/instance.ts'
import type { PlanStep } from '../../engine/model/plan.ts'
import type { RunState, StepStatus } from '../../engine/model/run.ts'
import type { TimelineEntry } from '../../engine/run/view.ts'

/** How far a step is with the items of a list. */
export interface StepItems {
  total: number
  done: number
  failed: number
}

/**
 * Of a step that works through a list, its items; of a step within, those it was reached for. Null for all others, and
 * before it was reached.
 */
export function itemsOfStep(
  step: PlanStep,
  state: RunState | null,
  timeline: readonly TimelineEntry[],
): StepItems | null {
  if (step.op === 'each') {
    const { loop, items } = state?.steps[step.id] ?? {}
    if (loop !== undefined) return { total: loop.items.length, done: loop.done, failed: loop.failed.length }
    return items ?? null
  }
  if (step.within === undefined) return null
  const last = [...lastOf(step, timeline).values()]
  if (last.length === 0) return null
  const count = (status: StepStatus) => last.filter((one) => one === status).length
  return { total: last.length - count('skipped'), done: count('done'), failed: count('failed') }
}

/** What a step within a list came to, over all its items: what a person should look at first. */
export function statusOverItems(step: PlanStep, timeline: readonly TimelineEntry[]): StepStatus {
  if (step.within === undefined) return 'pending'
  const statuses = new Set(lastOf(step, timeline).values())
  return URGENCY.find((status) => statuses.has(status)) ?? 'pending'
}

const URGENCY: StepStatus[] = [
  'review',
  'held',
  'failed',
  'acting',
  'retrying',
  'paced',
  'waiting',
  'done',
  'cancelled',
  'skipped',
]

function lastOf(step: PlanStep, timeline: readonly TimelineEntry[]): Map<string, StepStatus> {
  const last = new Map<string, StepStatus>()
  for (const { step: instance, what } of timeline)
    if (instance !== null && stepOf(instance) === step.id && isStatus(what)) last.set(instance, what)
  return last
}

const isStatus = (what: TimelineEntry['what']): what is StepStatus => URGENCY.includes(what as StepStatus)

/** Which item an instance is for, as people count, the outer list first: “2, 4”; null where it is for none. */
export function itemNumber(instance: string | null): string | null {
  if (instance === null) return null
  const numbers = placesAround(placeOf(instance)).flatMap((place) => {
    const item = itemOf(place)
    return item === null ? [] : [item.index + 1]
  })
  return numbers.length === 0 ? null : numbers.toReversed().join(', ')
}
