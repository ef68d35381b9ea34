import { Autocomplete, type AutocompleteProps, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { DataGroup } from '../document/upstream-data.ts'
import { sampleWords } from './sample-words.ts'

/** A path with suggestions of what is there. Free text is allowed: a property may be on its way. */
export function PropertyInput(props: {
  value: string
  onChange: (path: string) => void
  groups: DataGroup[]
  size?: 'xs' | 'sm'
  ariaLabel?: string
  label?: string
  required?: boolean
  description?: ReactNode
  error?: ReactNode
  placeholder?: string
}) {
  const { value, onChange, groups, size = 'sm', ariaLabel, placeholder, ...field } = props
  const known = new Map(groups.flatMap(({ data }) => data.map((datum) => [datum.path, datum] as const)))
  const option: AutocompleteProps['renderOption'] = ({ option: { value: path } }) => (
    <Group justify="space-between" gap="xs" wrap="nowrap" w="100%">
      <Text size="sm" className="sb-mono">
        {path}
      </Text>
      <Text size="xs" c="dimmed" truncate maw={150}>
        {known.get(path)?.type} {sampleWords(known.get(path)?.sample ?? null)}
      </Text>
    </Group>
  )
  return (
    <Autocomplete
      {...field}
      size={size}
      style={{ flex: '1 1 160px' }}
      {...(ariaLabel !== undefined && { 'aria-label': ariaLabel })}
      placeholder={placeholder ?? 'Choose a property'}
      data={groups
        .map(({ title, data }) => ({ group: title, items: [...new Set(data.map((datum) => datum.path))] }))
        .filter(({ items }) => items.length > 0)}
      value={value}
      onChange={onChange}
      renderOption={option}
      maxDropdownHeight={280}
      comboboxProps={{ width: 320, position: 'bottom-start' }}
    />
  )
}
