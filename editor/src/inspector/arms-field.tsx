import { Button, Group, NumberInput, Stack, Text } from '@mantine/core'
import { Equal, Plus } from 'lucide-react'
import { Remove } from '../rules/remove.tsx'
import { addArm, type Arm, armsOf, armsSum, armsValue, MOST_ARMS, spreadEvenly } from './arms.ts'
import { FieldGroup } from './field-group.tsx'
import type { FieldProps } from './field-types.ts'
import { PortInput } from './port-input.tsx'
import { usePortRename } from './port-rename.ts'

/** The arms of a split, each with its share. */
export function ArmsField({ field, value, onChange, error }: FieldProps) {
  const arms = armsOf(value)
  const rename = usePortRename()
  const set = (next: Arm[]) => onChange(armsValue(next))
  const replaced = (index: number, arm: Arm): Arm[] => arms.map((one, at) => (at === index ? arm : one))
  const sum = armsSum(arms)
  return (
    <FieldGroup label={field.label} description={field.help} error={error}>
      <Stack gap="sm" mt={6}>
        {arms.map((arm, index) => (
          // An arm is known by its place: its name changes while it is typed.
          <Group key={index} role="group" aria-label={`Arm ${arm.port}`} gap={6} wrap="nowrap" align="flex-end">
            <PortInput
              value={arm.port}
              taken={arms.filter((_, at) => at !== index).map(({ port }) => port)}
              onChange={(port) =>
                rename(
                  { from: arm.port, to: port },
                  { field: field.name, value: armsValue(replaced(index, { ...arm, port })) },
                )
              }
            />
            <NumberInput
              w={96}
              size="xs"
              label="Percent"
              aria-label={`Percent of ${arm.port}`}
              suffix=" %"
              decimalScale={2}
              hideControls
              allowNegative={false}
              value={arm.percent ?? ''}
              onChange={(next) =>
                set(replaced(index, typeof next === 'number' ? { port: arm.port, percent: next } : { port: arm.port }))
              }
            />
            <Remove label={`Remove arm ${arm.port}`} onClick={() => set(arms.toSpliced(index, 1))} />
          </Group>
        ))}
        <Group justify="space-between">
          <Group gap={6}>
            <Button
              size="compact-sm"
              variant="light"
              leftSection={<Plus size={14} aria-hidden="true" />}
              disabled={arms.length >= MOST_ARMS}
              onClick={() => set(addArm(arms))}
            >
              Add arm
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<Equal size={14} aria-hidden="true" />}
              disabled={arms.length === 0}
              onClick={() => set(spreadEvenly(arms))}
            >
              Spread evenly
            </Button>
          </Group>
          <Text size="xs" c={sum === 100 ? 'dimmed' : 'var(--sb-bad)'} role="status">
            {sum === 100 ? 'Together 100 %' : `Together ${sum} %, not 100 %`}
          </Text>
        </Group>
      </Stack>
    </FieldGroup>
  )
}
