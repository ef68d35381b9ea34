import { Group, NumberInput, Select, TextInput } from '@mantine/core'
import { formatDuration, type SimpleDuration, simpleDuration, UNITS } from './simple-duration.ts'

/** A duration as a number and a unit; one that is neither is shown as it is written. */
export function DurationInput(props: {
  value: string | undefined
  onChange: (value: string | undefined) => void
  signed?: boolean
  size?: 'xs' | 'sm'
  'aria-label': string
}) {
  const { value, onChange, signed = false, size = 'sm' } = props
  const label = props['aria-label']
  const simple: SimpleDuration | null =
    value === undefined || value === '' ? { count: null, unit: 'D', before: signed } : simpleDuration(value)
  if (simple === null)
    return (
      <TextInput
        size={size}
        aria-label={label}
        value={value ?? ''}
        onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
      />
    )
  const change = (next: Partial<SimpleDuration>) => onChange(formatDuration({ ...simple, ...next }))
  return (
    <Group gap={6} wrap="nowrap">
      <NumberInput
        size={size}
        w={72}
        min={0}
        max={9999}
        allowDecimal={false}
        allowNegative={false}
        hideControls
        aria-label={label}
        value={simple.count ?? ''}
        onChange={(count) => change({ count: typeof count === 'number' ? count : null })}
      />
      <Select
        size={size}
        w={110}
        aria-label={`${label}, unit`}
        data={UNITS}
        value={simple.unit}
        onChange={(unit) => unit !== null && change({ unit })}
      />
      {signed && (
        <Select
          size={size}
          w={100}
          aria-label={`${label}, before or after`}
          data={[
            { value: 'before', label: 'before' },
            { value: 'after', label: 'after' },
          ]}
          value={simple.before ? 'before' : 'after'}
          onChange={(way) => change({ before: way === 'before' })}
        />
      )}
    </Group>
  )
}
