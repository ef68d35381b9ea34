import { isZone } from '../../engine/model/calendar.ts'
import { type Cap, capReached, type QuietIn, quietUntil } from '../../engine/model/contact-rules.ts'
import type { Reachable } from '../../engine/ports.ts'

/**
 * Whether quiet hours stand in the way, and until when.
 * @param named what the person's property for it holds, whatever that is
 * @returns null where they do not
 */
export function heldByQuiet(
  quiet: QuietIn | null,
  named: string | null,
  now: number,
): (Reachable & { kind: 'later' }) | null {
  if (quiet === null) return null
  const at = quietUntil(quiet, now, named !== null && isZone(named) ? named : null)
  if (at <= now) return null
  const { from, to } = quiet
  return {
    kind: 'later',
    at,
    why: `Quiet hours (${from} to ${to}): it is sent from ${new Date(at).toISOString()} on.`,
  }
}

const WORDS = { email: 'e-mail' }

/** Whether one more would go beyond a cap. @param caps of one channel @returns null where it would not */
export function withheldByCap(
  caps: readonly Cap[],
  sent: readonly number[],
  now: number,
): (Reachable & { kind: 'withheld' }) | null {
  const reached = capReached(caps, sent, now)
  if (reached === null) return null
  const { most, days, channel } = reached
  const message = `Not sent: one person gets at most ${most} ${WORDS[channel]}${most === 1 ? '' : 's'} in ${days === 1 ? 'a day' : `${days} days`}, over all playbooks.`
  return { kind: 'withheld', why: { code: 'FREQUENCY_CAP', message } }
}
