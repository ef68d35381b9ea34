import { Button, Chip, Group, Stack, Text, TextInput } from '@mantine/core'
import { Plus } from 'lucide-react'
import { WEEKDAYS } from '../../../engine/model/business-hours.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { Remove } from '../rules/remove.tsx'
import { FieldGroup } from './field-group.tsx'
import type { FieldProps } from './field-types.ts'
import { dayWord, type Window, windowsOf, windowWords, withDays } from './open-hours.ts'

const FRESH: Window = { days: WEEKDAYS.slice(0, 5), from: '09:00', to: '17:00' }

/** Weekly windows: the days on which each begins, and its hours. */
export function HoursField({ field, value, onChange, error }: FieldProps) {
  const windows = windowsOf(value)
  const set = (next: Window[]) => onChange(next.length === 0 ? undefined : (next as unknown as Json))
  const update = (index: number, window: Window) => set(windows.map((one, at) => (at === index ? window : one)))
  return (
    <FieldGroup label={field.label} description={field.help} error={error}>
      <Stack gap="sm" mt={6}>
        {windows.map((window, index) => (
          // A window is known by its place: all of it can change.
          <Stack key={index} gap={6} role="group" aria-label={`Open ${windowWords(window)}`} className="sb-case">
            <Chip.Group multiple value={window.days} onChange={(days) => update(index, withDays(window, days))}>
              <Group gap={4}>
                {WEEKDAYS.map((day) => (
                  <Chip key={day} value={day} size="xs" radius="sm">
                    {dayWord(day)}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
            <Group gap={6} wrap="nowrap">
              <Time label="From" value={window.from} onChange={(from) => update(index, { ...window, from })} />
              <Text size="sm">to</Text>
              <Time label="To" value={window.to} onChange={(to) => update(index, { ...window, to })} />
              <Remove label="Remove these hours" onClick={() => set(windows.toSpliced(index, 1))} />
            </Group>
          </Stack>
        ))}
        <div>
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<Plus size={14} aria-hidden="true" />}
            onClick={() => set([...windows, FRESH])}
          >
            Add hours
          </Button>
        </div>
      </Stack>
    </FieldGroup>
  )
}

/** As text: a browser's own time input knows no 24:00. */
function Time({ label, value, onChange }: { label: string; value: string; onChange: (time: string) => void }) {
  return (
    <TextInput
      size="xs"
      w={76}
      aria-label={label}
      placeholder="09:00"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

/** A list of dates, in the order they were written. */
export function DatesField({ field, value, onChange, error }: FieldProps) {
  const dates = Array.isArray(value) ? value.filter((date) => typeof date === 'string') : []
  const set = (next: string[]) => onChange(next.length === 0 ? undefined : next)
  return (
    <FieldGroup label={field.label} description={field.help} error={error}>
      <Stack gap={6} mt={6}>
        {dates.map((date, index) => (
          // A date is known by its place while it is typed.
          <Group key={index} gap={6} wrap="nowrap">
            <TextInput
              type="date"
              size="xs"
              w={150}
              aria-label={`Date ${index + 1}`}
              value={date}
              onChange={(event) => set(dates.toSpliced(index, 1, event.currentTarget.value))}
            />
            <Remove label={`Remove date ${index + 1}`} onClick={() => set(dates.toSpliced(index, 1))} />
          </Group>
        ))}
        <div>
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Plus size={13} aria-hidden="true" />}
            onClick={() => set([...dates, ''])}
          >
            Add a date
          </Button>
        </div>
      </Stack>
    </FieldGroup>
  )
}
