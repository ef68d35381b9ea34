import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { FormField } from '../../../nodes/inside.ts'
import type { Json } from '../../../nodes/manifest.ts'

export const MOST_FORM_FIELDS = 30

export const TYPE_WORDS: { [type in FormField['type']]: string } = {
  text: 'One line',
  longText: 'Several lines',
  number: 'Number',
  yesNo: 'Yes or no',
  date: 'Date',
  choice: 'Choice',
}

export const isType = (value: Json | undefined): value is FormField['type'] =>
  typeof value === 'string' && Object.hasOwn(TYPE_WORDS, value)

/** The fields of a form as far as the document has them; what is missing gets its usual value. */
export const formFieldsOf = (value: Json | undefined): FormField[] =>
  (Array.isArray(value) ? value : []).flatMap((one) => {
    if (one === null || typeof one !== 'object' || Array.isArray(one)) return []
    const { name, label, type, required, options } = one
    return [
      {
        name: typeof name === 'string' ? name : '',
        label: typeof label === 'string' ? label : '',
        type: isType(type) ? type : 'text',
        required: required === true,
        options: Array.isArray(options) ? options.filter((option) => typeof option === 'string') : [],
      },
    ]
  })

/** As the document keeps them: without what says nothing. */
export const formFieldsValue = (fields: readonly FormField[]): Json | undefined =>
  fields.length === 0
    ? undefined
    : fields.map(({ name, label, type, required, options }) => ({
        name,
        label,
        type,
        ...(required && { required }),
        ...(type === 'choice' && { options }),
      }))

/** A name that later steps can read, from the label: `What did they say?` becomes `what_did_they_say`. */
export const nameFromLabel = (label: string): string =>
  label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 64)

/**
 * The field once its question was written: a name that nobody gave yet comes of it. One that was given, or that something
 * reads, stays whatever becomes of the question.
 * @param of.taken names of the other fields
 */
export function namedByQuestion(one: FormField, of: { taken: readonly string[]; isRead: boolean }): FormField {
  const name = nameFromLabel(one.label)
  const isFree = GIVEN_NAME.test(one.name) && !of.isRead && name !== '' && !of.taken.includes(name)
  return isFree ? { ...one, name } : one
}

const GIVEN_NAME = /^field_\d+$/

/** Whether a later step may read the field: it is better to keep a name in vain than to take it from under a reader. */
export const readsValue = ({ steps, enrollment }: Pick<PlaybookDocument, 'steps' | 'enrollment'>, name: string) =>
  JSON.stringify([steps.map(({ input }) => input), enrollment])
    .split(`.values.${name}`)
    .slice(1)
    .some((rest) => !/^\w/.test(rest))

export const optionsIn = (text: string): string[] => text.split('\n').filter((option) => option.trim() !== '')

export function addFormField(fields: readonly FormField[]): FormField[] {
  const names = new Set(fields.map(({ name }) => name))
  let number = fields.length + 1
  while (names.has(`field_${number}`)) number += 1
  return [...fields, { name: `field_${number}`, label: '', type: 'text', required: false, options: [] }]
}
