import { Button, Group, Stack, Text } from '@mantine/core'
import { Plus } from 'lucide-react'
import type { EventFilter } from '../../../engine/model/rule.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { EventFilters, EventPropertyName } from '../rules/inputs/event-input.tsx'
import { Remove } from '../rules/remove.tsx'
import { FieldGroup } from './field-group.tsx'
import { asText, type FieldProps } from './field-types.ts'
import { PropertyInput } from './property-input.tsx'

/** Comparisons with the properties of the event that the step names. */
export function FiltersField({ field, value, onChange, error, world, siblings }: FieldProps) {
  const where = Array.isArray(value) ? (value as unknown as EventFilter[]) : []
  return (
    <FieldGroup label={field.label} description={field.help} error={error}>
      <EventFilters
        rule={where.length === 0 ? {} : { where }}
        event={asText(siblings?.event)}
        world={world}
        onChange={(rule: { where?: EventFilter[] }) => onChange(rule.where as unknown as Json | undefined)}
      />
    </FieldGroup>
  )
}

interface Key {
  property: string
  path: string
}

/** Parts that are none are left out of the drawing; compile names them. */
function keysOf(value: Json | undefined): Key[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? [{ property: asText(item.property), path: asText(item.path) }]
      : [],
  )
}

/** What an event has to have in common with what the run knows. */
export function KeysField({ field, value, onChange, error, groups, world, siblings }: FieldProps) {
  const keys = keysOf(value)
  const set = (next: Key[]) => onChange(next.length === 0 ? undefined : (next as unknown as Json))
  const update = (index: number, part: Partial<Key>) =>
    set(keys.map((key, at) => (at === index ? { ...key, ...part } : key)))
  return (
    <FieldGroup label={field.label} description={field.help} error={error}>
      <Stack gap={6} mt={6}>
        {keys.map((key, index) => (
          // A line is known by its place: its names change while they are typed.
          <Group key={index} role="group" aria-label="Match" gap={6} wrap="nowrap">
            <EventPropertyName
              value={key.property}
              event={asText(siblings?.event)}
              world={world}
              onChange={(property) => update(index, { property })}
            />
            <Text size="sm">=</Text>
            <PropertyInput
              size="xs"
              ariaLabel="What it equals"
              value={key.path}
              groups={groups}
              onChange={(path) => update(index, { path })}
            />
            <Remove label="Remove this match" onClick={() => set(keys.toSpliced(index, 1))} />
          </Group>
        ))}
        <div>
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Plus size={13} aria-hidden="true" />}
            onClick={() => set([...keys, { property: '', path: '' }])}
          >
            Match a property
          </Button>
        </div>
      </Stack>
    </FieldGroup>
  )
}
