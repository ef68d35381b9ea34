import type { AnyActionDefinition } from '../../nodes/define.ts'
import { effectKey } from '../ids.ts'
import type { Ports } from '../ports.ts'
import type { ActOrder } from '../run/act-order.ts'
import type { ActResult } from './messages.ts'

/**
 * What stands in the way of reaching a person now: the workspace's quiet hours, which it waits for, or its caps, for
 * which it is left out. A write that has begun is brought to its end.
 * @returns null where nothing does
 */
export async function mayReach(
  ports: Pick<Ports, 'reach' | 'ledger' | 'clock'>,
  order: ActOrder,
  { definition, input }: { definition: AnyActionDefinition; input: unknown },
): Promise<ActResult | null> {
  const channel = definition.reaches?.(input as never) ?? null
  const { contact, account } = order.scope
  const personId = contact?.id ?? account?.id
  if (channel === null || typeof personId !== 'string') return null
  const { workspaceId, runId } = order
  const key = effectKey(runId, order.step, order.visit)
  if (await ports.ledger.hasBegun({ workspaceId, runId, key })) return null
  const answer = await ports.reach.ask(workspaceId, { key, channel, personId }, ports.clock())
  switch (answer.kind) {
    case 'go':
      return null
    case 'later':
      return { kind: 'paced', at: answer.at, why: answer.why }
    case 'withheld':
      return answer
  }
}
