import { ActionIcon, Button, Group, Stack, Text, Tooltip } from '@mantine/core'
import { ArrowDown, ArrowUp, Plus } from 'lucide-react'
import { Remove } from '../rules/remove.tsx'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import { type Case, casesOf, casesValue, freePort } from './cases.ts'
import { FieldGroup } from './field-group.tsx'
import type { FieldProps } from './field-types.ts'
import { PortInput } from './port-input.tsx'
import { usePortRename } from './port-rename.ts'

/** The ways out of a branch, tried from the top. */
export function CasesField({ field, value, onChange, error, world }: FieldProps) {
  const cases = casesOf(value)
  const rename = usePortRename()
  const set = (next: Case[]) => onChange(casesValue(next))
  const update = (index: number, next: Case) => set(cases.map((one, at) => (at === index ? next : one)))
  const move = (index: number, by: number) => {
    const [moved] = cases.slice(index, index + 1)
    if (moved === undefined) return
    set(cases.toSpliced(index, 1).toSpliced(index + by, 0, moved))
  }
  return (
    <FieldGroup label={field.label} description={field.help} error={error}>
      <Stack gap="sm" mt={6}>
        {cases.map((one, index) => (
          // A case is known by its place: its name changes while it is typed.
          <section key={index} className="sb-case" aria-label={`Case ${one.port}`}>
            <Group gap={4} mb={8} wrap="nowrap" align="flex-end">
              <PortInput
                value={one.port}
                taken={['else', ...cases.filter((_, at) => at !== index).map(({ port }) => port)]}
                onChange={(port) => {
                  rename(
                    { from: one.port, to: port },
                    {
                      field: field.name,
                      value: casesValue(cases.map((c, at) => (at === index ? { ...c, port } : c))),
                    },
                  )
                }}
              />
              <Step label="Move up" disabled={index === 0} onClick={() => move(index, -1)} icon={ArrowUp} />
              <Step
                label="Move down"
                disabled={index === cases.length - 1}
                onClick={() => move(index, 1)}
                icon={ArrowDown}
              />
              <Remove label={`Remove case ${one.port}`} onClick={() => set(cases.toSpliced(index, 1))} />
            </Group>
            <RuleBuilder
              label={`Rule of ${one.port}`}
              rule={one.if}
              world={world}
              onChange={(rule) => update(index, { ...one, if: rule })}
            />
          </section>
        ))}
        <Group justify="space-between">
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<Plus size={14} aria-hidden="true" />}
            onClick={() => set([...cases, { port: freePort(cases), if: { all: [] } }])}
          >
            Add case
          </Button>
          <Text size="xs" c="dimmed">
            Otherwise: <strong>else</strong>
          </Text>
        </Group>
      </Stack>
    </FieldGroup>
  )
}

function Step(props: { label: string; disabled: boolean; onClick: () => void; icon: typeof ArrowUp }) {
  const { icon: Icon } = props
  return (
    <Tooltip label={props.label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={props.label}
        disabled={props.disabled}
        onClick={props.onClick}
      >
        <Icon size={15} />
      </ActionIcon>
    </Tooltip>
  )
}
