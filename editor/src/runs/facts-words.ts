import type { Instant } from '../../../engine/model/rule.ts'

const SHOWN = 5

/** The latest times first, and words for those that are not shown. */
export function eventWords(times: readonly Instant[]): { latest: Instant[]; rest: string | null } {
  const latest = times.slice(-SHOWN).toReversed()
  const hidden = times.length - latest.length
  return { latest, rest: times.length === 0 ? 'not once' : hidden === 0 ? null : `and ${hidden} earlier` }
}

/** Whether a value is a date with its time and zone, as properties carry them. A number never is: nobody can tell. */
export const isInstantText = (value: unknown): value is string =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(value) &&
  !Number.isNaN(Date.parse(value))
