import { z } from 'zod'
import { subjectView } from '../audiences/audience-schemas.ts'
import { filledText, storedText } from '../stored-text.ts'

const isoTime = z.iso.datetime({ offset: true })
const outsideId = filledText(500)
const app = z
  .string()
  .max(50)
  .regex(/^[a-z][a-z0-9-]*$/, 'Name the system in small letters, such as intercom.')

const state = z.enum(['open', 'snoozed', 'closed'])
const authorKind = z.enum(['contact', 'teammate', 'bot'])

const messageInput = z.strictObject({
  externalId: outsideId.describe('The message’s id there: a repeat replaces it.'),
  author: z.strictObject({ kind: authorKind, name: storedText(200).nullish() }),
  body: storedText(50_000).describe('Plain text.'),
  at: isoTime,
})

export const conversationPlace = z.object({
  app,
  externalId: outsideId.describe('The conversation’s id in that system.'),
})

/** What is left out stays as it is; of a new conversation it is empty. */
export const conversationInput = z.strictObject({
  ...conversationPlace.shape,
  contact: z
    .strictObject({
      vendorId: outsideId.optional().describe('The contact’s id in that system.'),
      userId: outsideId.optional().describe('Your own id of the contact.'),
      email: z.email().max(320).optional().describe('Tried last, and not where several share the mailbox.'),
    })
    .optional(),
  account: outsideId.optional().describe('Your own id of the account. Default: the contact’s only account.'),
  title: storedText(500).nullish(),
  state: state.optional(),
  assignee: storedText(200).nullish(),
  tags: z.array(filledText(100)).max(100).optional(),
  rating: z.int().min(1).max(5).nullish(),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullish(),
  openedAt: isoTime.optional().describe('Default: when its first message was written.'),
  closedAt: isoTime.nullish(),
  updatedAt: isoTime
    .optional()
    .describe('As of when this is so: what is older than what is known changes no field. Default: now.'),
  messages: z.array(messageInput).max(500).default([]).describe('Added to those that are known.'),
}) // prettier-ignore
export type ConversationInput = z.output<typeof conversationInput>

export const conversationRow = z.object({
  id: z.string(),
  app: z.string(),
  externalId: z.string(),
  /** Null: of nobody we know. */
  contact: subjectView.nullable(),
  account: subjectView.nullable(),
  title: z.string().nullable(),
  state,
  assignee: z.string().nullable(),
  tags: z.array(z.string()),
  rating: z.int().nullable(),
  url: z.string().nullable(),
  messages: z.int().describe('How many there are.'),
  openedAt: isoTime,
  closedAt: isoTime.nullable(),
  updatedAt: isoTime,
})
export type ConversationRow = z.output<typeof conversationRow>

export const messageRow = z.object({
  externalId: z.string(),
  author: z.object({ kind: authorKind, name: z.string().nullable() }),
  body: z.string(),
  at: isoTime,
})

export const conversationView = conversationRow.extend({
  /** The oldest first. */
  thread: z.array(messageRow),
})
export type ConversationView = z.output<typeof conversationView>

export const conversationListInput = z.object({
  subject: z.string().min(1).max(500).optional().describe('Your own id of a contact or account, or ours.'),
  state: state.optional(),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type ConversationListInput = z.output<typeof conversationListInput>

export const conversationById = z.object({ id: z.uuid('Write the id of a conversation, as the list gives it.') })
