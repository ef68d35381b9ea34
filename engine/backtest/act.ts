import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { PlanStep } from '../model/plan.ts'
import type { RunState } from '../model/run.ts'
import { type TemplateScope, templateScopeOf } from '../run/act-order.ts'

type Values = { [name: string]: Json }

/** What the templates of an action may read. */
export type RenderScope = TemplateScope

/** Fills an action's input as it would be filled for a write, or says why it cannot be. */
export function filled(
  step: PlanStep & { op: 'act' },
  { state, instance }: { state: RunState; instance: string },
  render: (input: Values, scope: RenderScope) => Values,
): { input: Values } | { fault: Fault } {
  try {
    return { input: render(step.input, templateScopeOf(state, step, instance)) }
  } catch (error) {
    if (error instanceof FaultError) return { fault: error.fault }
    throw error
  }
}
