import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const forEach = defineFlow({
  type: 'flow.forEach',
  version: 1,
  label: 'For each',
  help: 'Runs the steps behind “item” once for each item of a list, which they read as item.…, then goes on by “out”.',
  group: 'Flow',
  icon: 'repeat',
  summary: 'For each of {list}',
  input: z.strictObject({
    list: fields.property('List', {
      help: 'Where the list stands; at most 1000 items.',
      placeholder: 'trigger.properties.products',
    }),
    atOnce: fields
      .number('Items at once', {
        help: 'How many are worked on at the same time. Left empty: one after another.',
        placeholder: '1',
        template: false,
        int: true,
        min: 1,
        max: 20,
      })
      .optional(),
    onItemFailure: fields
      .select('If an item fails', ['stop', 'continue'], {
        help: 'Stop: no further item is begun. Continue: the others are worked on all the same. Either way the step has then failed, and says how many. Left empty: stop.',
      })
      .optional(),
  }),
  ports: { fixed: ['item', ONLY_PORT] },
  mayFail: true,
  leaves: { output: z.strictObject({ done: z.number() }), sample: { done: 3 }, port: ONLY_PORT },
})
