import type { EventFigure } from '../../../engine/model/figure.ts'
import type { Rule } from '../../../engine/model/rule.ts'
import type { ScoreBand, ScoreDefinition, ScorePart } from '../../../engine/model/score.ts'

export const newFigure = (event = ''): EventFigure => ({ figure: 'count', event, within: 'P30D' })

const EMPTY_RULE: Rule = { all: [] }

/** A part of either kind; what both have is kept when the kind changes. */
export const measuredPart = ({ name, weight }: Pick<ScorePart, 'name' | 'weight'>): ScorePart => ({
  name,
  weight,
  measure: { of: newFigure(), from: 0, to: 20, missing: 'none' },
})
export const ruledPart = ({ name, weight }: Pick<ScorePart, 'name' | 'weight'>): ScorePart => ({
  name,
  weight,
  rule: EMPTY_RULE,
})

export const newScore = (): ScoreDefinition => ({
  parts: [measuredPart({ name: 'Usage', weight: 1 })],
  bands: [
    { name: 'At risk', from: 0, color: 'red' },
    { name: 'Fair', from: 40, color: 'yellow' },
    { name: 'Healthy', from: 70, color: 'green' },
  ],
  stages: [],
})

/** A band half way between the last one and full marks. */
export function nextBand(bands: readonly ScoreBand[]): ScoreBand {
  const last = bands.at(-1)?.from ?? 0
  return { name: `Band ${bands.length + 1}`, from: Math.round((last + 100) / 2), color: 'gray' }
}

/** A name that no other has. */
export function freshName(taken: ReadonlyArray<{ name: string }>, word: string): string {
  for (let n = taken.length + 1; ; n += 1) {
    const name = `${word} ${n}`
    if (!taken.some((other) => other.name === name)) return name
  }
}

export const replaceAt = <T>(list: readonly T[], at: number, item: T | null): T[] =>
  list.flatMap((old, index) => (index !== at ? [old] : item === null ? [] : [item]))
