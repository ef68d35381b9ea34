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
    // Paths, not templates, for the same cause.
    outputs: fields
      .of(
        z.record(
          z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Begin with a letter or _; then letters, digits and _.'),
          z
            .string()
            .max(200)
            .regex(
              /^((contact|account|trigger|steps|vars)(\.[A-Za-z0-9_-]+)+|item(\.[A-Za-z0-9_-]+)*)$/,
              'Write the path of a value, such as steps.offer.id or trigger.data.percent.',
            ),
        ),
        {
          widget: 'keyValue',
          template: false,
          label: 'Leaves to its caller',
          help: 'By name the path of a value, such as steps.offer.id. A playbook that calls this one reads it as steps.<id>.output.<name>.',
        },
      )
      .optional(),
  }),
  ports: { fixed: [] },
})
