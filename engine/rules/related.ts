import type { Evaluation, Facts, Instant, RelatedRule, Rule, Trace } from '../model/rule.ts'
import { inOrder } from './compare.ts'
import { relatedOf } from './kind.ts'
import { leaf } from './leaf.ts'
import type { RuleScope } from './scope.ts'
import { nthSoonest, soonest, type ValidUntil } from './valid-until.ts'

type Evaluate = (rule: Rule, scope: RuleScope, now: Instant) => Evaluation

/** @param by how the inner rule is worked out: `evaluate`, handed in because it stands above this file */
export function evaluateRelated(
  rule: RelatedRule,
  scope: RuleScope,
  by: { now: Instant; evaluate: Evaluate },
): Evaluation {
  const inner = relatedOf(rule)
  const related = scope.related ?? []
  const parts = related.map((facts) => by.evaluate(inner.rule, facts, by.now))
  let count = 0
  for (const part of parts) if (part.value) count += 1
  const { op, value: wanted } = rule.count ?? { op: 'gte', value: 1 }
  const value = inOrder(op, count, wanted)
  const found = leaf(rule, value, {
    actual: count,
    note: `of ${related.length} ${inner.of}`,
    until: relatedUntil(parts, count, (n) => inOrder(op, n, wanted)),
  })
  const shown = Math.min(scope.showRelated ?? 0, parts.length)
  if (shown > 0) found.why.children = parts.slice(0, shown).map((part, i) => named(part.why, related[i], inner.of))
  return found
}

function named(why: Trace, facts: Facts | undefined, of: 'contacts' | 'accounts'): Trace {
  const subject = of === 'contacts' ? facts?.contact : facts?.account
  return subject ? { ...why, note: why.note === undefined ? subject.id : `${subject.id}: ${why.note}` } : why
}

/**
 * For another answer the count must rise or fall to one that gives it, and each one more or less takes a related
 * subject whose own answer changes: so many of them must have changed at the least.
 */
function relatedUntil(parts: readonly Evaluation[], count: number, holds: (count: number) => boolean): ValidUntil {
  const before = holds(count)
  const untils = (value: boolean): ValidUntil[] =>
    parts.filter((part) => part.value === value).map((part) => part.validUntil)
  let more: ValidUntil = null
  for (let n = count + 1; n <= parts.length; n += 1)
    if (holds(n) !== before) {
      more = nthSoonest(untils(false), n - count)
      break
    }
  let fewer: ValidUntil = null
  for (let n = count - 1; n >= 0; n -= 1)
    if (holds(n) !== before) {
      fewer = nthSoonest(untils(true), count - n)
      break
    }
  return soonest([more, fewer])
}
