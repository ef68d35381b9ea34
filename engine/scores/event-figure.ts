import type { Json } from '../../nodes/manifest.ts'
import { DAY } from '../model/duration.ts'
import { type EventFigure, isOccasion } from '../model/figure.ts'
import { parseInstant } from '../model/instant.ts'
import type { Count, Instant, Reads, Rule, Trace } from '../model/rule.ts'
import { evaluate, type RuleScope } from '../rules/evaluate.ts'
import { mergeReads, readsOf } from '../rules/reads.ts'
import { soonest, type ValidUntil } from '../rules/valid-until.ts'

/** A figure as worked out for a subject at an instant. */
export interface Figured {
  /** Undefined: missing, e.g. the average of no event. */
  value: Json | undefined
  /** The earliest instant at which the figure may change with no new data; null: never. */
  validUntil: ValidUntil
}

/**
 * Works a figure out by asking the rule that compares it, so that a score, a computed property and a rule can never
 * see different figures. Until when it stands is asked with the rule that it equals what it is.
 */
export function evaluateFigure(figure: EventFigure, scope: RuleScope, now: Instant): Figured {
  if (figure.figure === 'count') return countOf(figure, scope, now)
  if (isOccasion(figure.figure)) return occasionOf(figure, scope, now)
  const any = aggregateRule(figure, { op: 'gte', value: -Number.MAX_VALUE })
  const asked = evaluate(any, scope, now)
  const value = found(asked.why)
  // Without a figure the comparison is false, and true as soon as there is one.
  if (typeof value !== 'number') return { value: undefined, validUntil: asked.validUntil }
  return { value, validUntil: evaluate(aggregateRule(figure, { op: 'eq', value }), scope, now).validUntil }
}

function countOf(figure: EventFigure, scope: RuleScope, now: Instant): Figured {
  const value = found(evaluate(countRule(figure, { op: 'gte', value: 0 }), scope, now).why)
  if (typeof value !== 'number') return { value: undefined, validUntil: null }
  return { value, validUntil: evaluate(countRule(figure, { op: 'eq', value }), scope, now).validUntil }
}

function occasionOf(figure: EventFigure, scope: RuleScope, now: Instant): Figured {
  // The first and the last of all: they change when one more happens, and an event dated ahead happens at its time.
  const { validUntil } = countOf(ever(figure), scope, now)
  const value = found(evaluate(occasionRule(figure), scope, now).why)
  if (figure.of !== undefined && !isDays(figure)) return { value, validUntil }
  const at = parseInstant(value)
  if (at === null) return { value: undefined, validUntil }
  if (!isDays(figure)) return { value: new Date(at).toISOString(), validUntil }
  const days = Math.floor((now - at) / DAY)
  return { value: days, validUntil: soonest([validUntil, at + (days + 1) * DAY]) }
}

const isDays = ({ figure }: EventFigure): boolean => figure === 'daysSinceFirst' || figure === 'daysSinceLast'

const found = (why: Trace): Json | undefined => (why.missing === true ? undefined : why.actual)

/** What must be loaded before the figure can be worked out. */
export const readsOfFigure = (figure: EventFigure): Reads => mergeReads(rulesOf(figure).map(readsOf))

/** Rules that read what the figure reads: what is said of a rule can be asked of a figure by them. */
export function rulesOf(figure: EventFigure): Rule[] {
  if (figure.figure === 'count') return [countRule(figure, { op: 'gte', value: 0 })]
  if (isOccasion(figure.figure)) return [countRule(ever(figure), { op: 'gte', value: 0 }), occasionRule(figure)]
  return [aggregateRule(figure, { op: 'gte', value: 0 })]
}

function ever(figure: EventFigure): EventFigure {
  const { within: _, ...rest } = figure
  return rest
}

const countRule = ({ event, within, where }: EventFigure, count: Count): Rule => ({
  event,
  count,
  ...(within === undefined ? {} : { within }),
  ...(where === undefined ? {} : { where }),
})

function aggregateRule({ figure, event, of = '', within, where }: EventFigure, { op, value }: Count): Rule {
  return {
    aggregate: aggregateOf(figure),
    event,
    of,
    op,
    value,
    ...(within === undefined ? {} : { within }),
    ...(where === undefined ? {} : { where }),
  }
}

function aggregateOf(figure: EventFigure['figure']) {
  switch (figure) {
    case 'sum':
    case 'average':
    case 'min':
    case 'max':
    case 'distinct':
      return figure
    case 'count':
    case 'first':
    case 'last':
    case 'daysSinceFirst':
    case 'daysSinceLast':
      throw new Error(`${figure} is no aggregate: this is a defect.`)
  }
}

function occasionRule(figure: EventFigure): Rule {
  const { event, of, where } = figure
  const rest = {
    op: 'exists' as const,
    ...(of === undefined || isDays(figure) ? {} : { of }),
    ...(where === undefined ? {} : { where }),
  }
  return figure.figure === 'first' || figure.figure === 'daysSinceFirst'
    ? { first: event, ...rest }
    : { last: event, ...rest }
}
