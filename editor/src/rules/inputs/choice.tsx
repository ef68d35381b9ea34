import { Select } from '@mantine/core'

/** One of a few, in a line of a rule. */
export function Choice<V extends string>(props: {
  label: string
  value: V
  onChange: (value: V) => void
  data: ReadonlyArray<{ value: V; label: string }>
  width?: number
}) {
  const { label, value, onChange, data, width = 120 } = props
  return (
    <Select
      size="xs"
      w={width}
      aria-label={label}
      data={[...data]}
      value={value}
      allowDeselect={false}
      onChange={(next) => next !== null && onChange(next)}
    />
  )
}
