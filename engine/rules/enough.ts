import type { EventRule, OccasionRule, Rule } from '../model/rule.ts'
import { occasionOf, ruleKind } from './kind.ts'
import { readsOf, walkRule } from './reads.ts'

/** Reading so many is dearer than asking whether there are more. */
const MOST = 1000

/**
 * How many of the newest events of each name decide the rule: whoever asks whether somebody logged in within 7 days need
 * not read a thousand logins. Null: all within the window. Events that are yet to come are wanted beside them.
 */
export function enoughOf(rule: Rule): Map<string, number | null> {
  const enough = new Map<string, number | null>()
  walkRule(rule, (leaf, inside) => {
    for (const [name, needed] of inside === null ? leafNeeds(leaf) : []) {
      const known = enough.get(name)
      enough.set(name, known === undefined ? needed : moreOf(known, needed))
    }
  })
  return enough
}

/** What both need. */
export const moreOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b)

function leafNeeds(leaf: Rule): Array<[name: string, needed: number | null]> {
  const kind = ruleKind(leaf)
  if (kind === 'event') return [[(leaf as EventRule).event, countNeeds(leaf as EventRule)]]
  if (kind === 'last') {
    const { event } = occasionOf(leaf as OccasionRule)
    return [[event, (leaf as OccasionRule).where === undefined ? 1 : null]]
  }
  return Object.keys(readsOf(leaf).events).map((name) => [name, null])
}

/** One more than is counted to: whether there are more still does not matter, nor where a window ends that ends now. */
function countNeeds({ count, within, where }: EventRule): number | null {
  const endsNow = typeof within !== 'object' || (within.ago ?? 0) === 0
  return endsNow && where === undefined && count.value < MOST ? count.value + 1 : null
}
