import { DAY } from '../model/duration.ts'
import type { Rule } from '../model/rule.ts'
import { readsOf, walkRule } from './reads.ts'

/** A window over an event that reaches further back than events are kept. */
export interface FarWindow {
  event: string
  /** How far it reaches, in whole days, rather more than less. */
  days: number
}

/** Events go so many days later than asked, so that “this year” sees all of a leap year where 365 days are kept. */
export const KEPT_BEYOND_DAYS = 3

/**
 * Where the rules, and what they ask of related subjects, look further back than events are kept: there they see what
 * is left, and "not for 400 days" would hold for everybody after 365. "Ever" means as long as events are kept.
 * @returns of each event the furthest
 */
export function farWindows(rules: readonly Rule[], keptDays: number): FarWindow[] {
  const found = new Map<string, number>()
  const look = (leaf: Rule): void => {
    // Leaf by leaf: read together, an "ever" beside it would hide the window.
    for (const [event, ms] of Object.entries(readsOf(leaf).events))
      if (ms !== null && ms > (keptDays + KEPT_BEYOND_DAYS) * DAY)
        found.set(event, Math.max(found.get(event) ?? 0, Math.ceil(ms / DAY)))
  }
  for (const rule of rules) walkRule(rule, look)
  return [...found].map(([event, days]) => ({ event, days }))
}

/** What is wrong with it, in the words of a problem, and what to do. */
export const farWindowIssue = ({ event, days }: FarWindow, keptDays: number): { message: string; fix: string } => ({
  message: `This looks ${counted(days)} back for “${event}”, but events are kept for ${counted(keptDays)}.`,
  fix: 'Shorten it, or keep events for longer under Settings > Privacy.',
})

const counted = (days: number): string => `${days} ${days === 1 ? 'day' : 'days'}`
