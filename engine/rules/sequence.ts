import type { Evaluation, Facts, Instant, SequenceRule } from '../model/rule.ts'
import { isUnsteady, nextMoment, pick } from './events.ts'
import { leaf, notes, unreadable } from './leaf.ts'
import { scanUntil, soonest, type ValidUntil } from './valid-until.ts'
import { boundsNote, durationMs, type Sliding, slidingOf } from './windows.ts'

/** Events in order: of each last event the latest possible first one. Both ascend. */
interface Chains {
  starts: Instant[]
  ends: Instant[]
}

/**
 * The chains of the first so many steps, each event later than the one before it. A later start is as good as an
 * earlier one for every window and span, so one chain for each last event is enough.
 */
export function chainsOf(rule: SequenceRule, facts: Facts, when: { after: Instant; now: Instant }): Chains[] {
  const all: Chains[] = []
  for (const step of rule.sequence) {
    const { times } = pick(step, facts, when)
    const before = all.at(-1)
    if (before === undefined) {
      const from = times.filter((time) => time > when.after)
      all.push({ starts: from, ends: from })
      continue
    }
    const chains: Chains = { starts: [], ends: [] }
    let used = 0
    for (const time of times) {
      while (used < before.ends.length && (before.ends[used] ?? 0) < time) used += 1
      const start = before.starts[used - 1]
      if (start === undefined) continue
      chains.starts.push(start)
      chains.ends.push(time)
    }
    all.push(chains)
  }
  return all
}

/** When a chain lies in the window: from its last event's entry until its first event leaves. */
interface Stay {
  from: Instant
  to: Instant
}

function staysOf({ starts, ends }: Chains, sliding: Sliding, span: number): Stay[] {
  const stays: Stay[] = []
  for (const [i, end] of ends.entries()) {
    const start = starts[i] ?? end
    if (end - start > span) continue
    const stay = { from: sliding.enters(end), to: sliding.leaves(start) }
    if (stay.from < stay.to) stays.push(stay)
  }
  return stays
}

const isIn = (stays: readonly Stay[], now: Instant): boolean => stays.some(({ from, to }) => from <= now && now < to)

/** The stays ascend by both ends: their union is walked once. */
function staysUntil(stays: readonly Stay[], now: Instant): ValidUntil {
  let reach = now
  for (const { from, to } of stays) {
    if (reach === now && from > now) return from
    if (from <= reach && to > reach) reach = to
  }
  return reach === now || reach === Infinity ? null : reach
}

export function evaluateSequence(rule: SequenceRule, scope: Facts, now: Instant): Evaluation {
  const sliding = slidingOf(rule.within)
  const span = rule.span === undefined ? Infinity : durationMs(rule.span)
  if (sliding === null || span === null) return unreadable(rule)
  const chains = chainsOf(rule, scope, { after: sliding.after(now), now })
  const whole = chains.at(-1) ?? { starts: [], ends: [] }
  const stays = staysOf(whole, sliding, span)
  const value = isIn(stays, now)
  const until = rule.sequence.some((step) => isUnsteady(step.where))
    ? scanUntil(now, value, {
        next: (at) => soonest(rule.sequence.map((step) => nextMoment(step, [sliding], { facts: scope, at }))),
        holds: (at) => {
          const last = chainsOf(rule, scope, { after: sliding.after(at), now: at }).at(-1)
          return last !== undefined && isIn(staysOf(last, sliding, span), at)
        },
      })
    : staysUntil(stays, now)
  const reached = chains.findLastIndex((part) => isIn(staysOf(part, sliding, Infinity), now)) + 1
  const tooFar = !value && reached === rule.sequence.length
  return leaf(rule, value, {
    actual: reached,
    note: notes(
      tooFar ? `all in order, but never within ${rule.span}` : `${reached} of ${rule.sequence.length} in order`,
      boundsNote(rule.within, now),
    ),
    until,
  })
}
