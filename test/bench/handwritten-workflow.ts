import { ApplicationFailure, proxyLocalActivities } from '@temporalio/workflow'
import type { ActOrder } from '../../engine/run/act-order.ts'
import type { RunWorkflowStart } from '../../engine/temporal/messages.ts'
import type { RunInput, StepOutcome } from '../../engine/model/run.ts'
import type { RunSummary } from '../../engine/ports.ts'
import type { HandwrittenActivities, HandwrittenSteps } from './run-variants.ts'

const local = proxyLocalActivities<HandwrittenActivities>({
  startToCloseTimeout: '60 seconds',
  localRetryThreshold: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' },
})

/**
 * The bench's playbook as a person would write it for Temporal, with the product's own ledger, record and clients:
 * branch on the account's MRR, tag, then opportunity. No plan, no state, no `advance`.
 */
export async function handwritten(start: RunWorkflowStart, steps: HandwrittenSteps): Promise<void> {
  const { workspaceId, runId, subject, trigger } = start
  const run = { workspaceId, runId }
  const [opened] = await local.begin({ ...run, subject, trigger, reads: steps.reads, epoch: Date.now() })
  if (opened?.kind !== 'start') throw ApplicationFailure.nonRetryable('The run did not open.')
  const { contact, account } = opened.facts
  const inputs: RunInput[] = []
  let recorded = 1
  const takeRecord = (summary: RunSummary) => {
    const from = recorded
    recorded += inputs.length
    return { from, inputs: inputs.splice(0), epoch: Date.now(), summary }
  }
  const act = async (step: string, order: Pick<ActOrder, 'action' | 'connection' | 'input'>): Promise<void> => {
    const scope = {
      contact: contact && { ...contact.properties, id: contact.id },
      account: account && { ...account.properties, id: account.id },
      trigger: trigger.data,
      steps: {},
      vars: {},
      item: null,
    }
    const record = takeRecord({ status: 'running', reason: null, waitingUntil: null, at: [step], heldBy: [] })
    const performed = await local.perform({
      ...run,
      ...order,
      step,
      visit: 1,
      attempt: 1,
      slot: null,
      givenUp: false,
      scope,
      record,
    })
    inputs.push({ kind: 'outcome', at: performed.at, step, visit: 1, outcome: landed(performed.result) })
  }
  const mrr = account?.properties.mrr
  if (typeof mrr === 'number' && mrr > 100) {
    await act('tag', steps.tag)
    await act('opp', steps.opp)
  }
  const record = takeRecord({ status: 'completed', reason: null, waitingUntil: null, at: [], heldBy: [] })
  await local.conclude({ ...run, record })
}

function landed(outcome: { kind: string }): StepOutcome {
  if (outcome.kind === 'done') return outcome as StepOutcome
  throw ApplicationFailure.nonRetryable(`The step did not land: ${JSON.stringify(outcome)}`)
}
