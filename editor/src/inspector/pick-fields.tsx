import { Autocomplete, Select } from '@mantine/core'
import { namedZone, WORKSPACE } from '../../../nodes/time-zone.ts'
import { zonesWith } from '../ui/zones.ts'
import { asText, type FieldProps, wordsOf } from './field-types.ts'

/** A signal or segment of the workspace by name; one that is not there any more stays visible. */
export function SlugField(props: FieldProps) {
  const { field, value, onChange, world } = props
  const list = field.widget === 'signal' ? world.signals : world.segments
  const data = list.map(({ slug, name }) => ({ value: slug, label: name }))
  const slug = typeof value === 'string' ? value : null
  const known = slug === null || list.some((entry) => entry.slug === slug)
  return (
    <Select
      {...wordsOf(props)}
      placeholder={field.widget === 'signal' ? 'Choose a signal' : 'Choose a segment'}
      searchable
      nothingFoundMessage={`No such ${field.widget}. Make it under ${field.widget === 'signal' ? 'Signals' : 'Segments'}.`}
      data={known ? data : [...data, { value: slug, label: `${slug} (not there)` }]}
      value={slug}
      onChange={(next) => onChange(next ?? undefined)}
    />
  )
}

/** An event name with those received lately as suggestions. */
export function EventField(props: FieldProps) {
  const { value, onChange, world } = props
  return (
    <Autocomplete
      {...wordsOf(props)}
      data={world.eventNames}
      value={asText(value)}
      onChange={(name) => onChange(name === '' ? undefined : name)}
      maxDropdownHeight={260}
    />
  )
}

/** An empty one is the workspace's, and says which that is. */
export function TimeZoneField(props: FieldProps) {
  const { value, onChange, world } = props
  const named = namedZone(value)
  return (
    <Select
      {...wordsOf(props)}
      searchable
      limit={60}
      allowDeselect={false}
      data={zonesWith({ named, workspace: world.timeZone })}
      value={named ?? WORKSPACE}
      onChange={(next) => onChange(namedZone(next) ?? undefined)}
    />
  )
}
