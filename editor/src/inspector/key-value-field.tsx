import { Button, Group, Stack, TextInput } from '@mantine/core'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import { Remove } from '../rules/remove.tsx'
import { FieldGroup } from './field-group.tsx'
import { asText, type FieldProps } from './field-types.ts'
import { TemplateInput } from './template-input.tsx'

type Rows = Array<{ key: number; name: string; value: string }>

let nextKey = 0
const rowsOf = (value: Json | undefined): Rows =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.entries(value).map(([name, part]) => ({ key: nextKey++, name, value: asText(part) }))
    : []

/** An object of named values. Rows keep their place while names are typed; a name given twice is said, not merged. */
export function KeyValueField({ field, value, onChange, error, groups }: FieldProps) {
  const [rows, setRows] = useState(() => rowsOf(value))
  const names = rows.map(({ name }) => name)
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) < index)
  const change = (next: Rows) => {
    setRows(next)
    const filled = next.filter(({ name }) => name !== '')
    if (new Set(filled.map(({ name }) => name)).size < filled.length) return
    onChange(
      filled.length === 0 && !field.required
        ? undefined
        : Object.fromEntries(filled.map((row) => [row.name, row.value])),
    )
  }
  const update = (key: number, part: { name: string } | { value: string }) =>
    change(rows.map((row) => (row.key === key ? { ...row, ...part } : row)))
  return (
    <FieldGroup
      label={field.label}
      description={field.help}
      error={twice === undefined ? error : `“${twice}” stands here twice, so this is not saved. Rename one.`}
    >
      <Stack gap={6} mt={4}>
        {rows.map((row) => (
          <Group key={row.key} gap={6} wrap="nowrap" align="flex-start">
            <TextInput
              w={120}
              placeholder="Name"
              aria-label="Name"
              value={row.name}
              onChange={(event) => update(row.key, { name: event.currentTarget.value })}
            />
            <div style={{ flex: 1, minWidth: 0 }}>
              {field.template ? (
                <TemplateInput
                  bare
                  label={row.name === '' ? 'Value' : row.name}
                  value={row.value}
                  groups={groups}
                  onChange={(text) => update(row.key, { value: text })}
                />
              ) : (
                <TextInput
                  placeholder="Value"
                  aria-label="Value"
                  value={row.value}
                  onChange={(event) => update(row.key, { value: event.currentTarget.value })}
                />
              )}
            </div>
            <Remove label={`Remove ${row.name}`} onClick={() => change(rows.filter(({ key }) => key !== row.key))} />
          </Group>
        ))}
        <div>
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Plus size={13} aria-hidden="true" />}
            onClick={() => setRows([...rows, { key: nextKey++, name: '', value: '' }])}
          >
            Add a line
          </Button>
        </div>
      </Stack>
    </FieldGroup>
  )
}
