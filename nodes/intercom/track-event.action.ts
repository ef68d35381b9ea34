import { z } from 'zod'
import { defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/track-event.json' with { type: 'json' }
import { onContact } from './find-contact.ts'
import { metadataField } from './step-fields.ts'
import type { IntercomClient } from './types.ts'

const input = z.object({
  contact: fields.contact(),
  event: fields.text('Event', { max: 120, placeholder: 'expansion-ready', help: 'Intercom ignores case in names.' }),
  metadata: metadataField().optional(),
})
const output = z.object({ contactId: z.string(), event: z.string(), createdAt: z.number().int() })

export const trackEvent = defineAction<typeof input, typeof output, IntercomClient>({
  type: 'intercom.trackEvent',
  version: 1,
  label: 'Track event',
  help: 'Records an event on the contact in Intercom, at the time the step was reached.',
  group: 'Intercom',
  icon: 'intercom',
  summary: 'Record {event} on {contact}',
  connector: 'intercom',
  input,
  output,
  sample,
  repeat: {
    mode: 'natural',
    why: 'Intercom drops a second event of the same contact, name and second, and the second is the one of the intent.',
  },
  run: async (context) => {
    const { event, metadata = {} } = context.input
    // Whole seconds of the first intent: the same on every attempt, so that Intercom knows a repeat.
    const createdAt = Math.floor(context.intendedAt.getTime() / 1000)
    const { contactId } = await onContact(context, (id) =>
      context.client.trackEvent({ contactId: id, name: event, createdAt, metadata }),
    )
    return { output: { contactId, event, createdAt }, externalId: `${contactId}:${event}:${createdAt}` }
  },
})
