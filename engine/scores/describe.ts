import type { ComputedDefinition } from '../model/computed.ts'
import { describeDuration, parseDuration } from '../model/duration.ts'
import type { EventFigure, FigureKind } from '../model/figure.ts'
import type { CalendarWindow, EventFilter, Window } from '../model/rule.ts'
import type { Measure, ScoreDefinition } from '../model/score.ts'
import { describe, OP_WORDS } from '../rules/explain.ts'

/** The words of each figure, as they stand before the name of the event. */
export const FIGURE_WORDS: { [figure in FigureKind]: string } = {
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
export function describeFigure({ figure, event, of, within, where }: EventFigure): string {
  const what = of === undefined ? FIGURE_WORDS[figure] : `${FIGURE_WORDS[figure]} ${of} of`
  const when = within === undefined ? '' : ` ${windowWords(within)}`
  const filters = where === undefined || where.length === 0 ? '' : ` where ${where.map(filterWords).join(' and ')}`
  return `${what} "${event}"${filters}${when}`
}

function windowWords(window: Window): string {
  if (typeof window !== 'string') return calendarWords(window)
  const parsed = parseDuration(window)
  return `in the last ${parsed.ok ? describeDuration(parsed.ms) : window}`
}

function calendarWords({ calendar, count = 1, ago = 0 }: CalendarWindow): string {
  if (count === 1 && ago === 0) return calendar === 'day' ? 'today' : `this ${calendar}`
  if (count === 1 && ago === 1) return calendar === 'day' ? 'yesterday' : `last ${calendar}`
  const ending = ago === 0 ? 'ending with this one' : ago === 1 ? 'before this one' : `ending ${ago} ${calendar}s ago`
  return `in ${count} ${calendar}${count === 1 ? '' : 's'} ${ending}`
}

const filterWords = ({ property, op, value }: EventFilter): string =>
  `${property} ${OP_WORDS[op]}${value === undefined ? '' : ` ${typeof value === 'string' ? value : JSON.stringify(value)}`}`

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
