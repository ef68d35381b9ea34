import { Autocomplete, Group, Select, TextInput } from '@mantine/core'
import { type EventFigure, FIGURES, isOccasion } from '../../../engine/model/figure.ts'
import type { Window } from '../../../engine/model/rule.ts'
import { windowWords } from '../../../engine/rules/explain.ts'
import { EVENT_FIGURE_WORDS } from '../../../engine/scores/describe.ts'

const KINDS = FIGURES.map((value) => ({ value, label: EVENT_FIGURE_WORDS[value] }))
const WINDOWS: Window[] = ['P1D', 'P7D', 'P14D', 'P30D', 'P60D', 'P90D', 'P365D']
const EVER = 'ever'

const takesOf = (figure: EventFigure['figure']): boolean =>
  figure !== 'count' && figure !== 'daysSinceFirst' && figure !== 'daysSinceLast'

/** A figure over events: which, of what event and property, in which window. Filters that are there stay. */
export function FigureInput(props: {
  label: string
  figure: EventFigure
  onChange: (figure: EventFigure) => void
  eventNames: string[]
}) {
  const { label, figure, onChange, eventNames } = props
  const { of: property, within, ...rest } = figure
  const change = (next: Partial<EventFigure>) => onChange(fitted({ ...figure, ...next }))
  const windows = within === undefined || WINDOWS.includes(within) ? WINDOWS : [within, ...WINDOWS]
  return (
    <Group gap={6} role="group" aria-label={label} wrap="wrap">
      <Select
        size="xs"
        w={150}
        aria-label="Figure"
        data={KINDS}
        value={figure.figure}
        onChange={(kind) => kind !== null && change({ figure: kind })}
      />
      {takesOf(figure.figure) && (
        <TextInput
          size="xs"
          w={110}
          aria-label="Property of the event"
          placeholder={isOccasion(figure.figure) ? 'its time' : 'amount'}
          value={property ?? ''}
          onChange={(event) => {
            const text = event.currentTarget.value.trim()
            const { of: _, ...without } = figure
            onChange(text === '' ? without : { ...figure, of: text })
          }}
        />
      )}
      <Autocomplete
        size="xs"
        style={{ flex: '1 1 130px' }}
        aria-label="Event name"
        placeholder="Event name"
        data={eventNames}
        value={figure.event}
        onChange={(event) => change({ event })}
      />
      {!isOccasion(figure.figure) && (
        <Select
          size="xs"
          w={150}
          aria-label="Window"
          data={[
            { value: EVER, label: 'ever' },
            ...windows.map((window) => ({ value: JSON.stringify(window), label: windowWords(window) })),
          ]}
          value={within === undefined ? EVER : JSON.stringify(within)}
          onChange={(value) => {
            if (value === null) return
            const kept = property === undefined ? rest : { ...rest, of: property }
            // Only what this list offered, which was written from windows.
            onChange(value === EVER ? kept : { ...kept, within: JSON.parse(value) as Window })
          }}
        />
      )}
    </Group>
  )
}

/** Without what the figure of this kind does not take. */
function fitted(figure: EventFigure): EventFigure {
  const { of: property, within, ...rest } = figure
  return {
    ...rest,
    ...(takesOf(figure.figure) && property !== undefined ? { of: property } : {}),
    ...(isOccasion(figure.figure) || within === undefined ? {} : { within }),
  }
}
