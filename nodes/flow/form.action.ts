import { z } from 'zod'
import { type ActionContext, defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import { FORM_FIELD_TYPES, type Inside } from '../inside.ts'
import { answeredBy, askedFields, questionOf } from './question.ts'

const formField = z
  .strictObject({
    name: z
      .string()
      .max(64)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Begin with a letter or _; then letters, digits and _.'),
    label: z.string().min(1).max(200),
    type: z.enum(FORM_FIELD_TYPES),
    required: z.boolean().default(false),
    options: z.array(z.string().min(1).max(200)).max(50).default([]),
  })
  .superRefine(({ type, options }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['options'], message })
    if (type === 'choice' && options.length < 2) refuse('Give a choice at least two options.')
    if (type !== 'choice' && options.length > 0) refuse('Only a choice has options: remove them.')
    if (new Set(options).size < options.length) refuse('Two options are the same: remove one.')
  })

const formFields = z
  .array(formField)
  .min(1)
  .max(30)
  .superRefine((list, context) => {
    for (const [index, { name }] of list.entries())
      if (list.findIndex((other) => other.name === name) < index)
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `Two fields are named “${name}”; rename one.`,
        })
  })

const input = z.strictObject({
  ...askedFields({ title: 'What did {{ contact.name }} say?' }),
  fields: fields.of(formFields, {
    widget: 'formFields',
    label: 'Fields',
    help: 'What is asked for. Later steps read it as steps.<id>.values.<name>.',
    template: false,
  }),
})
type Input = z.output<typeof input>

/** A person fills a form in the middle of a run. */
export const form = defineAction({
  type: 'flow.form',
  version: 1,
  label: 'Ask to fill in a form',
  help: 'Asks somebody for values, on the page “Waiting for you” and behind a link, and waits until they are there. Behind “asked”, taken at once, a message can bring the link: {{ steps.<id>.link }}.',
  group: 'People',
  icon: 'clipboard-pen',
  summary: 'Ask: {title}',
  connector: null,
  input,
  output: z.object({
    link: z.string(),
    values: z.record(z.string(), z.unknown()).optional(),
    ...answeredBy,
  }),
  sample: {
    link: 'https://signalbox.example/asks/8cXk2Yh0',
    values: { outcome: 'Will renew', seats: 40 },
    by: 'ada@example.com',
    at: '2026-03-02T09:30:00.000Z',
  },
  repeat: { mode: 'keyed', why: 'What was asked before is found by the key; it only gets another link.' },
  answer: { ports: ['answered'], asked: true },
  async run({ input, client }: ActionContext<Input, Inside>) {
    const { ask, link } = await client.ask({ kind: 'form', fields: input.fields, ...questionOf(input) })
    return { output: { link }, externalId: ask }
  },
})
