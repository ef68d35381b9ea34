import { Button, Checkbox, Group, Input, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { Plus } from 'lucide-react'
import type { FormField } from '../../../nodes/inside.ts'
import { Remove } from '../rules/remove.tsx'
import type { FieldProps } from './field-types.ts'
import {
  addFormField,
  formFieldsOf,
  formFieldsValue,
  isType,
  MOST_FORM_FIELDS,
  nameFromLabel,
  TYPE_WORDS,
} from './form-fields.ts'

const TYPES = Object.entries(TYPE_WORDS).map(([value, label]) => ({ value, label }))

/** The fields of a form that somebody is asked to fill in. */
export function FormFieldsField({ field, value, onChange, error }: FieldProps) {
  const fields = formFieldsOf(value)
  const set = (next: FormField[]) => onChange(formFieldsValue(next))
  return (
    <Input.Wrapper label={field.label} description={field.help} error={error}>
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
    </Input.Wrapper>
  )
}

function OneField(props: {
  one: FormField
  taken: string[]
  onChange: (next: FormField) => void
  onRemove: () => void
}) {
  const { one, taken, onChange, onRemove } = props
  // The name follows the label for as long as nobody has given it one of its own.
  const follows = one.name === nameFromLabel(one.label) || /^field_\d+$/.test(one.name)
  const relabel = (label: string): FormField => {
    const name = nameFromLabel(label)
    return { ...one, label, ...(follows && name !== '' && !taken.includes(name) && { name }) }
  }
  return (
    <Stack gap={6} role="group" aria-label={`Field ${one.label === '' ? one.name : one.label}`}>
      <Group gap={6} wrap="nowrap" align="flex-end">
        <TextInput
          style={{ flex: 1 }}
          size="xs"
          label="Question"
          value={one.label}
          onChange={(event) => onChange(relabel(event.currentTarget.value))}
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
      {one.type === 'choice' && (
        <Textarea
          size="xs"
          label="Options, one a line"
          autosize
          minRows={2}
          defaultValue={one.options.join('\n')}
          onChange={(event) =>
            onChange({
              ...one,
              options: event.currentTarget.value.split('\n').filter((option) => option.trim() !== ''),
            })
          }
        />
      )}
      <Checkbox
        size="xs"
        label="Must be filled in"
        checked={one.required}
        onChange={(event) => onChange({ ...one, required: event.currentTarget.checked })}
      />
    </Stack>
  )
}
