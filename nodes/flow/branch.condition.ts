import { z } from 'zod'
import { defineCondition } from '../define.ts'
import { fields, SLUG_PATTERN } from '../fields.ts'

const branchCase = z.strictObject({
  port: z
    .string()
    .max(50)
    .regex(SLUG_PATTERN, 'Name the port in small letters, digits and single hyphens, such as over-100.')
    .refine((name) => name !== 'else', 'Every branch has the port “else” already; choose another name.'),
  if: z.record(z.string(), z.unknown()),
})

const cases = z
  .array(branchCase)
  .min(1)
  .max(50)
  .superRefine((list, context) => {
    for (const [index, { port }] of list.entries())
      if (list.findIndex((other) => other.port === port) < index)
        context.addIssue({
          code: 'custom',
          path: [index, 'port'],
          message: `Two cases are named “${port}”; rename one, so that edges tell them apart.`,
        })
  })

export const branch = defineCondition({
  type: 'flow.branch',
  version: 1,
  label: 'Branch',
  help: 'Goes down the first case whose rule is true, or down “else” when none is.',
  group: 'Flow',
  icon: 'split',
  summary: 'Branch on {cases}',
  input: z.strictObject({
    cases: fields.of(cases, {
      widget: 'cases',
      label: 'Cases',
      help: 'Tried from the top; the first whose rule is true wins.',
    }),
  }),
  ports: { each: { field: 'cases', key: 'port' }, plus: ['else'] },
})
