import type pg from 'pg'
import { type Cap, LONGEST_CAP_DAYS } from '../../engine/model/contact-rules.ts'
import { DAY } from '../../engine/model/duration.ts'
import type { Reach, Reachable } from '../../engine/ports.ts'
import { lockPerson, type Place, rulesInForce, sentTo, takePlace, zoneNamed } from '../db/contact-rules-store.ts'
import { inTransaction, onPool } from '../db/sql.ts'
import { heldByQuiet, withheldByCap } from './reachable.ts'

/** The workspace's quiet hours and caps, over Postgres. Quiet hours come first: what waits takes no place. */
export function createReach(pool: pg.Pool): Reach {
  return {
    async ask(workspaceId, place, now) {
      const q = onPool(pool)
      const { quiet, caps: all } = await rulesInForce(q, workspaceId)
      const property = quiet?.property ?? null
      const named = property === null ? null : await zoneNamed(q, workspaceId, { ...place, property })
      const held = heldByQuiet(quiet, named, now)
      if (held !== null) return held
      const caps = all.filter(({ channel }) => channel === place.channel)
      return caps.length === 0 ? { kind: 'go' } : takeUnder(pool, { workspaceId, caps, place, now })
    },
  }
}

function takeUnder(
  pool: pg.Pool,
  { workspaceId, caps, place, now }: { workspaceId: string; caps: Cap[]; place: Place; now: number },
): Promise<Reachable> {
  return inTransaction(pool, async (q) => {
    await lockPerson(q, workspaceId, place.personId)
    const since = now - LONGEST_CAP_DAYS * DAY
    const sent = await sentTo(q, workspaceId, { ...place, since })
    if (sent.some(({ key }) => key === place.key)) return { kind: 'go' }
    const times = sent.map(({ at }) => at)
    const withheld = withheldByCap(caps, times, now)
    if (withheld !== null) return withheld
    await takePlace(q, workspaceId, { ...place, now, since })
    return { kind: 'go' }
  })
}
