import { Select, TagsInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { CalendarWindow } from '../../../../engine/model/rule.ts'
import type { Json } from '../../../../nodes/manifest.ts'
import type { DataType } from '../../document/upstream-data.ts'
import { DurationInput } from '../../inspector/duration-input.tsx'
import { listValue, listWords, takesAnyType, type Test, valueAs, valueKindOf, type WrittenType } from '../test-model.ts'
import { Choice } from './choice.tsx'
import { NumberBox } from './number-input.tsx'
import { PeriodInput } from './period-input.tsx'

interface ValueProps {
  value: Json | undefined
  onChange: (value: Json | undefined) => void
}

/** What a comparison compares with. */
export function ValueInput(
  props: ValueProps & { test: Test; type: DataType; options?: readonly string[] | undefined },
) {
  const { test, type, value, onChange, options } = props
  if (options !== undefined && (test.op === 'eq' || test.op === 'ne')) return <OptionInput {...props} />
  const kind = valueKindOf(test.op, type, value)
  // Where the property's type is not known, or the value is of another, one says of which it is.
  const free =
    takesAnyType(test.op) &&
    (type === 'unknown' || type === 'list' || type === 'object' || kind !== valueKindOf(test.op, type))
  return (
    <span className="sb-rule-piece sb-rule-value">
      {free && (
        <Choice<WrittenType>
          label="Type of the value"
          width={92}
          data={TYPES}
          value={kind === 'number' || kind === 'boolean' || kind === 'json' ? kind : 'text'}
          onChange={(next) => onChange(valueAs(next, value))}
        />
      )}
      <Kind {...props} />
    </span>
  )
}

const TYPES: Array<{ value: WrittenType; label: string }> = [
  { value: 'text', label: 'text' },
  { value: 'number', label: 'number' },
  { value: 'boolean', label: 'yes or no' },
  { value: 'json', label: 'JSON' },
]

function Kind(props: ValueProps & { test: Test; type: DataType; options?: readonly string[] | undefined }) {
  const { test, type, value, onChange, options } = props
  const shared = { size: 'xs', 'aria-label': 'Value' } as const
  switch (valueKindOf(test.op, type, value)) {
    case 'none':
      return null
    case 'number':
      return (
        <NumberBox
          label="Value"
          width={110}
          value={typeof value === 'number' ? value : undefined}
          onChange={onChange}
        />
      )
    case 'boolean':
      return (
        <Choice
          label="Value"
          width={90}
          data={[
            { value: 'true', label: 'true' },
            { value: 'false', label: 'false' },
          ]}
          value={value === false ? 'false' : 'true'}
          onChange={(next) => onChange(next === 'true')}
        />
      )
    case 'time':
      return <TimeInput value={value} onChange={onChange} />
    case 'duration':
      return (
        <DurationInput
          {...shared}
          value={typeof value === 'string' ? value : undefined}
          onChange={(next) => onChange(next)}
        />
      )
    case 'period':
      // `valueKindOf` says period for this comparison alone, whose value `checkRule` looks at.
      return (
        <PeriodInput
          value={value as unknown as CalendarWindow}
          onChange={(next) => onChange(next as unknown as Json)}
        />
      )
    case 'list': {
      const list = Array.isArray(value) ? value : []
      return (
        <TagsInput
          {...shared}
          style={{ flex: '1 1 150px' }}
          placeholder={list.length === 0 ? 'Type and press Enter' : ''}
          {...(options !== undefined && { data: [...options] })}
          value={listWords(list, type)}
          onChange={(parts) => {
            const next = listValue(parts, type, list)
            if (next !== null) onChange(next)
          }}
        />
      )
    }
    case 'json':
      return <JsonText value={value} onChange={onChange} />
    case 'text':
      return (
        <TextInput
          {...shared}
          style={{ flex: '1 1 120px' }}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
  }
}

/** One of the names there are; one that is gone stays to be seen. */
function OptionInput({ value, onChange, options = [] }: ValueProps & { options?: readonly string[] | undefined }) {
  const name = typeof value === 'string' && value !== '' ? value : null
  return (
    <Select
      size="xs"
      style={{ flex: '1 1 120px' }}
      aria-label="Value"
      placeholder="Choose one"
      data={
        name === null || options.includes(name)
          ? [...options]
          : [...options, { value: name, label: `${name} (not there)` }]
      }
      value={name}
      onChange={(next) => next !== null && onChange(next)}
    />
  )
}

type TimeKind = 'date' | 'moment' | 'now'
const TIMES: Array<{ value: TimeKind; label: string }> = [
  { value: 'date', label: 'the date' },
  { value: 'moment', label: 'the moment' },
  { value: 'now', label: 'now' },
]

/** A date, a moment with its zone as ISO 8601 writes it, or the moment of asking. */
function TimeInput({ value, onChange }: ValueProps) {
  const text = typeof value === 'string' ? value : ''
  const kind: TimeKind = text === 'now' ? 'now' : text === '' || /^\d{4}-\d\d-\d\d$/.test(text) ? 'date' : 'moment'
  const turn = (next: TimeKind) => {
    if (next === 'now') return onChange('now')
    const day = /^\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? new Date().toISOString().slice(0, 10)
    onChange(next === 'date' ? day : `${day}T00:00:00Z`)
  }
  return (
    <>
      <Choice label="Kind of time" width={106} data={TIMES} value={kind} onChange={turn} />
      {kind !== 'now' && (
        <TextInput
          size="xs"
          aria-label="Value"
          type={kind === 'date' ? 'date' : 'text'}
          w={kind === 'date' ? 140 : 190}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        />
      )}
    </>
  )
}

/** Any JSON; what is no JSON yet is kept here until it is. */
function JsonText({ value, onChange }: ValueProps) {
  const [draft, setDraft] = useState<string | null>(null)
  const shown = draft ?? (value === undefined ? '' : JSON.stringify(value))
  const parsed = parse(shown)
  return (
    <TextInput
      size="xs"
      className="sb-mono"
      style={{ flex: '1 1 140px' }}
      aria-label="Value"
      value={shown}
      error={draft !== null && parsed === undefined ? 'This is no JSON.' : undefined}
      onChange={(event) => {
        const text = event.currentTarget.value
        setDraft(text)
        const next = parse(text)
        if (next !== undefined) onChange(next)
      }}
      onBlur={() => parsed !== undefined && setDraft(null)}
    />
  )
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}
