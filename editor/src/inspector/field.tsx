import { Input, JsonInput, NumberInput, PasswordInput, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import { ArmsField } from './arms-field.tsx'
import { CasesField } from './cases-field.tsx'
import { DurationInput } from './duration-input.tsx'
import { FiltersField, KeysField } from './event-match-fields.tsx'
import { asText, type FieldProps, wordsOf } from './field-types.ts'
import { FormFieldsField } from './form-fields-field.tsx'
import { KeyValueField } from './key-value-field.tsx'
import { DatesField, HoursField } from './open-hours-field.tsx'
import { EventField, SlugField, TimeZoneField } from './pick-fields.tsx'
import { PlaybookField } from './playbook-field.tsx'
import { PropertyInput } from './property-input.tsx'
import { TemplateInput } from './template-input.tsx'

/** Draws one field of a definition by its widget. */
export function Field(props: FieldProps) {
  const { field, value, onChange, error, groups, world } = props
  const words = wordsOf(props)
  const setText = (text: string) => onChange(text === '' ? undefined : text)
  switch (field.widget) {
    case 'text':
    case 'contact':
    case 'account':
    case 'textarea':
      return <TextField {...props} />
    case 'secret':
      return <PasswordInput {...words} value={asText(value)} onChange={(event) => setText(event.currentTarget.value)} />
    case 'number':
      return <NumberField {...props} />
    case 'boolean':
      return (
        <Switch
          label={field.label}
          description={field.help}
          error={error}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'select':
      return <SelectField {...props} />
    case 'duration':
      return (
        <Input.Wrapper label={field.label} description={field.help} error={error} labelElement="div">
          <DurationInput
            aria-label={field.label}
            signed={isSigned(field.schema.pattern)}
            value={typeof value === 'string' ? value : undefined}
            onChange={onChange}
          />
        </Input.Wrapper>
      )
    case 'date':
      return (
        <TextInput
          {...words}
          type="date"
          value={asText(value)}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )
    case 'rule':
      return (
        <Input.Wrapper label={field.label} description={field.help} error={error} labelElement="div">
          <RuleBuilder
            label={field.label}
            rule={value as Rule | undefined}
            world={world}
            onChange={(rule) => onChange(isEmptyRule(rule) && !field.required ? undefined : (rule as unknown as Json))}
          />
        </Input.Wrapper>
      )
    case 'cases':
      return <CasesField {...props} />
    case 'formFields':
      return <FormFieldsField {...props} />
    case 'arms':
      return <ArmsField {...props} />
    case 'property':
      return <PropertyInput {...words} value={asText(value)} groups={groups} onChange={setText} />
    case 'signal':
    case 'segment':
      return <SlugField {...props} />
    case 'playbook':
      return <PlaybookField {...props} />
    case 'event':
      return <EventField {...props} />
    case 'filters':
      return <FiltersField {...props} />
    case 'keys':
      return <KeysField {...props} />
    case 'hours':
      return <HoursField {...props} />
    case 'dates':
      return <DatesField {...props} />
    case 'keyValue':
      return <KeyValueField {...props} />
    case 'cron':
      return <TextInput {...words} value={asText(value)} onChange={(event) => setText(event.currentTarget.value)} />
    case 'timeZone':
      return <TimeZoneField {...props} />
    case 'json':
      return <JsonField {...props} />
  }
}

const isSigned = (pattern: Json | undefined): boolean => typeof pattern === 'string' && pattern.startsWith('^-?')
const isEmptyRule = (rule: Rule): boolean => 'all' in rule && rule.all.length === 0

function TextField({ field, value, onChange, error, groups }: FieldProps) {
  const setText = (text: string) => onChange(text === '' ? undefined : text)
  const lines = field.widget === 'textarea' ? 4 : 1
  if (field.template)
    return (
      <TemplateInput
        label={field.label}
        description={field.help}
        error={error}
        required={field.required}
        placeholder={field.placeholder}
        lines={lines}
        value={asText(value)}
        groups={groups}
        onChange={setText}
      />
    )
  const words = wordsOf({ field, error })
  return lines === 1 ? (
    <TextInput {...words} value={asText(value)} onChange={(event) => setText(event.currentTarget.value)} />
  ) : (
    <Textarea
      {...words}
      autosize
      minRows={lines}
      value={asText(value)}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  )
}

/** A plain number, or an expression that gives one. What reads as a number is kept as one. */
function NumberField({ field, value, onChange, error, groups }: FieldProps) {
  if (!field.template)
    return (
      <NumberInput
        {...wordsOf({ field, error })}
        value={typeof value === 'number' ? value : asText(value)}
        onChange={(next) => onChange(next === '' ? undefined : next)}
      />
    )
  return (
    <TemplateInput
      label={field.label}
      description={field.help}
      error={error}
      required={field.required}
      placeholder={field.placeholder}
      value={asText(value)}
      groups={groups}
      onChange={(text) => {
        const plain = /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/.test(text)
        onChange(text === '' ? undefined : plain ? Number(text) : text)
      }}
    />
  )
}

function SelectField({ field, value, onChange, error }: FieldProps) {
  const choices = Array.isArray(field.schema.enum) ? field.schema.enum.filter((one) => typeof one === 'string') : []
  return (
    <Select
      {...wordsOf({ field, error })}
      data={choices.map((choice) => ({ value: choice, label: choiceWords(choice) }))}
      value={typeof value === 'string' ? value : null}
      clearable={!field.required}
      onChange={(next) => onChange(next ?? undefined)}
    />
  )
}

/** `untilDate` reads as “Until date”, `GET` stays. */
export const choiceWords = (choice: string): string => {
  if (choice === choice.toUpperCase()) return choice
  const spaced = choice.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}

function JsonField({ field, value, onChange, error }: FieldProps) {
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)))
  const [broken, setBroken] = useState(false)
  const change = (next: string) => {
    setText(next)
    if (next.trim() === '') {
      setBroken(false)
      onChange(undefined)
      return
    }
    try {
      onChange(JSON.parse(next) as Json)
      setBroken(false)
    } catch (failure) {
      if (!(failure instanceof SyntaxError)) throw failure
      setBroken(true)
    }
  }
  return (
    <JsonInput
      {...wordsOf({ field, error })}
      error={broken ? 'This is not JSON yet, so it is not saved. Mend it.' : error}
      autosize
      minRows={3}
      value={text}
      onChange={change}
    />
  )
}
