import type { ActionContext, AnyActionDefinition, ConnectorDefinition, OpenedConnection } from '../../nodes/define.ts'
import { FaultError } from '../../nodes/fault.ts'
import { effectKey } from '../ids.ts'
import type { Instant } from '../model/rule.ts'
import type { Ports } from '../ports.ts'
import type { PerformOptions } from './perform-options.ts'
import type { ActOrder } from '../run/act-order.ts'

/** What a client is made of. */
export type ClientPorts = Pick<
  Ports,
  'catalog' | 'clock' | 'connections' | 'subjects' | 'consent' | 'budgets' | 'inside'
>

export interface ClientUse {
  order: Pick<ActOrder, 'workspaceId' | 'runId' | 'step' | 'visit' | 'action'>
  definition: AnyActionDefinition
  connection: OpenedConnection | null
  intendedAt: Instant
}

export interface ClientPool {
  /** Vendor calls one such action made lately, on average; what it asks the budget for. */
  expectedCalls(connectionId: string, action: string): number
  /** Milliseconds one such action took lately, on average. */
  latencyMs(connectionId: string, action: string): number
  use<T>(use: ClientUse, act: (context: ActionContext<never, never>) => Promise<T>): Promise<T>
}

/** What an action asks the budget for before it was seen: a look and a write. Too much comes back as a credit. */
const FIRST_CALLS = 2
/** How fast the averages follow. */
const WEIGHT = 0.2
/** How long an action that nobody here carries out counts as slow. */
const REMEMBERED_MS = 30_000

/**
 * Gives an action its authorized, metered client and learns from each use what the next will cost. Averages are
 * per process: they steer, nothing depends on them being right.
 */
export function createClientPool(ports: ClientPorts, options: Pick<PerformOptions, 'callTimeoutMs'>): ClientPool {
  const averages = new Map<string, { calls: number; ms: number; at: Instant }>()
  const averageOf = (connectionId: string, action: string) =>
    averages.get(`${connectionId} ${action}`) ?? { calls: FIRST_CALLS, ms: 0, at: 0 }

  return {
    expectedCalls: (connectionId, action) => averageOf(connectionId, action).calls,
    latencyMs: (connectionId, action) => {
      const { ms, at } = averageOf(connectionId, action)
      // Other processes may carry it out meanwhile: what was slow is tried here again after a while.
      return ports.clock() - at < REMEMBERED_MS ? ms : 0
    },
    async use({ order, definition, connection, intendedAt }, act) {
      const abort = new AbortController()
      let calls = 0
      const startedAt = performance.now()
      const client = await openClient(
        ports,
        { order, definition, connection },
        {
          timeoutMs: options.callTimeoutMs,
          signal: abort.signal,
          meter: (n = 1) => {
            calls += n
            return Promise.resolve()
          },
        },
      )
      try {
        return await act({
          input: undefined as never,
          client: client as never,
          key: effectKey(order.runId, order.step, order.visit),
          intendedAt: new Date(intendedAt),
          signal: abort.signal,
          consent: (address) => ports.consent(order.workspaceId, address),
          subject: (kind, id) => subjectOf(ports, order.workspaceId, { kind, id }),
          link: (kind, id, vendorId) => linkOf(ports, { order, definition }, { kind, id, vendorId }),
        })
      } finally {
        if (connection !== null) {
          const average = averageOf(connection.id, order.action)
          const ms = performance.now() - startedAt
          averages.set(`${connection.id} ${order.action}`, {
            calls: average.calls + WEIGHT * (calls - average.calls),
            ms: average.ms + WEIGHT * (ms - average.ms),
            at: ports.clock(),
          })
          await ports.budgets.settle(connection.id, calls - average.calls)
        }
      }
    },
  }
}

async function openClient(
  ports: ClientPorts,
  { order, definition, connection }: Omit<ClientUse, 'intendedAt'>,
  environment: { timeoutMs: number; signal: AbortSignal; meter: (calls?: number) => Promise<void> },
): Promise<unknown> {
  if (definition.connector === null)
    return ports.inside({
      workspaceId: order.workspaceId,
      runId: order.runId,
      key: effectKey(order.runId, order.step, order.visit),
      step: order.step,
      visit: order.visit,
    })
  const connector = ports.catalog.connectors.find((c) => c.app === definition.connector) as
    | ConnectorDefinition
    | undefined
  if (connector === undefined) throw new Error(`The catalog has no connector ${definition.connector}.`)
  const opened = connection ?? { id: '', app: definition.connector, credentials: {}, settings: {} }
  return connector.client(opened, {
    ...environment,
    refresh: () => ports.connections.refresh(order.workspaceId, opened.id, opened.credentials.accessToken ?? ''),
  })
}

function linkOf(
  ports: ClientPorts,
  { order, definition }: Pick<ClientUse, 'order' | 'definition'>,
  { kind, id, vendorId }: { kind: 'contact' | 'account'; id: string; vendorId: string },
): Promise<void> {
  if (definition.connector === null) throw new Error(`${definition.type} acts in no app, so nobody has an id there.`)
  return ports.subjects.link(order.workspaceId, { kind, id }, { app: definition.connector, vendorId })
}

async function subjectOf(ports: ClientPorts, workspaceId: string, ref: { kind: 'contact' | 'account'; id: string }) {
  const subject = await ports.subjects.get(workspaceId, ref)
  if (subject !== null) return subject
  throw new FaultError({
    code: 'NOT_FOUND',
    who: 'user',
    message: `There is no ${ref.kind} ${ref.id} in this workspace.`,
    fix: `Give the step the id of a ${ref.kind} that exists, e.g. {{ ${ref.kind}.id }}.`,
  })
}
