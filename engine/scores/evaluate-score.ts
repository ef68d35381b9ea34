import type { Json } from '../../nodes/manifest.ts'
import type { Instant, Reads, Trace } from '../model/rule.ts'
import type {
  Measure,
  ScoreBand,
  ScoreDefinition,
  ScoreEvaluation,
  ScoreMeasurePart,
  ScorePart,
  ScorePartResult,
} from '../model/score.ts'
import { evaluate, readRulePath, type RuleScope } from '../rules/evaluate.ts'
import { addProperty, mergeReads, noReads, readsOf } from '../rules/reads.ts'
import { soonest, type ValidUntil } from '../rules/valid-until.ts'
import { describeMeasure } from './describe.ts'
import { evaluateFigure, type Figured, readsOfFigure } from './event-figure.ts'

/**
 * Works a score out: number, band and stage, with the marks of each part and the time until which all of it stands.
 * @param now the instant that windows are measured against
 */
export function evaluateScore(definition: ScoreDefinition, scope: RuleScope, now: Instant): ScoreEvaluation {
  const until: ValidUntil[] = []
  const parts = definition.parts.map((part) => {
    const { validUntil, ...result } = evaluatePart(part, scope, now)
    until.push(validUntil)
    return result
  })
  const stages: Trace[] = []
  let stage: string | null = null
  for (const { name, rule } of definition.stages) {
    const { value, why, validUntil } = evaluate(rule, scope, now)
    until.push(validUntil)
    stages.push({ ...why, rule: `stage ${name}: ${why.rule}` })
    if (!value) continue
    stage = name
    break
  }
  const value = numberOf(parts)
  const band = value === null ? null : bandOf(definition.bands, value)
  const shown = `score ${value ?? 'missing'}, band ${band ?? 'none'}, stage ${stage ?? 'none'}`
  const why: Trace = {
    rule: shown,
    value: value !== null,
    actual: value,
    children: [...parts.map(partTrace), ...stages],
    ...(value === null ? { missing: true, note: 'nothing that its parts measure is known yet' } : {}),
  }
  return { value, band, stage, parts, why, validUntil: soonest(until) }
}

/** The weighted share of full marks in percent, to one decimal; null where no part has marks. */
function numberOf(parts: ScorePartResult[]): number | null {
  let gained = 0
  let weights = 0
  for (const { marks, weight } of parts) {
    if (marks === null) continue
    gained += weight * marks
    weights += weight
  }
  return weights === 0 ? null : Math.round((1000 * gained) / weights) / 10
}

/** The name of the last band that begins at or below the number. */
export function bandOf(bands: readonly ScoreBand[], value: number): string | null {
  let name: string | null = null
  for (const band of bands) if (band.from <= value) name = band.name
  return name
}

function evaluatePart(part: ScorePart, scope: RuleScope, now: Instant): ScorePartResult & { validUntil: ValidUntil } {
  const { name, weight } = part
  if ('measure' in part) return evaluateMeasured(part, measured(part.measure, scope, now))
  const { value, why, validUntil } = evaluate(part.rule, scope, now)
  return { name, weight, marks: value ? 1 : 0, actual: value, why, validUntil }
}

function measured({ of }: Measure, scope: RuleScope, now: Instant): Figured {
  if (!('property' in of)) return evaluateFigure(of, scope, now)
  return { value: readRulePath(of.property, scope), validUntil: null }
}

function evaluateMeasured(part: ScoreMeasurePart, { value, validUntil }: Figured) {
  const { name, weight, measure } = part
  const { from, to, missing } = measure
  const known = typeof value === 'number'
  const marks = known ? Math.min(1, Math.max(0, (value - from) / (to - from))) : missing === 'none' ? 0 : null
  const actual: Json = value ?? null
  const why: Trace = {
    rule: describeMeasure(measure),
    value: marks !== null && marks > 0,
    actual,
    ...(value === undefined ? { missing: true } : {}),
    ...(known || value === undefined ? {} : { note: 'what was found is no number; nothing is converted' }),
  }
  return { name, weight, marks, actual, why, validUntil }
}

function partTrace({ name, weight, marks, actual, why }: ScorePartResult): Trace {
  const gained = marks === null ? 'left out' : `${Math.round(marks * 1000) / 10} of 100`
  return {
    rule: `${name} (weight ${weight}): ${gained}`,
    value: marks !== null && marks > 0,
    actual,
    ...(why.missing === true ? { missing: true } : {}),
    children: [why],
  }
}

/** What must be loaded before the score can be worked out. */
export function readsOfScore(definition: ScoreDefinition): Reads {
  const parts = definition.parts.map((part) => ('measure' in part ? readsOfMeasure(part.measure) : readsOf(part.rule)))
  return mergeReads([...parts, ...definition.stages.map(({ rule }) => readsOf(rule))])
}

function readsOfMeasure({ of }: Measure): Reads {
  if (!('property' in of)) return readsOfFigure(of)
  const reads = noReads()
  addProperty(reads, of.property)
  return reads
}
