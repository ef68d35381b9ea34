import type { PerformOptions } from '../../engine/temporal/perform-options.ts'
import { createClientPool } from '../../engine/temporal/client-pool.ts'
import { createPerform } from '../../engine/temporal/perform.ts'
import type { Ports } from '../../engine/ports.ts'
import type { HandwrittenActivities } from './run-variants.ts'

/** What the handwritten workflows call: the product's facts, record, ledger, budgets and clients, one step at a time. */
export function handwrittenActivities(ports: Ports, options: PerformOptions): HandwrittenActivities {
  const perform = createPerform(ports, createClientPool(ports, options), { ...options, mayDefer: false })
  return {
    async begin({ workspaceId, runId, subject, trigger, reads, epoch }) {
      const at = ports.clock()
      const facts = await ports.facts.load(workspaceId, subject, { reads, at })
      return ports.runs.open({ workspaceId, runId }, { kind: 'start', at, trigger, facts }, epoch)
    },
    async perform({ record, ...order }) {
      return { result: await perform(order, () => record), at: ports.clock() }
    },
    rest: ({ workspaceId, runId, record }) => ports.runs.append({ workspaceId, runId }, record),
    async wake({ workspaceId, runId, subject, reads, step, position, epoch }) {
      const at = ports.clock()
      const facts = await ports.facts.load(workspaceId, subject, { reads, at })
      const input = { kind: 'due', at, step, visit: 1, facts } as const
      const taken = await ports.runs.take({ workspaceId, runId }, { position, input, epoch })
      if (taken.kind !== 'due' || taken.facts === null) throw new Error(`The wait of ${runId} was not over.`)
      return taken.facts
    },
    conclude: ({ workspaceId, runId, record }) => ports.runs.conclude({ workspaceId, runId }, record, ports.clock()),
  }
}
