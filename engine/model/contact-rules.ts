import type { Channel } from '../../nodes/define.ts'
import { nextOpen, WEEKDAYS } from './business-hours.ts'
import { DAY } from './duration.ts'
import type { Instant } from './rule.ts'

/** What a workspace says of reaching people, over all its playbooks. */

export const CHANNELS = ['email'] as const satisfies readonly Channel[]

/** What was sent before counts for no cap. */
export const LONGEST_CAP_DAYS = 90

/** No more than so many in so many days of 24 hours, counted back from now, to one person on one channel. */
export interface Cap {
  channel: Channel
  most: number
  days: number
}

/** Nobody is written to from the one time of day until the other, by the clocks of the person or of the workspace. */
export interface QuietHours {
  /** `HH:MM` */
  from: string
  /** `HH:MM`; where it is not after `from` it is on the day after. */
  to: string
  /** IANA name; holds where the person's is not known. Left out, or `workspace`: the workspace's. */
  zone?: string | undefined
  /** The property with the person's zone; null: the one zone holds for everybody. */
  property: string | null
}

/** Quiet hours whose zone is known. */
export type QuietIn = QuietHours & { zone: string }

/**
 * When somebody may be written to, from `at` on.
 * @param zone the person's where it is known
 * @returns `at` itself outside of the quiet hours
 */
export function quietUntil({ from, to, ...quiet }: QuietIn, at: Instant, zone: string | null): Instant {
  const windows = [{ days: [...WEEKDAYS], from: to, to: from }]
  return nextOpen(at, { windows, pauses: [], zone: zone ?? quiet.zone }) ?? at
}

/**
 * The cap that one more would go beyond.
 * @param sent when what was sent to the person on the channel was sent
 */
export function capReached(caps: readonly Cap[], sent: readonly Instant[], now: Instant): Cap | null {
  return caps.find(({ most, days }) => sent.filter((at) => at > now - days * DAY).length >= most) ?? null
}
