import type { Rule, RuleKind } from '../../../engine/model/rule.ts'
import { type RuleByKind, ruleKind } from '../../../engine/rules/kind.ts'
import { type ConditionKind, type Told, toldBy } from './condition-kind.ts'
import { changedCondition } from './conditions/changed.tsx'
import { eventCondition } from './conditions/event.tsx'
import { figureCondition } from './conditions/figure.tsx'
import { occasionCondition } from './conditions/occasion.tsx'
import { propertyCondition } from './conditions/property.tsx'
import { accountsCondition, contactsCondition } from './conditions/related.tsx'
import { scoreCondition } from './conditions/score.tsx'
import { segmentCondition } from './conditions/segment.tsx'
import { sequenceCondition } from './conditions/sequence.tsx'
import { signalCondition } from './conditions/signal.tsx'
import { trendCondition } from './conditions/trend.tsx'
import type { RuleWorld } from './rule-model.ts'

export type LeafKind = Exclude<RuleKind, 'all' | 'any' | 'not'>

/** Every kind of condition, in the order in which they are offered. */
const CONDITIONS: { readonly [K in LeafKind]: ConditionKind<RuleByKind[K]> } = {
  property: propertyCondition,
  changed: changedCondition,
  event: eventCondition,
  last: occasionCondition,
  first: occasionCondition,
  sequence: sequenceCondition,
  aggregate: figureCondition,
  trend: trendCondition,
  segment: segmentCondition,
  signal: signalCondition,
  score: scoreCondition,
  contacts: contactsCondition,
  accounts: accountsCondition,
}

const LEAF_KINDS = Object.keys(CONDITIONS) as LeafKind[]

/** The kind a condition is drawn by. @throws Error for a group */
export function leafKind(rule: Rule): LeafKind {
  const kind = ruleKind(rule)
  if (kind === 'all' || kind === 'any' || kind === 'not') throw new Error(`"${kind}" is a group, no condition.`)
  return kind
}

/** How the condition is drawn. */
export const conditionOf = (rule: Rule): ConditionKind<Rule> =>
  // `leafKind` has just looked which it is; the compiler cannot follow that through a table.
  CONDITIONS[leafKind(rule)] as unknown as ConditionKind<Rule>

/** What there is to choose from, with what it is already. First and last are chosen within one kind. */
export function kindsFor(world: RuleWorld, rule: Rule): Array<{ value: LeafKind; label: string }> {
  const now = leafKind(rule)
  const seen = new Set<unknown>([CONDITIONS[now]])
  const choices: Array<{ value: LeafKind; label: string }> = []
  for (const kind of LEAF_KINDS) {
    const condition = CONDITIONS[kind]
    if (kind !== now && (seen.has(condition) || condition.offered?.(world) === false)) continue
    seen.add(condition)
    choices.push({ value: kind, label: condition.label })
  }
  return choices
}

const NOTHING: Told = { event: '' }

/** A fresh condition of a kind, which keeps what the one before it said of an event. */
export const newCondition = (kind: LeafKind, world: RuleWorld, before?: Rule): Rule =>
  CONDITIONS[kind].fresh(world, before === undefined ? NOTHING : toldBy(before))
