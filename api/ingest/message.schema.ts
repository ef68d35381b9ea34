import { z } from 'zod'

/**
 * The tracking API's messages as schemas, for the API reference. The checks at run time are `parse-message.ts`'s; a
 * test holds both to the same examples.
 */

const id = z.string().min(1).max(500)
const dateTime = z.string().describe('ISO 8601, e.g. 2026-03-02T09:30:00Z')
const traits = z.record(z.string(), z.unknown())

const common = {
  messageId: id.nullish().describe('Unique; a repeat is taken once. Made up where it is missing.'),
  userId: id.nullish().describe('Your own id of the person.'),
  anonymousId: id.nullish().describe('For people who have not signed in yet. One of userId and anonymousId is needed.'),
  groupId: id.nullish(),
  previousId: id.nullish(),
  properties: traits.nullish(),
  traits: traits.nullish(),
  timestamp: dateTime.nullish().describe('When it happened; default: now.'),
  originalTimestamp: dateTime
    .nullish()
    .describe('Of a message that came through another system: with it, timestamp counts as corrected.'),
  writeKey: z.string().nullish().describe('Instead of an Authorization header. It is not stored.'),
  sentAt: dateTime.nullish().describe('The sender’s clock when it sent this; corrects timestamp by the difference.'),
  context: z.looseObject({ groupId: id.nullish().describe('Your own id of the account this happened in.') }).nullish(),
}

const person = <S extends z.ZodObject>(schema: S): S =>
  schema.refine((m) => Boolean(m.userId) || Boolean(m.anonymousId), {
    message: 'Name the person by userId or anonymousId; at least one is needed.',
    path: ['userId'],
  })

export const trackSchema = person(z.looseObject({ ...common, event: z.string().min(1).max(200) }))
export const identifySchema = person(z.looseObject(common))
export const groupSchema = person(z.looseObject({ ...common, groupId: id.describe('Your own id of the account.') }))
export const pageSchema = person(z.looseObject({ ...common, name: z.string().max(200).nullish() }))
export const screenSchema = pageSchema
export const aliasSchema = z.looseObject({ ...common, userId: id, previousId: id })

export const messageSchemas = {
  track: trackSchema,
  identify: identifySchema,
  group: groupSchema,
  page: pageSchema,
  screen: screenSchema,
  alias: aliasSchema,
}

export const batchSchema = z.looseObject({
  batch: z.array(z.looseObject({ type: z.enum(['track', 'identify', 'group', 'page', 'screen', 'alias']) })),
  sentAt: dateTime.nullish(),
})

export const trackingAnswerSchema = z.object({
  success: z.literal(true),
  refused: z
    .array(
      z.object({
        index: z.number().int(),
        messageId: z.string().optional().describe('Absent where nothing of the message is kept.'),
        code: z.string(),
        reason: z.string(),
      }),
    )
    .optional()
    .describe('Messages that were not taken, each with its reason.'),
  blocked: z
    .array(z.object({ index: z.number().int(), properties: z.array(z.string()) }))
    .optional()
    .describe('Properties that this workspace does not store and that were left out.'),
})
export type TrackingAnswer = z.output<typeof trackingAnswerSchema>
