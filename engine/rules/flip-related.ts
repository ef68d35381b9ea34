import type { Facts, RelatedRule, Rule } from '../model/rule.ts'
import { inOrder } from './compare.ts'
import { evaluate } from './evaluate.ts'
import { describe } from './explain.ts'
import type { Need } from './flip-apply.ts'
import type { LeafNeed, Wanted } from './flip-wanted.ts'
import { relatedOf } from './kind.ts'
import type { RuleScope } from './scope.ts'

/** New data that turns a rule, handed in because it stands above this file; null: none can be named. */
export type NeedsOf = (rule: Rule, scope: RuleScope, now: number) => Need[] | null

/** An account may have thousands of contacts; so many are looked at for an example. */
const MOST_LOOKED_AT = 50
const MOST_MISSING = 1_000

/** How many more or fewer related subjects would have to be such, the smallest number first. */
export function relatedNeed(rule: RelatedRule, wanted: Wanted, needsOf: NeedsOf): LeafNeed {
  const { of, rule: inner } = relatedOf(rule)
  const { op, value } = rule.count ?? { op: 'gte' as const, value: 1 }
  const { scope, now, holds } = wanted
  const related = (scope.related ?? []).map((facts, index) => ({
    facts,
    index,
    value: evaluate(inner, facts, now).value,
  }))
  const count = related.filter((one) => one.value).length
  const right = (n: number): boolean => inOrder(op, n, value) === holds
  const words = (n: number, by: string): string =>
    `${n === 1 ? 'one' : n} ${by} ${n === 1 ? of.slice(0, -1) : of} for which (${describe(inner)})`
  let unnamed: LeafNeed | null = null
  for (let n = 1; n <= MOST_MISSING; n += 1) {
    if (right(count + n)) {
      const sentence = words(n, 'more')
      const need = moreOf(rule, { others: related.filter((one) => !one.value), n }, { now, needsOf })
      if (need !== null) return { sentence, need }
      unnamed ??= { sentence, need }
    }
    if (n <= count && right(count - n)) {
      const sentence = words(n, 'fewer')
      const change = changesIn(inner, { ones: related.filter((one) => one.value), n }, { now, needsOf })
      if (change.length === n) return { sentence, need: { kind: 'related', rule: inner, added: [], change } }
      unnamed ??= { sentence, need: null }
    }
    // What holds for one number of them and not for the next holds for none beyond either.
    if (unnamed !== null) return unnamed
  }
  return { sentence: `the number of ${of} for which (${describe(inner)}) cannot be such`, need: null }
}

interface Asking {
  now: number
  needsOf: NeedsOf
}

interface One {
  facts: Facts
  index: number
}

/** New subjects of whom nothing else is known, else such as are there already. */
function moreOf(rule: RelatedRule, { others, n }: { others: One[]; n: number }, asking: Asking): Need | null {
  const { of, rule: inner } = relatedOf(rule)
  const blank = blankFacts(of, asking.now)
  const holds = evaluate(inner, blank, asking.now).value
  const needs = holds ? [] : asking.needsOf(inner, blank, asking.now)
  if (needs !== null)
    return {
      kind: 'related',
      rule: inner,
      added: Array.from({ length: n }, () => ({ facts: blank, needs })),
      change: [],
    }
  const change = changesIn(inner, { ones: others, n }, asking)
  return change.length === n ? { kind: 'related', rule: inner, added: [], change } : null
}

/** What turns the rule for so many of them; fewer where no more is found. */
function changesIn(
  rule: Rule,
  { ones, n }: { ones: One[]; n: number },
  { now, needsOf }: Asking,
): Array<{ index: number; needs: Need[] }> {
  const found: Array<{ index: number; needs: Need[] }> = []
  for (const { facts, index } of ones.slice(0, Math.max(MOST_LOOKED_AT, n))) {
    if (found.length === n) break
    const needs = needsOf(rule, facts, now)
    if (needs !== null) found.push({ index, needs })
  }
  return found
}

function blankFacts(of: 'contacts' | 'accounts', at: number): Facts {
  const subject = { id: 'new', externalId: null, properties: {} }
  const both = of === 'contacts' ? { contact: subject, account: null } : { contact: null, account: subject }
  return { at, ...both, segments: [], signals: [], events: {}, eventValues: {}, changes: {}, scores: {} }
}
