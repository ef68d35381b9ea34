import type { Json } from '../../nodes/manifest.ts'
import type { Evaluation, Facts, Instant, OccasionRule } from '../model/rule.ts'
import { type Compared, compare, compareMoment } from './compare.ts'
import { type Chosen, type EventValues, happened, isUnsteady, nextMoment, passes, readEvent } from './events.ts'
import { occasionOf } from './kind.ts'
import { leaf } from './leaf.ts'
import { scanUntil, soonest, type ValidUntil } from './valid-until.ts'
import { countUpTo, EVER } from './windows.ts'

interface Occasion {
  at: Instant
  values: EventValues | undefined
}

/** The first or last event up to `now` that passes the filters. */
export function findOccasion(rule: OccasionRule, facts: Facts, now: Instant): Occasion | null {
  const { which, event } = occasionOf(rule)
  const { times, values } = happened(facts, event)
  const count = countUpTo(times, now)
  for (let n = 0; n < count; n += 1) {
    const i = which === 'first' ? n : count - 1 - n
    if (passes(rule.where, values[i], now)) return { at: times[i] ?? 0, values: values[i] }
  }
  return null
}

const valueOf = (rule: OccasionRule, found: Occasion | null): Json | undefined =>
  found === null || rule.of === undefined ? undefined : readEvent(found.values, rule.of)

const compareAt = (rule: OccasionRule, found: Occasion | null, now: Instant): Compared =>
  rule.of === undefined ? compareMoment(rule, found?.at ?? null, now) : compare(rule, valueOf(rule, found), now)

/** When the occasion may be another one, or compare otherwise. */
function next(rule: OccasionRule, facts: Facts, at: Instant): ValidUntil {
  const { which, event } = occasionOf(rule)
  const found = findOccasion(rule, facts, at)
  const { validUntil = null } = compareAt(rule, found, at)
  const chosen: Chosen = rule.where === undefined ? { event } : { event, where: rule.where }
  // Once there has been a first one it stays the first.
  if (which === 'first' && found !== null && !isUnsteady(rule.where)) return validUntil
  return soonest([validUntil, nextMoment(chosen, [EVER], { facts, at })])
}

export function evaluateOccasion(rule: OccasionRule, scope: Facts, now: Instant): Evaluation {
  const found = findOccasion(rule, scope, now)
  const { value, note } = compareAt(rule, found, now)
  const until = scanUntil(now, value, {
    next: (at) => next(rule, scope, at),
    holds: (at) => compareAt(rule, findOccasion(rule, scope, at), at).value,
  })
  if (found === null) return leaf(rule, value, { missing: true, note: note ?? 'no such event', until })
  const moment = new Date(found.at).toISOString()
  if (rule.of === undefined) return leaf(rule, value, { actual: moment, note, until })
  const actual = valueOf(rule, found)
  return leaf(rule, value, { actual, missing: actual === undefined, note: note ?? `of ${moment}`, until })
}
