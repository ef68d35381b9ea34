import { AGGREGATES, type EventFilter, type Window } from './rule.ts'

/** What can be worked out from a subject's events, beside the aggregates of rules. */
export const FIGURES = ['count', ...AGGREGATES, 'first', 'last', 'daysSinceFirst', 'daysSinceLast'] as const
export type FigureKind = (typeof FIGURES)[number]

/**
 * A figure over a subject's events, by the same meaning as in rules: of no event, `count`, `sum` and `distinct` are 0
 * and the others missing. `first` and `last` are a property of that event, or without `of` its moment as an ISO time;
 * `daysSinceFirst` and `daysSinceLast` are whole days since then.
 */
export interface EventFigure {
  figure: FigureKind
  event: string
  /** Path into the event's properties: needed by the aggregates, allowed for `first` and `last`. */
  of?: string
  /** Left out: ever. The first and the last are always of all events. */
  within?: Window
  /** Only events for which all of these hold. */
  where?: EventFilter[]
}

/** Figures that are of all events, whatever the window. */
export const isOccasion = (figure: FigureKind): boolean => OCCASIONS.has(figure)
const OCCASIONS: ReadonlySet<FigureKind> = new Set(['first', 'last', 'daysSinceFirst', 'daysSinceLast'])
