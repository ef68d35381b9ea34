import type { ComputedDefinition } from '../model/computed.ts'
import type { EventFigure, FigureKind } from '../model/figure.ts'
import type { Measure, ScoreDefinition } from '../model/score.ts'
import { describe, eventWords, windowWords } from '../rules/explain.ts'

/** The words of each figure, as they stand before the name of the event. */
export const EVENT_FIGURE_WORDS: { [figure in FigureKind]: string } = {
  count: 'number of',
  sum: 'sum',
  average: 'average',
  min: 'least',
  max: 'greatest',
  distinct: 'different values',
  first: 'first',
  last: 'last',
  daysSinceFirst: 'days since the first',
  daysSinceLast: 'days since the last',
}

/** `sum of amount of "Order Completed" in the last 30 days`. */
export function describeFigure(figure: EventFigure): string {
  const words = EVENT_FIGURE_WORDS[figure.figure]
  const what = figure.of === undefined ? words : `${words} ${figure.of} of`
  return `${what} ${eventWords(figure)}${figure.within === undefined ? '' : ` ${windowWords(figure.within)}`}`
}

/** `number of "Logged In" in the last 30 days: 0 to 20`. */
export const describeMeasure = ({ of, from, to }: Measure): string =>
  `${'property' in of ? of.property : describeFigure(of)}: no marks at ${from}, full marks at ${to}`

/** A score as a sentence for people. */
export function describeScore({ parts, bands, stages }: ScoreDefinition): string {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0)
  const shares = parts.map((part) => {
    const share = Math.round((100 * part.weight) / total)
    return `${share}% ${part.name} (${'measure' in part ? describeMeasure(part.measure) : describe(part.rule)})`
  })
  const names = bands.map(({ name, from }) => `${name} from ${from}`).join(', ')
  const stageWords = stages.map(({ name, rule }) => `${name} when ${describe(rule)}`).join('; ')
  return `${shares.join(', ')}. Bands: ${names}.${stages.length === 0 ? '' : ` Stages: ${stageWords}.`}`
}

/** A computed property as a sentence for people. */
export function describeComputed({ property, formula, inputs }: ComputedDefinition): string {
  const named = Object.entries(inputs).map(([name, figure]) => `${name} is the ${describeFigure(figure)}`)
  return `${property} = ${formula}${named.length === 0 ? '' : `, where ${named.join(', ')}`}`
}
