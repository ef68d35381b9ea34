import { z } from 'zod'
import { defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/tag-contact.json' with { type: 'json' }
import { onContact } from './find-contact.ts'
import { tagField } from './step-fields.ts'
import type { IntercomClient } from './types.ts'

const input = z.object({ contact: fields.contact(), tag: tagField() })
const output = z.object({ contactId: z.string(), tagId: z.string(), tag: z.string() })

export const tagContact = defineAction<typeof input, typeof output, IntercomClient>({
  type: 'intercom.tagContact',
  version: 1,
  label: 'Tag contact',
  help: 'Adds a tag to the contact in Intercom. Creates the tag if it is new.',
  group: 'Intercom',
  icon: 'intercom',
  summary: 'Tag {contact} with {tag}',
  connector: 'intercom',
  input,
  output,
  sample,
  repeat: {
    mode: 'natural',
    why: 'Intercom answers an existing tag by its name, and attaching a tag that is on the contact changes nothing.',
  },
  run: async (context) => {
    const done = await onContact(context, (id) => context.client.tagContact(id, context.input.tag))
    return { output: done, externalId: `${done.contactId}:${done.tagId}` }
  },
})
