import type { Json } from '../../nodes/manifest.ts'
import type { EventFigure } from './figure.ts'
import type { Instant, Trace } from './rule.ts'

/** A property worked out from others and from figures over events, whenever one of them changes. Types only. */
export interface ComputedDefinition {
  /** The property of the contact or account that gets the value. */
  property: string
  /** An expression over `contact`, `account` and `inputs`, e.g. `inputs.logins / contact.seats`. */
  formula: string
  inputs: { [name: string]: EventFigure }
}

export interface ComputedEvaluation {
  /** Null: something the formula needs is missing, or it could not be worked out; `why.note` says what. */
  value: Json
  why: Trace
  /** As for rules: the earliest instant at which the value may change with no new data. */
  validUntil: Instant | null
}
