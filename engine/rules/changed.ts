import { sameJson } from '../model/path.ts'
import type { ChangedRule, Evaluation, Facts, Instant, PropertyChange } from '../model/rule.ts'
import { leaf, notes, unreadable } from './leaf.ts'
import { countUntil, countWithin } from './valid-until.ts'
import { boundsNote, countUpTo, slidingOf } from './windows.ts'

const NONE: readonly PropertyChange[] = []

export function changesOf(facts: Facts, path: string): readonly PropertyChange[] {
  const { changes } = facts
  return changes !== undefined && Object.hasOwn(changes, path) ? (changes[path] ?? NONE) : NONE
}

const isMeant = (rule: ChangedRule, change: PropertyChange): boolean =>
  (rule.from === undefined || sameJson(rule.from, change.from)) &&
  (rule.to === undefined || sameJson(rule.to, change.to))

const once = (count: number): boolean => count > 0

export function evaluateChanged(rule: ChangedRule, scope: Facts, now: Instant): Evaluation {
  const sliding = slidingOf(rule.within)
  if (sliding === null) return unreadable(rule)
  const changes = changesOf(scope, rule.changed)
  const meant: PropertyChange[] = []
  for (const change of changes) if (isMeant(rule, change)) meant.push(change)
  const times = meant.map((change) => change.at)
  const value = countWithin(times, sliding, now) > 0
  // The change that counts; where none does, the newest one, so that one sees why not.
  const last = value ? meant[countUpTo(times, sliding.until(now)) - 1] : changes.findLast((change) => change.at <= now)
  return leaf(rule, value, {
    ...(last === undefined
      ? { missing: true }
      : { actual: { at: new Date(last.at).toISOString(), from: last.from, to: last.to } }),
    note: notes(boundsNote(rule.within, now)),
    until: countUntil(times, sliding, { now, holds: once }),
  })
}
