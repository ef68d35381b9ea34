import { Group, JsonInput, Select, Stack, Text } from '@mantine/core'
import { findStep } from '../../../nodes/manifest.ts'
import { labelOf } from '../canvas/step-summary.ts'
import { DurationInput } from '../inspector/duration-input.tsx'
import { parseObject } from '../ui/parse-object.ts'
import { CHOICES, type ChosenWait, type DrawnWait, USUAL } from './assumed-waits.ts'
import { useCatalog } from './catalog-context.ts'

/** What the waits of the draft come to in the dry run. */
export function AssumedWaitsFields(props: {
  waits: readonly DrawnWait[]
  chosen: ReadonlyMap<string, ChosenWait>
  onChange: (chosen: ReadonlyMap<string, ChosenWait>) => void
}) {
  const { waits, chosen, onChange } = props
  if (waits.length === 0) return null
  return (
    <Stack gap="xs" role="group" aria-label="What waits come to">
      <Text size="sm" fw={500}>
        What waits come to
      </Text>
      {waits.map((wait) => (
        <WaitFields
          key={wait.step.id}
          wait={wait}
          value={chosen.get(wait.step.id) ?? USUAL}
          onChange={(next) => onChange(new Map([...chosen, [wait.step.id, next]]))}
        />
      ))}
    </Stack>
  )
}

function WaitFields(props: { wait: DrawnWait; value: ChosenWait; onChange: (next: ChosenWait) => void }) {
  const { wait, value, onChange } = props
  const { manifest } = useCatalog()
  const { step, kind, answers } = wait
  const label = labelOf(step, findStep(manifest, step.type))
  const happens = value.choice === 'happens'
  const isBad = value.properties.trim() !== '' && parseObject(value.properties) === null
  return (
    <Stack gap={6}>
      <Select
        size="xs"
        label={label}
        allowDeselect={false}
        data={CHOICES[kind]}
        value={value.choice}
        onChange={(choice) =>
          onChange({ ...value, choice: choice === 'happens' || choice === 'never' ? choice : 'usual' })
        }
      />
      {happens && (
        <Group gap={6}>
          <DurationInput
            size="xs"
            aria-label={`How long after ${label} began`}
            value={value.after}
            onChange={(after) => onChange({ ...value, after: after ?? 'PT0S' })}
          />
          {kind === 'answer' && (
            <Select
              size="xs"
              w={120}
              aria-label={`Answer of ${label}`}
              allowDeselect={false}
              data={answers}
              value={value.port ?? answers[0] ?? null}
              onChange={(port) => onChange({ ...value, port })}
            />
          )}
        </Group>
      )}
      {happens && kind === 'event' && (
        <JsonInput
          size="xs"
          aria-label={`Properties of the event of ${label}`}
          placeholder="Properties of the event, e.g. {}"
          autosize
          minRows={1}
          maxRows={6}
          value={value.properties}
          onChange={(properties) => onChange({ ...value, properties })}
          error={isBad ? 'This is not a JSON object. Mend it.' : undefined}
        />
      )}
    </Stack>
  )
}
