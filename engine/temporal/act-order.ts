import type { Plan } from '../model/plan.ts'
import type { RunCommand, RunState } from '../model/run.ts'
import type { RunRef } from '../ports.ts'
import { indexPlan } from '../run/plan-index.ts'
import type { ActOrder } from './messages.ts'

/** What an action's attempt needs to know: its templates, and what they may read. */
export function actOrderOf(
  run: RunRef,
  { plan, state }: { plan: Plan; state: RunState },
  command: RunCommand & { kind: 'act' },
): ActOrder {
  const step = indexPlan(plan).byId.get(command.step)
  if (step?.op !== 'act') throw new Error(`The plan has no action ${command.step}.`)
  const { facts, trigger } = state
  const { workspaceId, runId } = run
  const { visit, attempt } = command
  return {
    workspaceId,
    runId,
    step: step.id,
    visit,
    attempt,
    slot: null,
    action: step.type,
    connection: step.connection,
    input: step.input,
    scope: {
      contact: facts.contact && { ...facts.contact.properties, id: facts.contact.id },
      account: facts.account && { ...facts.account.properties, id: facts.account.id },
      trigger: trigger.data,
      steps: Object.fromEntries(step.readsSteps.map((id) => [id, state.steps[id]?.output ?? null])),
    },
  }
}
