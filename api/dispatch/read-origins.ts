import type { Origin } from '../../engine/run/chain.ts'
import { repeatsWrite } from '../../nodes/intercom/repeats-write.ts'
import { type EffectName, effectsNamed, effectsNear, type Notified } from '../db/effect-origins.ts'
import type { PendingEvent } from '../db/event-store.ts'
import type { Queryable } from '../db/sql.ts'
import { isRecord, type Resolved } from './resolve-identity.ts'

interface Item {
  event: PendingEvent
  who: Resolved
}

/**
 * Finds the effects of ours that events came of: named by who sent them, or written where we were then told of it. An
 * effect that nobody here knows is none of ours, but perhaps another installation's.
 * @returns the same events, those that came of an effect with their origin
 */
export async function readOrigins<T extends Item>(q: Queryable, workspaceId: string, items: T[]): Promise<T[]> {
  const found = new Map([...(await told(q, workspaceId, items)), ...(await echoes(q, workspaceId, items))])
  if (found.size === 0) return items
  return items.map((item) => {
    const origin = found.get(item.event.seq)
    return origin === undefined ? item : { ...item, event: { ...item.event, origin } }
  })
}

type Found = Array<[seq: string, origin: Origin]>

async function told(q: Queryable, workspaceId: string, items: Item[]): Promise<Found> {
  const named = items.flatMap(({ event: { seq, cause } }) =>
    cause !== null && 'effect' in cause ? [{ seq, effect: cause.effect }] : [],
  )
  if (named.length === 0) return []
  const keys = [...new Set(named.map(({ effect }) => effect))]
  const effects = new Map((await effectsNamed(q, workspaceId, keys)).map((effect) => [effect.key, effect]))
  return named.flatMap(({ seq, effect }) => originOf(seq, effects.get(effect), 'told'))
}

async function echoes(q: Queryable, workspaceId: string, items: Item[]): Promise<Found> {
  const notified = items.flatMap(({ event, who }) => {
    const { seq, name, cause, body } = event
    if (cause === null || !('connection' in cause) || who.contactId === null || name === null) return []
    const about: Notified = {
      connectionId: cause.connection,
      contactId: who.contactId,
      accountId: who.accountId,
      at: event.occurredAt,
    }
    const item = isRecord(body.properties) ? body.properties : {}
    return [{ seq, about, said: { topic: name.replace(TOLD_BY, ''), item, contactId: who.contactId } }]
  })
  if (notified.length === 0) return []
  const near = Map.groupBy(
    await effectsNear(
      q,
      workspaceId,
      notified.map(({ about }) => about),
    ),
    ({ of }) => of,
  )
  return notified.flatMap(({ seq, said }, n) => {
    const effect = near.get(n)?.find((written) => repeatsWrite(said, written))
    return originOf(seq, effect, 'echo')
  })
}

/** Events of a connected system are named after it and its topic. */
const TOLD_BY = /^intercom\./

const originOf = (seq: string, effect: EffectName | undefined, how: Origin['how']): Found =>
  effect === undefined ? [] : [[seq, { run: effect.runId, effect: effect.key, step: effect.step, how }]]
