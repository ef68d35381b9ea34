import { z } from 'zod'
import { defineTrigger } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const event = defineTrigger({
  type: 'trigger.event',
  version: 1,
  label: 'Event happens',
  help: 'Starts a run when a contact or account does something you track, such as “Trial Started”.',
  group: 'Triggers',
  icon: 'zap',
  summary: 'When {event} happens',
  input: z.strictObject({
    event: fields.event('Event', { help: 'The event’s name exactly as it is tracked.', placeholder: 'Trial Started' }),
    where: fields
      .rule('Only where', { help: 'A rule over trigger.properties; leave it empty to take every such event.' })
      .optional(),
  }),
  output: z.object({
    name: z.string(),
    properties: z.record(z.string(), z.unknown()),
    occurredAt: z.iso.datetime(),
    messageId: z.string(),
  }),
  sample: {
    name: 'Trial Started',
    properties: { plan: 'team', seats: 12 },
    occurredAt: '2026-03-02T09:30:00.000Z',
    messageId: 'ajs-next-5d3f0c1e',
  },
  subjects: ['contact', 'account'],
  ports: { fixed: [ONLY_PORT] },
})
