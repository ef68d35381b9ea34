import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

/** Rendered like an action's input, and a line in no ledger: it calls nobody. */
export const setVariable = defineFlow({
  type: 'flow.setVariable',
  version: 1,
  label: 'Set variable',
  help: 'Keeps a value for later steps, which read it under vars. Setting it again replaces it.',
  group: 'Flow',
  icon: 'variable',
  summary: '{name} = {value}',
  input: z.strictObject({
    name: fields.text('Name', {
      template: false,
      help: 'Letters, digits and _. Called discount, it is read as vars.discount.',
      placeholder: 'discount',
      max: 64,
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
    }),
    value: fields.of(z.unknown(), {
      widget: 'text',
      template: true,
      label: 'Value',
      help: 'A text, or one expression and nothing else to keep its type: {{ contact.seats * 2 }} is a number.',
      placeholder: '{{ contact.seats * 2 }}',
    }),
  }),
  ports: { fixed: [ONLY_PORT] },
  templates: true,
  mayFail: true,
})
