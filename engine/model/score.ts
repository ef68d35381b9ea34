import type { Json } from '../../nodes/manifest.ts'
import type { EventFigure } from './figure.ts'
import type { Instant, Rule, Trace } from './rule.ts'

/**
 * A score: weighted parts that give a number from 0 to 100, the band the number lies in, and the stage the subject is
 * in. Types only, like `rule.ts`.
 */
export interface ScoreDefinition {
  parts: ScorePart[]
  /** Ascending; the first begins at 0, so that every number lies in one. */
  bands: ScoreBand[]
  /** The first whose rule holds. None need hold. */
  stages: ScoreStage[]
}

export type ScorePart = ScoreRulePart | ScoreMeasurePart

interface NamedPart {
  name: string
  /** More than 0. Weights are shares of their sum. */
  weight: number
}

/** Full marks while the rule holds, none while it does not. */
export interface ScoreRulePart extends NamedPart {
  rule: Rule
}

export interface ScoreMeasurePart extends NamedPart {
  measure: Measure
}

/** A number scaled linearly between `from` (no marks) and `to` (full marks); `from` may be the greater one. */
export interface Measure {
  of: { property: string } | EventFigure
  from: number
  to: number
  /** Where there is no number: no marks, or the other parts share the weight. */
  missing: 'none' | 'leave out'
}

export const BAND_COLORS = ['red', 'orange', 'yellow', 'green', 'blue', 'gray'] as const
export type BandColor = (typeof BAND_COLORS)[number]

export interface ScoreBand {
  name: string
  /** The least number of the band, 0 to 100. */
  from: number
  color?: BandColor
}

export interface ScoreStage {
  name: string
  rule: Rule
}

/** What is kept of a subject's score. */
export interface ScoreValue {
  /** 0 to 100, to one decimal. Null: every part was left out. */
  value: number | null
  band: string | null
  stage: string | null
}

export interface ScorePartResult {
  name: string
  weight: number
  /** 0 to 1; null: left out. */
  marks: number | null
  /** The number measured, or whether the rule holds; null: missing. */
  actual: Json
  why: Trace
}

export interface ScoreEvaluation extends ScoreValue {
  parts: ScorePartResult[]
  /** The parts and the stages as one trace. */
  why: Trace
  /** As for rules: the earliest instant at which any of this may change with no new data. */
  validUntil: Instant | null
}
