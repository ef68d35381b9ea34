import { assertNever } from '../../engine/model/assert-never.ts'
import type { FormField } from '../../nodes/inside.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { ProblemPart } from '../problem.ts'

export type FormValues = { [name: string]: string | number | boolean | null }

const LONGEST = { text: 500, longText: 10_000 }

/**
 * What was filled in, by the form's fields; what was left empty and may be is null.
 * @returns as `problems` each field that is wrong, with what to do
 */
export function readFormValues(
  fields: readonly FormField[],
  given: { [name: string]: Json | undefined },
): { ok: true; values: FormValues } | { ok: false; problems: ProblemPart[] } {
  const problems: ProblemPart[] = []
  const values: Array<[string, FormValues[string]]> = []
  for (const name of Object.keys(given))
    if (!fields.some((field) => field.name === name))
      problems.push({ path: `values.${name}`, message: `The form has no field “${name}”.`, fix: 'Leave it out.' })
  for (const field of fields) {
    const value = Object.hasOwn(given, field.name) ? given[field.name] : undefined
    const read = readValue(field, value)
    if ('fix' in read)
      problems.push({ path: `values.${field.name}`, message: `${field.label}: ${read.message}`, fix: read.fix })
    else values.push([field.name, read.value])
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, values: Object.fromEntries(values) }
}

type Read = { value: FormValues[string] } | { message: string; fix: string }

function readValue(field: FormField, value: Json | undefined): Read {
  if (value === undefined || value === null || value === '')
    return field.required ? { message: 'is missing.', fix: 'Fill it in.' } : { value: null }
  switch (field.type) {
    case 'text':
    case 'longText':
      if (typeof value !== 'string') return { message: 'is no text.', fix: 'Give a text.' }
      return value.length <= LONGEST[field.type]
        ? { value }
        : { message: `has ${value.length} characters.`, fix: `Write ${LONGEST[field.type]} at the most.` }
    case 'number':
      return typeof value === 'number' ? { value } : { message: 'is no number.', fix: 'Give a number, such as 12.5.' }
    case 'yesNo':
      return typeof value === 'boolean' ? { value } : { message: 'is neither yes nor no.', fix: 'Give true or false.' }
    case 'date':
      return typeof value === 'string' && isDate(value)
        ? { value }
        : { message: 'is no date.', fix: 'Give a date, such as 2026-03-01.' }
    case 'choice':
      return typeof value === 'string' && field.options.includes(value)
        ? { value }
        : { message: 'is none of the options.', fix: `Choose one of: ${field.options.join(', ')}.` }
    default:
      return assertNever(field.type)
  }
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

/** What a page's form posts, as the values it means; what cannot be read stays a text, and is refused as one. */
export function valuesOfPost(fields: readonly FormField[], posted: URLSearchParams): { [name: string]: Json } {
  return Object.fromEntries(
    fields.map((field): [string, Json] => {
      const text = (posted.get(`value.${field.name}`) ?? '').trim()
      if (field.type === 'yesNo') return [field.name, text === 'yes' ? true : text === 'no' ? false : text]
      const number = Number(text)
      return [field.name, field.type === 'number' && text !== '' && Number.isFinite(number) ? number : text]
    }),
  )
}
