import { z } from 'zod'
import { defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/untag-contact.json' with { type: 'json' }
import { onContact } from './find-contact.ts'
import { tagField } from './step-fields.ts'
import type { IntercomClient } from './types.ts'

const input = z.object({ contact: fields.contact(), tag: tagField() })
const output = z.object({ contactId: z.string(), tagId: z.string().nullable(), tag: z.string() })

export const untagContact = defineAction<typeof input, typeof output, IntercomClient>({
  type: 'intercom.untagContact',
  version: 1,
  label: 'Untag contact',
  help: 'Takes a tag off the contact in Intercom. Does nothing when the tag is not on it.',
  group: 'Intercom',
  icon: 'intercom',
  summary: 'Take {tag} off {contact}',
  connector: 'intercom',
  input,
  output,
  sample,
  repeat: {
    mode: 'natural',
    why: 'Taking off a tag that is not on the contact answers 404, which is what was wanted, and changes nothing.',
  },
  run: async (context) => {
    const done = await onContact(context, (id) => context.client.untagContact(id, context.input.tag))
    return { output: done, ...(done.tagId === null ? {} : { externalId: `${done.contactId}:${done.tagId}` }) }
  },
})
