import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields, SLUG_PATTERN } from '../fields.ts'
import { sumOfPercents } from '../manifest.ts'

const arm = z.strictObject({
  port: z
    .string()
    .max(50)
    .regex(SLUG_PATTERN, 'Name the arm in small letters, digits and single hyphens, such as new-offer.'),
  percent: z
    .number()
    .gt(0, 'Give the arm more than 0 percent, or remove it.')
    .multipleOf(0.01, 'Write at most two decimals, such as 33.33.'),
})

const arms = z
  .array(arm)
  .min(2)
  .max(20)
  .superRefine((list, context) => {
    const refuse = (path: Array<string | number>, message: string) =>
      context.addIssue({ code: 'custom', path, message })
    for (const [index, { port }] of list.entries())
      if (list.findIndex((other) => other.port === port) < index)
        refuse([index, 'port'], `Two arms are named “${port}”; rename one, so that edges tell them apart.`)
    const sum = sumOfPercents(list.map(({ percent }) => percent))
    if (sum !== 100) refuse([], `The arms add up to ${sum} percent; change them until they add up to 100.`)
  })

export const split = defineFlow({
  type: 'flow.split',
  version: 1,
  label: 'Split',
  help: 'Sends a share of the subjects down each arm, such as two offers or a control group. Everybody stays in their arm.',
  group: 'Flow',
  icon: 'flask-conical',
  summary: 'Split {arms}',
  input: z.strictObject({
    arms: fields.of(arms, {
      widget: 'arms',
      label: 'Arms',
      help: 'Percents above 0 with at most two decimals that add up to 100. An arm that leads nowhere is a control group.',
    }),
    key: fields
      .text('Key', {
        help: 'Subjects keep their arm for a key; another key is another draw. Left empty: one of this step in this playbook, so that splits do not follow one another.',
        placeholder: 'spring-offer',
        max: 200,
      })
      .optional(),
  }),
  ports: { each: { field: 'arms', key: 'port' }, plus: [] },
})
