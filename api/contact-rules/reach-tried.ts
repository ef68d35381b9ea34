import { LONGEST_CAP_DAYS } from '../../engine/model/contact-rules.ts'
import { DAY } from '../../engine/model/duration.ts'
import type { Facts } from '../../engine/model/rule.ts'
import type { Simulation } from '../../engine/run/simulate.ts'
import { catalog } from '../../nodes/catalog.ts'
import type { Channel } from '../../nodes/define.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Context } from '../context.ts'
import { rulesInForce, sentTo, zoneNamed } from '../db/contact-rules-store.ts'
import { onPool } from '../db/sql.ts'
import { heldByQuiet, withheldByCap } from './reachable.ts'

/**
 * Quiet hours and caps as a dry run meets them: of somebody real with what they were sent, without taking a place.
 * @param who.isReal whether the facts are somebody's
 */
export async function reachTried(
  { pool, workspaceId, now }: Pick<Context, 'pool' | 'workspaceId' | 'now'>,
  { facts, isReal }: { facts: Facts; isReal: boolean },
): Promise<NonNullable<Simulation['reach']>> {
  const q = onPool(pool)
  const { quiet, caps } = await rulesInForce(q, workspaceId)
  const person = facts.contact ?? facts.account
  const property = quiet?.property ?? null
  const told = property === null ? undefined : person?.properties[property]
  const named =
    isReal && person !== null && property !== null
      ? await zoneNamed(q, workspaceId, { personId: person.id, property })
      : typeof told === 'string'
        ? told
        : null
  const since = now - LONGEST_CAP_DAYS * DAY
  const sent = new Map<Channel, number[]>()
  for (const channel of new Set(caps.map((cap) => cap.channel))) {
    const before =
      isReal && person !== null ? await sentTo(q, workspaceId, { personId: person.id, channel, since }) : []
    sent.set(
      channel,
      before.map(({ at }) => at),
    ) // prettier-ignore
  }
  return (action, input, at) => {
    const channel = channelOf(action, input)
    if (channel === null) return null
    const held = heldByQuiet(quiet, named, at)
    if (held !== null) return { kind: 'paced', at: held.at, why: held.why }
    const times = sent.get(channel) ?? []
    const own = caps.filter((cap) => cap.channel === channel)
    const withheld = withheldByCap(own, times, at)
    if (withheld === null) sent.set(channel, [...times, at])
    return withheld
  }
}

/** On what the action would reach somebody with this input. @param type with its version */
function channelOf(type: string, input: { [field: string]: Json }): Channel | null {
  const definition = catalog.steps.find((step) => step.kind === 'action' && `${step.type}@${step.version}` === type)
  if (definition?.kind !== 'action' || definition.reaches === undefined) return null
  const parsed = definition.input.safeParse(input)
  return parsed.success ? definition.reaches(parsed.data as never) : null
}
