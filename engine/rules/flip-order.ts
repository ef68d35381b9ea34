import type { Json } from '../../nodes/manifest.ts'
import type { OccasionRule, SequenceRule } from '../model/rule.ts'
import { compare, compareMoment } from './compare.ts'
import { evaluate } from './evaluate.ts'
import { describe, eventWords } from './explain.ts'
import { type Need, withNeed } from './flip-apply.ts'
import { example, filtered, filteredWith, namedBy } from './flip-example.ts'
import { countsNow, type LeafNeed, otherwise, type Wanted } from './flip-wanted.ts'
import { occasionOf } from './kind.ts'
import { findOccasion } from './occasion.ts'
import { chainsOf } from './sequence.ts'
import { durationMs, slidingOf } from './windows.ts'

/**
 * One more event is the last one then; the first one only where there was none.
 * @param wouldBe what the property of that event would have to be, in words
 */
export function occasionNeed(rule: OccasionRule, wanted: Wanted, wouldBe: string): LeafNeed {
  const { scope, now, holds } = wanted
  const { which, event } = occasionOf(rule)
  const chosen = rule.where === undefined ? { event } : { event, where: rule.where }
  if (which === 'first' && findOccasion(rule, scope, now) !== null) {
    const { sentence } = otherwise(rule, wanted)
    return { sentence: `${sentence}: the first ${eventWords(chosen)} has been and stays the first`, need: null }
  }
  const properties = newest(rule, wanted)
  const need: Need | null = properties && { kind: 'events', events: [{ event, more: 1, properties }] }
  if (need === null || evaluate(rule, withNeed(scope, need, now), now).value !== holds) return otherwise(rule, wanted)
  const of = rule.of === undefined ? '' : ` whose ${rule.of} ${wouldBe}`
  return { sentence: `one more ${eventWords(chosen)}${of}`, need }
}

/** Properties of an event that gives the answer; null where no simple ones do. */
function newest(rule: OccasionRule, { now, holds }: Wanted): { [property: string]: Json } | null {
  const { of, where } = rule
  if (of === undefined) return compareMoment(rule, now, now).value === holds ? filtered(where, now) : null
  const withValue = (value: Json | undefined) => filteredWith(where, { path: of, value }, now)
  const fits = (value: Json | undefined): boolean =>
    compare(rule, value, now).value === holds && withValue(value) !== null
  const spoken = namedBy(where, of, now).find(fits)
  const found = example(rule, now, fits) ?? (spoken === undefined ? null : { value: spoken })
  return found && withValue(found.value)
}

/** The steps that are missing behind those that are there in order, and soon enough for the window and the span. */
export function sequenceNeed(rule: SequenceRule, wanted: Wanted): LeafNeed {
  const { scope, now, holds } = wanted
  if (!holds) return { sentence: `${describe(rule)}: that was so, and it cannot be undone`, need: null }
  const sliding = slidingOf(rule.within)
  const span = rule.span === undefined ? Infinity : durationMs(rule.span)
  if (sliding === null || span === null) return otherwise(rule, wanted)
  if (!countsNow(rule.within)) return { sentence: `${otherwise(rule, wanted).sentence}: that time is over`, need: null }
  const chains = chainsOf(rule, scope, { after: sliding.after(now), now })
  const steps = rule.sequence.length
  for (let there = steps - 1; there >= 0; there -= 1) {
    // Each new one is a millisecond later than the one before it.
    const from = now - (steps - there - 1)
    const { starts, ends } = chains[there - 1] ?? { starts: [], ends: [] }
    const last = ends.findLastIndex((end) => end < from)
    const start = there === 0 ? from : starts[last]
    if (start === undefined || start <= sliding.after(now) || now - start > span) continue
    return missingSteps(rule, there, wanted)
  }
  return otherwise(rule, wanted)
}

function missingSteps(rule: SequenceRule, there: number, { scope, now, holds }: Wanted): LeafNeed {
  const missing = rule.sequence.slice(there)
  const sentence = missing.map((step) => `one more ${eventWords(step)}`).join(', then ')
  const events = missing.flatMap(({ event, where }) => {
    const properties = filtered(where, now)
    return properties === null ? [] : [{ event, more: 1, properties }]
  })
  const need: Need = { kind: 'events', events, inOrder: true }
  const does = events.length === missing.length && evaluate(rule, withNeed(scope, need, now), now).value === holds
  return { sentence: `${sentence} (${there} of ${rule.sequence.length} in order so far)`, need: does ? need : null }
}
