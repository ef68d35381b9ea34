import type { Evaluation, EventRule, Facts, Instant } from '../model/rule.ts'
import { inOrder } from './compare.ts'
import { isUnsteady, nextMoment, pick } from './events.ts'
import { leaf, unreadable } from './leaf.ts'
import { countUntil, countWithin, scanUntil } from './valid-until.ts'
import { boundsNote, EVER, slidingOf } from './windows.ts'

/** How many events of the rule lie in its window. */
export function countNow(rule: EventRule, scope: Facts, now: Instant): number {
  const sliding = slidingOf(rule.within) ?? EVER
  return countWithin(pick(rule, scope, { after: sliding.after(now), now }).times, sliding, now)
}

/** Where the window lies, and that it was counted no further than the rule needs. */
function countNote(rule: EventRule, scope: Facts, { count, now }: { count: number; now: Instant }): string | undefined {
  const bounds = boundsNote(rule.within, now)
  const loaded =
    scope.newestOnly !== undefined && Object.hasOwn(scope.newestOnly, rule.event)
      ? scope.newestOnly[rule.event]
      : undefined
  if (loaded === undefined || count < loaded) return bounds
  return bounds === undefined ? 'or more' : `or more, ${bounds}`
}

export function evaluateCount(rule: EventRule, scope: Facts, now: Instant): Evaluation {
  const sliding = slidingOf(rule.within)
  if (sliding === null) return unreadable(rule)
  const holds = (count: number): boolean => inOrder(rule.count.op, count, rule.count.value)
  const { times } = pick(rule, scope, { after: sliding.after(now), now })
  const count = countWithin(times, sliding, now)
  const value = holds(count)
  const until = isUnsteady(rule.where)
    ? scanUntil(now, value, {
        next: (at) => nextMoment(rule, [sliding], { facts: scope, at }),
        holds: (at) => holds(countNow(rule, scope, at)),
      })
    : countUntil(times, sliding, { now, holds })
  return leaf(rule, value, { actual: count, note: countNote(rule, scope, { count, now }), until })
}
