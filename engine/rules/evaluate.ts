import type { AllRule, AnyRule, Evaluation, Instant, NotRule, Rule, Trace } from '../model/rule.ts'
import { evaluateChanged } from './changed.ts'
import { evaluateCount } from './count.ts'
import { ruleWords } from './explain.ts'
import { evaluateAggregate, evaluateTrend } from './figure.ts'
import { byKind } from './kind.ts'
import { evaluateOccasion } from './occasion.ts'
import { evaluateProperty, evaluateScore, evaluateSegment, evaluateSignal } from './property.ts'
import { evaluateRelated } from './related.ts'
import type { RuleScope } from './scope.ts'
import { evaluateSequence } from './sequence.ts'
import type { ValidUntil } from './valid-until.ts'

export { readRulePath } from './property.ts'
export type { RuleScope } from './scope.ts'

/**
 * Works a rule out, with the trace a person reads and the time until which the answer stands.
 * Values are compared by type and never coerced: `"5"` is not `5`, and the trace says so.
 * @param now the instant that windows and comparisons with the present are measured against
 */
export const evaluate: (rule: Rule, scope: RuleScope, now: Instant) => Evaluation = byKind<
  [scope: RuleScope, now: Instant],
  Evaluation
>({
  all: (rule, scope, now) => evaluateGroup(rule, rule.all, { scope, now, decides: false }),
  any: (rule, scope, now) => evaluateGroup(rule, rule.any, { scope, now, decides: true }),
  not: evaluateNot,
  property: evaluateProperty,
  changed: evaluateChanged,
  first: evaluateOccasion,
  last: evaluateOccasion,
  sequence: evaluateSequence,
  aggregate: evaluateAggregate,
  trend: evaluateTrend,
  event: evaluateCount,
  segment: evaluateSegment,
  signal: evaluateSignal,
  score: evaluateScore,
  contacts: (rule, scope, now) => evaluateRelated(rule, scope, { now, evaluate }),
  accounts: (rule, scope, now) => evaluateRelated(rule, scope, { now, evaluate }),
})

interface Asked {
  scope: RuleScope
  now: Instant
  /** The answer of one part that is enough: false for `all`, true for `any`. */
  decides: boolean
}

/**
 * While some part decides, the answer stands until each that does may have changed; otherwise until the first of all
 * may have.
 */
function evaluateGroup(rule: AllRule | AnyRule, rules: readonly Rule[], { scope, now, decides }: Asked): Evaluation {
  const children: Trace[] = []
  let decided = false
  let soonest: ValidUntil = null
  let latest: ValidUntil = -Infinity
  for (const part of rules) {
    const { value, validUntil, why } = evaluate(part, scope, now)
    children.push(why)
    if (validUntil !== null && (soonest === null || validUntil < soonest)) soonest = validUntil
    if (value !== decides) continue
    decided = true
    if (latest !== null && (validUntil === null || validUntil > latest)) latest = validUntil
  }
  const value = decided === decides
  return { value, validUntil: decided ? latest : soonest, why: { rule: ruleWords(rule), value, children } }
}

function evaluateNot(rule: NotRule, scope: RuleScope, now: Instant): Evaluation {
  const inner = evaluate(rule.not, scope, now)
  const value = !inner.value
  return { value, validUntil: inner.validUntil, why: { rule: ruleWords(rule), value, children: [inner.why] } }
}
