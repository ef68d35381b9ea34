import {
  type AggregateRule,
  type AllRule,
  type AnyRule,
  type ChangedRule,
  type EventRule,
  type NotRule,
  type OccasionRule,
  type PropertyRule,
  type RelatedRule,
  type Rule,
  RULE_KINDS,
  type RuleKind,
  type ScoreRule,
  type SegmentRule,
  type SequenceRule,
  type SignalRule,
  type TrendRule,
} from '../model/rule.ts'

export interface RuleByKind {
  all: AllRule
  any: AnyRule
  not: NotRule
  property: PropertyRule
  changed: ChangedRule
  first: OccasionRule
  last: OccasionRule
  sequence: SequenceRule
  aggregate: AggregateRule
  trend: TrendRule
  event: EventRule
  segment: SegmentRule
  signal: SignalRule
  score: ScoreRule
  contacts: RelatedRule
  accounts: RelatedRule
}

/** @throws Error where it is no rule of any kind: `checkRule` refuses such before */
export function ruleKind(rule: Rule): RuleKind {
  for (const kind of RULE_KINDS) if (Object.hasOwn(rule, kind)) return kind
  throw new Error(`This is no rule: ${JSON.stringify(rule)}. It has none of ${RULE_KINDS.join(', ')}.`)
}

/** One function of every kind of rule: a kind that is left out does not compile. */
export type RuleTable<More extends readonly unknown[], R> = {
  readonly [K in RuleKind]: (rule: RuleByKind[K], ...more: More) => R
}

/** The function that a table makes of its parts. */
export function byKind<More extends readonly unknown[], R>(
  table: RuleTable<More, R>,
): (rule: Rule, ...more: More) => R {
  // `ruleKind` has just looked which it is; the compiler cannot follow that through a table.
  return (rule, ...more) => (table[ruleKind(rule)] as (rule: Rule, ...more: More) => R)(rule, ...more)
}

/** The event of a first or last rule, and which of them it is. */
export const occasionOf = (rule: OccasionRule): { which: 'first' | 'last'; event: string } =>
  'first' in rule ? { which: 'first', event: rule.first } : { which: 'last', event: rule.last }

/** The inner rule, and of whom it asks. */
export const relatedOf = (rule: RelatedRule): { of: 'contacts' | 'accounts'; rule: Rule } =>
  'contacts' in rule ? { of: 'contacts', rule: rule.contacts } : { of: 'accounts', rule: rule.accounts }
