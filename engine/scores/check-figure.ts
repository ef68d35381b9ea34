import { type EventFigure, FIGURES, type FigureKind, isOccasion } from '../model/figure.ts'
import { checkRule } from '../rules/check.ts'
import { rulesOf } from './event-figure.ts'
import { isObject, onlyFields, type Place, say } from './place.ts'

const FIELDS = ['figure', 'event', 'of', 'within', 'where']

/** Says what is wrong with a figure over events, with what to write instead. */
export function checkFigure(value: unknown, place: Place): void {
  if (!isObject(value))
    return say(place, '', 'Write a figure, e.g. { "figure": "count", "event": "Logged In", "within": "P30D" }.')
  onlyFields(value, FIELDS, place)
  const figure = FIGURES.find((known) => known === value.figure)
  if (figure === undefined) return say(place, 'figure', `Choose one of ${FIGURES.join(', ')}.`)
  if (!ofFits(figure, value.of, place)) return
  if (isOccasion(figure) && value.within !== undefined)
    return say(place, 'within', `"${figure}" is of all events: remove the window, or choose another figure.`)
  // The rules that read the same say the rest: they refuse what they cannot read.
  const asked = new Map<string, string>()
  for (const rule of rulesOf(value as unknown as EventFigure))
    for (const { path, message } of checkRule(rule))
      asked.set(path === 'first' || path === 'last' ? 'event' : path, message)
  for (const [path, message] of asked) say(place, path, message)
}

function ofFits(figure: FigureKind, of: unknown, place: Place): boolean {
  const text = typeof of === 'string' && of !== ''
  if (figure === 'count' || figure === 'daysSinceFirst' || figure === 'daysSinceLast') {
    if (of === undefined) return true
    say(place, 'of', `"${figure}" is of the events themselves: remove "of".`)
    return false
  }
  if (text || (of === undefined && isOccasion(figure))) return true
  say(place, 'of', `Name the property of the event that "${figure}" is of, e.g. amount.`)
  return false
}
