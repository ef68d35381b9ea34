import { proxyLocalActivities } from '@temporalio/workflow'
import type { RunWorkflowStart } from '../../engine/temporal/messages.ts'
import type { BareActivities, HandwrittenSteps } from './run-variants.ts'

const local = proxyLocalActivities<BareActivities>({
  startToCloseTimeout: '60 seconds',
  localRetryThreshold: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' },
})

/** The same playbook as `handwritten`, with nothing kept of it: load the facts, branch, call, call. */
export async function bare(start: RunWorkflowStart, steps: HandwrittenSteps): Promise<void> {
  const { workspaceId, runId, subject } = start
  const facts = await local.loadFacts({ workspaceId, subject, reads: steps.reads })
  const mrr = facts.account?.properties.mrr
  if (typeof mrr !== 'number' || mrr <= 100) return
  for (const step of ['tag', 'opp']) {
    const action = steps.actions[step]
    if (action === undefined) throw new Error(`There is no action ${step}.`)
    await local.callVendor({ workspaceId, runId, step, ...action, facts })
  }
}
