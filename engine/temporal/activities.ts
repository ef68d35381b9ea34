import type { RunInput } from '../model/run.ts'
import type { Ports } from '../ports.ts'
import type { ClientPool } from './client-pool.ts'
import type { RunActivities } from './messages.ts'
import { createPerform } from './perform.ts'

/** The activities of the run workflow over the ports; everything they need from the outside is an argument. */
export function createRunActivities(ports: Ports, pool: ClientPool, options: PerformOptions): RunActivities {
  const perform = createPerform(ports, pool, options)
  return {
    async begin({ workspaceId, runId, subject, trigger, reads, epoch }) {
      const at = ports.clock()
      const facts = await ports.facts.load(workspaceId, subject, { reads, at })
      return ports.runs.open({ workspaceId, runId }, { kind: 'start', at, trigger, facts }, epoch)
    },
    async wake({ workspaceId, runId, subject, reads, position, step, visit, epoch }) {
      const at = ports.clock()
      const facts = await ports.facts.load(workspaceId, subject, { reads, at })
      const due: RunInput & { kind: 'due' } = { kind: 'due', at, step, visit, facts }
      return ports.runs.wake({ workspaceId, runId }, { position, due, epoch })
    },
    perform: (orders) =>
      Promise.all(orders.map(async (order) => ({ result: await perform(order), at: ports.clock() }))),
    async settle({ workspaceId, runId, record }) {
      await ports.runs.append({ workspaceId, runId }, record)
      const { heldBy } = record.summary
      // Written first, then read: a reconnect between the two is seen by one side or the other.
      return heldBy.length > 0 ? ports.runs.connectionsOpen(workspaceId, heldBy) : []
    },
    async conclude({ workspaceId, runId, record }) {
      await ports.runs.conclude({ workspaceId, runId }, record, ports.clock())
    },
  }
}

export interface PerformOptions {
  /** Whether slow actions are handed to the shared queue; the worker of that queue itself says false. */
  mayDefer: boolean
  /** An action that lately took longer than this, in milliseconds, goes to the shared queue. */
  slowMs: number
  /** Milliseconds after which one vendor call is given up. */
  callTimeoutMs: number
  random: () => number
  /** A fail point of tests: called by name between intent, call, outcome and end of the task. */
  reached?: (point: FailPoint) => void
}

export type FailPoint = 'before-intent' | 'after-intent' | 'after-call' | 'after-outcome'
