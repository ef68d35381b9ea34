import type { Rule, Trace } from '../../engine/model/rule.ts'
import { describe } from '../../engine/rules/explain.ts'
import { relatedOf, ruleKind } from '../../engine/rules/kind.ts'
import { foundWords } from './found-words.ts'
import { toldBy } from './hidden.ts'
import type { WhyNode } from './why-node.ts'

/** A trace that was recorded, beside the rule it is of; what it saw is told, where that came from was not recorded. */
export function traceNode(rule: Rule | null, trace: Trace, isHidden: (path: string) => boolean): WhyNode {
  const path = rule === null ? null : toldBy(rule)
  const hidden = path !== null && isHidden(path.split('.').slice(0, 2).join('.'))
  const parts = rule === null ? [] : partsOf(rule)
  const children = trace.children?.map((part, i) => traceNode(parts[i] ?? null, part, isHidden))
  const { value, actual, missing, note } = trace
  return {
    kind: rule === null ? 'trace' : ruleKind(rule),
    rule: trace.rule,
    words: rule === null ? trace.rule : describe(rule),
    value,
    found: hidden ? `what ${path} was may not be seen with your role` : found(rule, trace),
    ...(hidden ? { hidden } : {}),
    ...(hidden || actual === undefined ? {} : { actual }),
    ...(missing === true && !hidden ? { missing } : {}),
    ...(note === undefined || hidden ? {} : { note }),
    since: null,
    source: null,
    window: null,
    validUntil: null,
    flips: [],
    ...(children === undefined ? {} : { children }),
  }
}

function found(rule: Rule | null, trace: Trace): string | null {
  if (trace.children !== undefined) return null
  if (rule !== null) return foundWords(rule, trace)
  if (trace.missing) return 'nothing was there'
  return trace.actual === undefined ? null : `found ${JSON.stringify(trace.actual)}`
}

function partsOf(rule: Rule): Rule[] {
  if ('all' in rule) return rule.all
  if ('any' in rule) return rule.any
  if ('not' in rule) return [rule.not]
  if ('contacts' in rule || 'accounts' in rule) return [relatedOf(rule).rule]
  return []
}
