import { LONGEST_CAP_DAYS } from '../../../engine/model/contact-rules.ts'
import type { ContactRules } from '../api/types.ts'
import { isBetween, type Limits } from '../ui/number-limits.ts'

export const CAP_MOST: Limits = { min: 1, max: 1000, whole: true }
export const CAP_DAYS: Limits = { min: 1, max: LONGEST_CAP_DAYS, whole: true }
export const HELD_OUT: Limits = { min: 0, max: 50, whole: false }

/** As it stands in the inputs: what was cleared is '', never 0, which would end the holdout group. */
export interface TypedRules {
  caps: TypedCap[]
  quiet: ContactRules['quiet']
  holdoutPercent: number | string
}
export type TypedCap = Omit<ContactRules['caps'][number], 'most' | 'days'> & {
  most: number | string
  days: number | string
}

/** Null while a number is missing or beyond its limits. */
export function readRules({ caps, quiet, holdoutPercent }: TypedRules): ContactRules | null {
  if (!isBetween(holdoutPercent, HELD_OUT)) return null
  const read: ContactRules['caps'] = []
  for (const { most, days, ...cap } of caps) {
    if (!isBetween(most, CAP_MOST) || !isBetween(days, CAP_DAYS)) return null
    read.push({ ...cap, most, days })
  }
  return { caps: read, quiet, holdoutPercent }
}
