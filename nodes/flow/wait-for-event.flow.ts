import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'

const PATH = /^(contact|account|trigger|steps|vars|item)(\.[A-Za-z_0-9][A-Za-z0-9_-]*)+$|^item$/

const key = z.strictObject({
  property: z.string().min(1).max(300),
  path: z
    .string()
    .max(300)
    .regex(PATH, 'Write where the value stands when the wait begins, such as trigger.properties.order_id.'),
})

const keys = z
  .array(key)
  .min(1)
  .max(10)
  .superRefine((list, context) => {
    for (const [index, { property }] of list.entries())
      if (list.findIndex((other) => other.property === property) < index)
        context.addIssue({
          code: 'custom',
          path: [index, 'property'],
          message: `“${property}” is matched twice; remove one, since it cannot equal two values.`,
        })
  })

export const waitForEvent = defineFlow({
  type: 'flow.waitForEvent',
  version: 1,
  label: 'Wait for an event',
  help: 'Holds the run until the contact or account does something you track, or until the longest wait is over. Steps behind “happened” read what the event brought.',
  group: 'Flow',
  icon: 'ear',
  summary: 'Wait for {event}, at most {maxWait}',
  input: z.strictObject({
    event: fields.event('Event', { help: 'The event’s name exactly as it is tracked.', placeholder: 'Order Shipped' }),
    where: fields
      .of(z.array(z.record(z.string(), z.unknown())).min(1).max(20), {
        widget: 'filters',
        label: 'Only where',
        help: 'Comparisons with the event’s own properties, all of which hold; leave it empty to take every such event.',
      })
      .optional(),
    keys: fields
      .of(keys, {
        widget: 'keys',
        label: 'Matching',
        help: 'A property of the event that equals what the run knows, so that “order 17 shipped” is not taken for order 18. An event without it never matches.',
      })
      .optional(),
    since: fields
      .select('Counting from', ['entry', 'trigger'], {
        help: 'Entry: events after the wait began. Trigger: also those since the event that started the run, so that one that came before the wait is not missed. Left empty: entry.',
      })
      .optional(),
    maxWait: fields.duration('But at most', {
      help: 'Counted from the moment the wait begins; then the run goes on by “timeout”.',
      placeholder: 'P7D',
    }),
  }),
  ports: { fixed: ['happened', 'timeout'] },
  leaves: {
    output: z.record(z.string(), z.unknown()),
    sample: { plan: 'team', seats: 12 },
    port: 'happened',
  },
})
