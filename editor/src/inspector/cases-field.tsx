import { ActionIcon, Button, Group, Input, Stack, Text, TextInput, Tooltip } from '@mantine/core'
import { ArrowDown, ArrowUp, Plus } from 'lucide-react'
import { useState } from 'react'
import { Remove } from '../rules/remove.tsx'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import { type Case, casesOf, casesValue, freePort, portName } from './cases.ts'
import type { FieldProps } from './field-types.ts'
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
    <Input.Wrapper label={field.label} description={field.help} error={error}>
      <Stack gap="sm" mt={6}>
        {cases.map((one, index) => (
          // A case is known by its place: its name changes while it is typed.
          <section key={index} className="sb-case" aria-label={`Case ${one.port}`}>
            <Group gap={4} mb={8} wrap="nowrap" align="flex-end">
              <PortInput
                value={one.port}
                taken={cases.filter((_, at) => at !== index).map(({ port }) => port)}
                onChange={(port) => {
                  rename(
                    { from: one.port, to: port },
                    casesValue(cases.map((c, at) => (at === index ? { ...c, port } : c))),
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
    </Input.Wrapper>
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

/** The name of a way out. It is taken over when it is left: edges follow it, and half a name is no name. */
function PortInput(props: { value: string; taken: string[]; onChange: (port: string) => void }) {
  const { value, taken, onChange } = props
  const [draft, setDraft] = useState<string | null>(null)
  const next = draft === null ? value : portName(draft).replace(/-+$/, '')
  const error =
    next === '' ? 'Give it a name.' : next === 'else' || taken.includes(next) ? 'This name is taken.' : undefined
  const finish = () => {
    if (draft !== null && error === undefined && next !== value) onChange(next)
    setDraft(null)
  }
  return (
    <TextInput
      style={{ flex: 1 }}
      size="xs"
      label="Name of the way out"
      value={draft ?? value}
      error={draft === null ? undefined : error}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={finish}
      onKeyDown={(event) => event.key === 'Enter' && finish()}
    />
  )
}
