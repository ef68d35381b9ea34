import { z } from 'zod'

/** Items of the bulk API, held to what tracking messages are held to. */

const id = z.string().min(1).max(500)
const dateTime = z.string().describe('ISO 8601, e.g. 2026-03-02T09:30:00Z; default: now.')
const properties = z.record(z.string(), z.unknown())
const messageId = id.optional().describe('Default: made from the Idempotency-Key and the place of the item.')

const person = {
  userId: id.optional().describe('Your own id of the person.'),
  anonymousId: id.optional(),
}

export const bulkContact = z.strictObject({
  ...person,
  email: z.string().min(1).max(320).optional(),
  name: z.string().min(1).optional(),
  properties: properties.optional(),
  groupId: id.optional().describe('Your own id of the account the contact belongs to.'),
  timestamp: dateTime.optional(),
  messageId,
})
export const bulkAccount = z.strictObject({
  groupId: id.describe('Your own id of the account.'),
  name: z.string().min(1).optional(),
  properties: properties.optional(),
  timestamp: dateTime.optional(),
  messageId,
})
export const bulkEvent = z.strictObject({
  ...person,
  event: z.string().min(1).max(200),
  properties: properties.optional(),
  groupId: id.optional().describe('Your own id of the account it happened in.'),
  timestamp: dateTime.optional(),
  messageId,
})

export const bulkSchemas = { contacts: bulkContact, accounts: bulkAccount, events: bulkEvent }
export type BulkKind = keyof typeof bulkSchemas

export const bulkAnswer = z.object({
  items: z.int().describe('How many came.'),
  taken: z.int(),
  refused: z
    .array(z.object({ index: z.int(), code: z.string(), reason: z.string() }))
    .describe('Those that were not taken, by their place from 0; mend these and send them again.'),
})
export type BulkAnswer = z.output<typeof bulkAnswer>
