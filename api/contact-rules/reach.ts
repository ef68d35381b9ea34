import type pg from 'pg'
import { isZone } from '../../engine/model/calendar.ts'
import {
  type Cap,
  capReached,
  LONGEST_CAP_DAYS,
  type QuietHours,
  quietUntil,
} from '../../engine/model/contact-rules.ts'
import { DAY } from '../../engine/model/duration.ts'
import type { Reach, Reachable } from '../../engine/ports.ts'
import { lockPerson, type Place, readContactRules, sentTo, takePlace, zoneNamed } from '../db/contact-rules-store.ts'
import { inTransaction, onPool } from '../db/sql.ts'

/** The workspace's quiet hours and caps, over Postgres. Quiet hours come first: what waits takes no place. */
export function createReach(pool: pg.Pool): Reach {
  return {
    async ask(workspaceId, place, now) {
      const q = onPool(pool)
      const { quiet, caps: all } = await readContactRules(q, workspaceId)
      if (quiet !== null) {
        const { property } = quiet
        const named = property === null ? null : await zoneNamed(q, workspaceId, { ...place, property })
        const at = quietUntil(quiet, now, named !== null && isZone(named) ? named : null)
        if (at > now) return { kind: 'later', at, why: quietWords(quiet, at) }
      }
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
    const reached = capReached(
      caps,
      sent.map(({ at }) => at),
      now,
    ) // prettier-ignore
    if (reached !== null)
      return { kind: 'withheld', why: { code: 'FREQUENCY_CAP', message: capWords(reached, place.channel) } }
    await takePlace(q, workspaceId, { ...place, now, since })
    return { kind: 'go' }
  })
}

const WORDS = { email: 'e-mail' }

const capWords = ({ most, days }: Cap, channel: Cap['channel']): string =>
  `Not sent: one person gets at most ${most} ${WORDS[channel]}${most === 1 ? '' : 's'} in ${days === 1 ? 'a day' : `${days} days`}, over all playbooks.`

const quietWords = ({ from, to }: QuietHours, at: number): string =>
  `Quiet hours (${from} to ${to}): it is sent from ${new Date(at).toISOString()} on.`
