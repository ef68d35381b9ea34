import type { Json } from '../../nodes/manifest.ts'
import { DAY } from './duration.ts'
import type { Instant } from './rule.ts'

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}:?\d{2})$/
const FOUR_CENTURIES = 146_097 * DAY

/**
 * Reads a moment from data: `2026-03-01` (midnight UTC), an ISO date-time with its zone, or unix seconds.
 * A date-time without a zone is refused: reading it would depend on where the process runs.
 * @returns milliseconds since 1970, or null where the value is none of these
 */
export function parseInstant(value: Json | undefined): Instant | null {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value * 1000) : null
  if (typeof value !== 'string') return null
  const date = DATE.exec(value)
  if (date) return utc(date.slice(1, 4).map(Number), [0, 0, 0, 0])
  const full = DATE_TIME.exec(value)
  if (!full) return null
  const [hour, minute, second] = [Number(full[4]), Number(full[5]), Number(full[6] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return null
  const ms = Number((full[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const local = utc(full.slice(1, 4).map(Number), [hour, minute, second, ms])
  const zone = zoneOffset(full[8] ?? 'Z')
  return local === null || zone === null ? null : local - zone
}

/** Whether a value is a date without a time, which hangs on a zone. */
export const isDateAlone = (value: Json | undefined): boolean => typeof value === 'string' && DATE.test(value)

function utc(
  [year = 0, month = 0, day = 0]: number[],
  [h, m, s, ms]: [number, number, number, number],
): Instant | null {
  // Date.UTC takes the years 0 to 99 for those of the last century; four centuries on the calendar is the same.
  const early = year < 100
  const at = Date.UTC(early ? year + 400 : year, month - 1, day, h, m, s, ms) - (early ? FOUR_CENTURIES : 0)
  const back = new Date(at)
  // Date.UTC rolls 30 February over into March; a day that does not exist is no date.
  return back.getUTCMonth() === month - 1 && back.getUTCDate() === day ? at : null
}

function zoneOffset(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2))
  if (hours > 14 || minutes > 59) return null
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
