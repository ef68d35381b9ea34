import { type EventFigure, type FigureKind, isOccasion } from '../../../engine/model/figure.ts'

/** Whether figures of this kind read a property of the event. */
export const takesProperty = (kind: FigureKind): boolean =>
  kind !== 'count' && kind !== 'daysSinceFirst' && kind !== 'daysSinceLast'

/** Of another kind, without what that kind does not take. The filters are the same for all. */
export function ofKind(figure: EventFigure, kind: FigureKind): EventFigure {
  const { of: property, within, ...rest } = figure
  return {
    ...rest,
    figure: kind,
    ...(takesProperty(kind) && property !== undefined && { of: property }),
    ...(!isOccasion(kind) && within !== undefined && { within }),
  }
}

/** Of this property; of none where nothing is written. */
export function withProperty(figure: EventFigure, path: string): EventFigure {
  const { of: _, ...without } = figure
  const text = path.trim()
  return text === '' ? without : { ...figure, of: text }
}
