import { z } from 'zod'
import { defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import type { Json } from '../manifest.ts'
import sample from './fixtures/update-contact.json' with { type: 'json' }
import { onContact, onContactOrNew } from './find-contact.ts'
import type { ContactFields, IntercomClient, IntercomContact } from './types.ts'

const input = z
  .object({
    contact: fields.contact(),
    name: fields.text('Name', { max: 255 }).optional(),
    phone: fields
      .text('Phone', { max: 40, placeholder: '+353871234567', help: 'With country code, e.g. +353871234567.' })
      .optional(),
    customAttributes: fields
      .keyValue('Custom attributes', {
        help: 'Names as in Intercom; an attribute has to exist there. Empty clears it.',
      })
      .optional(),
    createIfMissing: fields
      .boolean('Create if missing', {
        help: 'Makes a user with our external id, e-mail and name when Intercom has none.',
      })
      .optional(),
  })
  .refine(
    ({ name, phone, customAttributes, createIfMissing }) =>
      name !== undefined ||
      phone !== undefined ||
      Object.keys(customAttributes ?? {}).length > 0 ||
      createIfMissing === true,
    { error: 'Give a name, a phone number or a custom attribute to set, or tick "Create if missing".' },
  )
const output = z.object({
  contactId: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
})

export const updateContact = defineAction<typeof input, typeof output, IntercomClient>({
  type: 'intercom.updateContact',
  version: 1,
  label: 'Update contact',
  help: 'Sets name, phone and custom attributes of the contact in Intercom. Can create the contact.',
  group: 'Intercom',
  icon: 'intercom',
  summary: 'Update {contact}',
  connector: 'intercom',
  input,
  output,
  sample,
  repeat: {
    mode: 'natural',
    why: 'The same values are set again; a second creation answers 409 with the id of the first, which is then updated.',
  },
  run: async (context) => {
    const { client, input: given } = context
    const change = async (id: string, found: IntercomContact | null) => {
      const contact = await client.updateContact(id, fieldsOf(given))
      // Known without a call of its own only when the contact had to be looked up.
      return { contactId: contact.id, contact, before: found }
    }
    const create = async (identity: ContactFields) => {
      const contact = await client.createContact({ ...identity, ...fieldsOf(given) })
      return { contactId: contact.id, contact, before: null }
    }
    const { contact, before } = given.createIfMissing
      ? await onContactOrNew(context, { change, create })
      : await onContact(context, change)
    const { id, name, email, phone } = contact
    return {
      output: { contactId: id, name, email, phone },
      externalId: id,
      ...(before === null ? {} : { before: beforeImage(before, given) }),
    }
  },
})

function fieldsOf({ name, phone, customAttributes }: z.output<typeof input>): ContactFields {
  return {
    ...(name === undefined ? {} : { name }),
    ...(phone === undefined ? {} : { phone }),
    ...(customAttributes === undefined ? {} : { customAttributes }),
  }
}

/** Only what the step is about to change. */
function beforeImage(before: IntercomContact, given: z.output<typeof input>): Json {
  const attributes = Object.keys(given.customAttributes ?? {})
  return {
    ...(given.name === undefined ? {} : { name: before.name }),
    ...(given.phone === undefined ? {} : { phone: before.phone }),
    ...(attributes.length === 0
      ? {}
      : {
          customAttributes: Object.fromEntries(attributes.map((name) => [name, before.customAttributes[name] ?? null])),
        }),
  }
}
