import { Button, Checkbox, Group, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { FormField } from '../../../nodes/inside.ts'
import { useDraft } from '../playbook/store.ts'
import { Remove } from '../rules/remove.tsx'
import { FieldGroup } from './field-group.tsx'
import type { FieldProps } from './field-types.ts'
import {
  addFormField,
  formFieldsOf,
  formFieldsValue,
  isType,
  MOST_FORM_FIELDS,
  namedByQuestion,
  optionsIn,
  readsValue,
  TYPE_WORDS,
} from './form-fields.ts'

const TYPES = Object.entries(TYPE_WORDS).map(([value, label]) => ({ value, label }))

/** The fields of a form that somebody is asked to fill in. */
export function FormFieldsField({ field, value, onChange, error }: FieldProps) {
  const fields = formFieldsOf(value)
  const set = (next: FormField[]) => onChange(formFieldsValue(next))
  return (
    <FieldGroup label={field.label} description={field.help} error={error}>
      <Stack gap="md" mt={6}>
        {fields.map((one, index) => (
          // A field is known by its place: its name changes while it is typed.
          <OneField
            key={index}
            one={one}
            taken={fields.filter((_, at) => at !== index).map(({ name }) => name)}
            onChange={(next) => set(fields.map((other, at) => (at === index ? next : other)))}
            onRemove={() => set(fields.toSpliced(index, 1))}
          />
        ))}
        <Group>
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<Plus size={14} aria-hidden="true" />}
            disabled={fields.length >= MOST_FORM_FIELDS}
            onClick={() => set(addFormField(fields))}
          >
            Add field
          </Button>
        </Group>
      </Stack>
    </FieldGroup>
  )
}

function OneField(props: {
  one: FormField
  taken: string[]
  onChange: (next: FormField) => void
  onRemove: () => void
}) {
  const { one, taken, onChange, onRemove } = props
  const document = useDraft()
  const name = () => {
    const named = namedByQuestion(one, { taken, isRead: readsValue(document, one.name) })
    if (named !== one) onChange(named)
  }
  return (
    <Stack gap={6} role="group" aria-label={`Field ${one.label === '' ? one.name : one.label}`}>
      <Group gap={6} wrap="nowrap" align="flex-end">
        <TextInput
          style={{ flex: 1 }}
          size="xs"
          label="Question"
          value={one.label}
          onChange={(event) => onChange({ ...one, label: event.currentTarget.value })}
          onBlur={name}
        />
        <Remove label={`Remove field ${one.name}`} onClick={onRemove} />
      </Group>
      <Group gap={6} wrap="nowrap" align="flex-end">
        <TextInput
          style={{ flex: 1 }}
          size="xs"
          label="Name"
          value={one.name}
          error={taken.includes(one.name) ? 'Another field has this name.' : undefined}
          onChange={(event) => onChange({ ...one, name: event.currentTarget.value })}
        />
        <Select
          style={{ flex: 1 }}
          size="xs"
          label="Kind"
          data={TYPES}
          allowDeselect={false}
          value={one.type}
          onChange={(type) => isType(type) && onChange({ ...one, type })}
        />
      </Group>
      {one.type === 'choice' && <Options options={one.options} onChange={(options) => onChange({ ...one, options })} />}
      <Checkbox
        size="xs"
        label="Must be filled in"
        checked={one.required}
        onChange={(event) => onChange({ ...one, required: event.currentTarget.checked })}
      />
    </Stack>
  )
}

/** What is typed stays as it is until it is left: an empty line on its way is no option yet. */
function Options({ options, onChange }: { options: string[]; onChange: (options: string[]) => void }) {
  const [draft, setDraft] = useState<string | null>(null)
  return (
    <Textarea
      size="xs"
      label="Options, one a line"
      autosize
      minRows={2}
      value={draft ?? options.join('\n')}
      onChange={(event) => {
        setDraft(event.currentTarget.value)
        onChange(optionsIn(event.currentTarget.value))
      }}
      onBlur={() => setDraft(null)}
    />
  )
}
