import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'

export const exit = defineFlow({
  type: 'flow.exit',
  version: 1,
  label: 'Exit',
  help: 'Ends the whole run here, other paths included, and notes why.',
  group: 'Flow',
  icon: 'log-out',
  summary: 'Exit: {reason}',
  input: z.strictObject({
    // Not a template: runs are grouped by this reason, and a run that ends renders nothing.
    reason: fields.text('Reason', {
      max: 200,
      template: false,
      help: 'Shown on the run and counted in reports, such as “Already a customer”.',
    }),
  }),
  ports: { fixed: [] },
})
