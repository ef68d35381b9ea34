import { Button, Group, Slider, Text, TextInput } from '@mantine/core'
import { useId } from 'react'
import { fullTime } from '../ui/time.tsx'

interface Edge {
  at: string
  edge: string
}

/** The text of a `datetime-local` input, in the reader's own zone. */
function localText(at: number): string {
  const date = new Date(at)
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

/** Chooses a moment: along the edges that are on record, or any other; null is now. */
export function WhyMoment(props: {
  at: string | null
  /** The moment of the answer that is shown. */
  shown: string | null
  history: readonly Edge[]
  onChange: (at: string | null) => void
}) {
  const { at, shown, history, onChange } = props
  const moment = at ?? shown
  const label = useId()
  // Oldest first, and now at the end.
  const stops = [...history].toReversed()
  const chosen = at === null ? stops.length : stops.findLastIndex((stop) => Date.parse(stop.at) <= Date.parse(at))
  const said = (index: number): string => {
    const stop = stops[index]
    return stop === undefined ? 'now' : `${stop.edge} ${fullTime(stop.at)}`
  }
  return (
    <div className="sb-why-moment">
      {stops.length > 0 && (
        <div>
          <Text size="sm" fw={500} id={label}>
            Along what is on record
          </Text>
          <Slider
            min={0}
            max={stops.length}
            step={1}
            value={Math.max(0, chosen)}
            label={said}
            thumbProps={{ 'aria-labelledby': label, 'aria-valuetext': said(Math.max(0, chosen)) }}
            marks={Array.from({ length: stops.length + 1 }, (_, value) => ({ value }))}
            onChange={(index) => onChange(stops[index]?.at ?? null)}
          />
        </div>
      )}
      <Group align="flex-end" gap="xs">
        <TextInput
          type="datetime-local"
          step={1}
          label="Moment"
          value={moment === null ? '' : localText(Date.parse(moment))}
          onChange={(event) => {
            const typed = new Date(event.currentTarget.value)
            onChange(Number.isNaN(typed.getTime()) ? null : typed.toISOString())
          }}
        />
        <Button variant="default" disabled={at === null} onClick={() => onChange(null)}>
          Now
        </Button>
      </Group>
    </div>
  )
}
