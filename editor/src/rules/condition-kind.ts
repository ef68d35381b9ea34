import type { ComponentType } from 'react'
import type { EventFilter, Rule, Window } from '../../../engine/model/rule.ts'
import type { RuleWorld } from './rule-model.ts'

/** What a condition's own inputs get. */
export interface Part<R> {
  rule: R
  onChange: (rule: Rule) => void
  world: RuleWorld
  /** Where it stands in its rule, as `checkRule` writes it. */
  path: string
  /** Draws a rule inside of this one. */
  Nested: ComponentType<NestedRule>
}

export interface NestedRule {
  rule: Rule
  path: string
  onChange: (rule: Rule) => void
  world: RuleWorld
}

/** One kind of condition: how it begins, and how it is drawn. A new kind is one file, and a line of `conditions.ts`. */
export interface ConditionKind<R extends Rule> {
  label: string
  /** A fresh one, as near to complete as can be. @param told what the condition before it, of another kind, said of an event */
  fresh: (world: RuleWorld, told: Told) => R
  Body: ComponentType<Part<R>>
  /** Left out: always. */
  offered?: (world: RuleWorld) => boolean
}

/** What several kinds have in common, kept when one becomes another. */
export interface Told {
  event: string
  where?: EventFilter[]
  within?: Window
}

export function toldBy(rule: Rule): Told {
  const told: Told = { event: '' }
  if ('event' in rule) told.event = rule.event
  if ('first' in rule) told.event = rule.first
  if ('last' in rule) told.event = rule.last
  if ('sequence' in rule) told.event = rule.sequence[0]?.event ?? ''
  if ('where' in rule && rule.where !== undefined) told.where = rule.where
  if ('within' in rule && rule.within !== undefined) told.within = rule.within
  return told
}

/** The filters that were told, where there are any. */
export const whereOf = ({ where }: Told): { where?: EventFilter[] } => (where === undefined ? {} : { where })
