import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { PlanStep } from '../model/plan.ts'
import type { SubjectFacts } from '../model/rule.ts'
import type { RunState } from '../model/run.ts'
import { itemAt, leftBy } from '../run/draft.ts'
import { placeOf } from '../run/instance.ts'

type Values = { [name: string]: Json }

/** What the templates of an action may read. Subjects are flat: `id`, `externalId` and their properties. */
export interface RenderScope {
  contact: Values | null
  account: Values | null
  trigger: Values
  steps: Values
  vars: Values
  /** Null outside of lists. */
  item: Json
}

/** Fills an action's input as it would be filled for a write. @returns null where it can be */
export function faultOfFilling(
  step: PlanStep & { op: 'act' },
  { state, instance }: { state: RunState; instance: string },
  render: (input: Values, scope: RenderScope) => Values,
): Fault | null {
  try {
    render(step.input, scopeFor(step, state, instance))
    return null
  } catch (error) {
    if (error instanceof FaultError) return error.fault
    throw error
  }
}

function scopeFor({ readsSteps }: PlanStep & { op: 'act' }, state: RunState, instance: string): RenderScope {
  const steps: Array<[string, Json]> = []
  for (const id of readsSteps) {
    const output = leftBy(state, instance, id)
    if (output !== undefined) steps.push([id, output])
  }
  return {
    contact: flat(state.facts.contact),
    account: flat(state.facts.account),
    trigger: state.trigger.data,
    steps: Object.fromEntries(steps),
    vars: state.vars ?? {},
    item: itemAt(state, placeOf(instance)) ?? null,
  }
}

const flat = (subject: SubjectFacts | null): Values | null =>
  subject === null ? null : { ...subject.properties, id: subject.id, externalId: subject.externalId }
