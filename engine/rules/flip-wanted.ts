import type { Instant, Rule, Window } from '../model/rule.ts'
import { describe } from './explain.ts'
import type { Need } from './flip-apply.ts'
import type { RuleScope } from './scope.ts'

export interface Wanted {
  scope: RuleScope
  now: Instant
  /** The answer the leaf would have to give. */
  holds: boolean
}

export interface LeafNeed {
  sentence: string
  /** Null: no new data does it, or none that can be given as an example. */
  need: Need | null
}

/** Where no new data can be named. */
export function otherwise(rule: Rule, { holds }: Wanted): LeafNeed {
  return {
    sentence: `${holds ? 'it would have to hold' : 'it would no longer have to hold'} that ${describe(rule)}`,
    need: null,
  }
}

/** Whether what happens now lies in the window. */
export const countsNow = (window: Window | undefined): boolean =>
  window === undefined || typeof window === 'string' || !window.ago

/** `one more`, `3 more`. */
export const more = (n: number): string => `${n === 1 ? 'one' : n} more`
