import { Autocomplete, Button, Group, Text } from '@mantine/core'
import { Filter } from 'lucide-react'
import type { EventFilter } from '../../../../engine/model/rule.ts'
import { sampleWords } from '../../inspector/sample-words.ts'
import { Remove } from '../remove.tsx'
import type { RuleWorld } from '../rule-model.ts'
import { eventPropertyType } from '../rule-world.ts'
import { withType } from '../test-model.ts'
import { TestInput } from './test-input.tsx'

/** The name of an event, with those received lately as suggestions. */
export function EventName(props: {
  value: string
  onChange: (event: string) => void
  world: RuleWorld
  label?: string
}) {
  const { value, onChange, world, label = 'Event name' } = props
  return (
    <Autocomplete
      size="xs"
      className="sb-rule-wide"
      aria-label={label}
      placeholder="Event name"
      data={world.eventNames}
      value={value}
      onChange={onChange}
      maxDropdownHeight={260}
    />
  )
}

/** A property of events of a name, with those that came lately as suggestions. */
export function EventPropertyName(props: {
  value: string
  onChange: (path: string) => void
  event: string
  world: RuleWorld
  placeholder?: string
}) {
  const { value, onChange, event, world, placeholder = 'Property of the event' } = props
  const known = new Map((world.eventProperties.get(event) ?? []).map((property) => [property.path, property]))
  return (
    <Autocomplete
      size="xs"
      className="sb-rule-wide"
      aria-label="Property of the event"
      placeholder={placeholder}
      data={[...known.keys()]}
      value={value}
      onChange={onChange}
      maxDropdownHeight={260}
      comboboxProps={{ width: 300, position: 'bottom-start' }}
      renderOption={({ option }) => (
        <Group justify="space-between" gap="xs" wrap="nowrap" w="100%">
          <Text size="sm" className="sb-mono">
            {option.value}
          </Text>
          <Text size="xs" c="dimmed" truncate maw={130}>
            {known.get(option.value)?.type} {sampleWords(known.get(option.value)?.sample ?? null)}
          </Text>
        </Group>
      )}
    />
  )
}

const FRESH: EventFilter = { property: '', op: 'eq', value: '' }

/** With filters, or without the list of them when there is none. */
function withWhere<R extends { where?: EventFilter[] }>(rule: R, where: EventFilter[]): R {
  const { where: _, ...bare } = rule
  return where.length === 0 ? (bare as R) : { ...rule, where }
}

/** Only events whose own properties compare so; each filter a line of its own. */
export function EventFilters<R extends { where?: EventFilter[] }>(props: {
  rule: R
  event: string
  onChange: (rule: R) => void
  world: RuleWorld
}) {
  const { rule, event, onChange, world } = props
  const where = rule.where ?? []
  const set = (next: EventFilter[]) => onChange(withWhere(rule, next))
  return (
    <div className="sb-rule-where">
      {where.map((filter, index) => {
        const change = (next: EventFilter) => set(where.toSpliced(index, 1, next))
        const type = eventPropertyType(world, event, filter.property)
        return (
          // A filter has no identity but its place.
          <div key={index} className="sb-rule-filter" role="group" aria-label="Filter of the event">
            <span>{index === 0 ? 'where' : 'and'}</span>
            <EventPropertyName
              value={filter.property}
              event={event}
              world={world}
              onChange={(property) =>
                change(
                  withType(
                    { ...filter, property },
                    { type: eventPropertyType(world, event, property), zone: world.timeZone },
                  ),
                )
              }
            />
            <TestInput test={filter} onChange={change} type={type} zone={world.timeZone} />
            <Remove label="Remove this filter" onClick={() => set(where.toSpliced(index, 1))} />
          </div>
        )
      })}
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        leftSection={<Filter size={12} aria-hidden="true" />}
        onClick={() => set([...where, FRESH])}
      >
        Filter by a property
      </Button>
    </div>
  )
}
