import { NumberInput } from '@mantine/core'

/** A number that may not be there yet. */
export function NumberBox(props: {
  label: string
  value: number | undefined
  onChange: (value: number | undefined) => void
  whole?: true
  min?: number
  width?: number
  suffix?: string
}) {
  const { label, value, onChange, whole, min, width = 84, suffix } = props
  return (
    <NumberInput
      size="xs"
      w={width}
      hideControls
      aria-label={label}
      allowDecimal={whole !== true}
      {...(min !== undefined && { min })}
      {...(suffix !== undefined && { suffix })}
      value={value ?? ''}
      onChange={(next) => onChange(typeof next === 'number' ? next : undefined)}
    />
  )
}
