import type { RunWorkflowStart } from '../../engine/temporal/messages.ts'
import { HandwrittenRun, numberOf } from './handwritten-run.ts'
import type { HandwrittenSteps } from './run-variants.ts'

/** The playbooks of the benches as a person would write them for Temporal. */

/** Branch on the account's MRR, tag, then opportunity. */
export async function handwritten(start: RunWorkflowStart, steps: HandwrittenSteps): Promise<void> {
  const run = await HandwrittenRun.open(start, steps)
  if (numberOf(run.facts.account, 'mrr') > 100) {
    await run.act('tag')
    await run.act('opp')
  }
  await run.conclude()
}

/** Tag, wait, then opportunity. */
export async function handwrittenWait(start: RunWorkflowStart, steps: HandwrittenSteps): Promise<void> {
  const run = await HandwrittenRun.open(start, steps)
  await run.act('tag')
  await run.wait('wait', 1000)
  await run.act('opp')
  await run.conclude()
}

/** Two actions side by side, then a third. */
export async function handwrittenParallel(start: RunWorkflowStart, steps: HandwrittenSteps): Promise<void> {
  const run = await HandwrittenRun.open(start, steps)
  await Promise.all([run.act('tag'), run.act('opp')])
  await run.act('last')
  await run.conclude()
}

/** An action for each item of a list, two at once. */
export async function handwrittenForEach(start: RunWorkflowStart, steps: HandwrittenSteps): Promise<void> {
  const run = await HandwrittenRun.open(start, steps)
  const { items } = run.trigger.data.data as { items: string[] }
  const rest = [...items.entries()]
  const lane = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [index, item] = next
      await run.act('tag', { instance: `each:${index}/tag`, item })
    }
  }
  await Promise.all([lane(), lane()])
  await run.conclude()
}
