import { type EventFigure, FIGURES, isOccasion } from '../../../engine/model/figure.ts'
import { EVENT_FIGURE_WORDS } from '../../../engine/scores/describe.ts'
import { Choice } from '../rules/inputs/choice.tsx'
import { EventFilters, EventName, EventPropertyName } from '../rules/inputs/event-input.tsx'
import { WindowInput } from '../rules/inputs/window-input.tsx'
import type { RuleWorld } from '../rules/rule-model.ts'
import '../rules/rules.css'
import { withWindow } from '../rules/window-model.ts'
import { ofKind, takesProperty, withProperty } from './figure-model.ts'

const KINDS = FIGURES.map((value) => ({ value, label: EVENT_FIGURE_WORDS[value] }))

/** A figure over events: which, of what event and property, in which window, of which of those events. */
export function FigureInput(props: {
  label: string
  figure: EventFigure
  onChange: (figure: EventFigure) => void
  world: RuleWorld
}) {
  const { label, figure, onChange, world } = props
  return (
    <div className="sb-rule-body" role="group" aria-label={label}>
      <Choice
        label="Figure"
        width={150}
        data={KINDS}
        value={figure.figure}
        onChange={(kind) => onChange(ofKind(figure, kind))}
      />
      {takesProperty(figure.figure) && (
        <EventPropertyName
          placeholder={isOccasion(figure.figure) ? 'its time' : 'amount'}
          value={figure.of ?? ''}
          event={figure.event}
          world={world}
          onChange={(path) => onChange(withProperty(figure, path))}
        />
      )}
      <EventName value={figure.event} world={world} onChange={(event) => onChange({ ...figure, event })} />
      {!isOccasion(figure.figure) && (
        <WindowInput
          value={figure.within}
          zone={world.timeZone}
          onChange={(within) => onChange(withWindow(figure, within))}
        />
      )}
      <EventFilters rule={figure} event={figure.event} world={world} onChange={onChange} />
    </div>
  )
}
