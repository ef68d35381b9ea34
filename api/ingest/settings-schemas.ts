import { z } from 'zod'

const isoTime = z.iso.datetime({ offset: true })
const description = z.string().max(500)
const name = z.string().min(1).max(200)

export const eventSetting = z.object({
  name,
  ignored: z.boolean().describe('Its events are kept as refused and start nothing.'),
  description,
  count: z.int().describe('Events of this name among those counted.'),
  lastSeen: isoTime.nullable(),
})
export type EventSetting = z.output<typeof eventSetting>

export const eventSettings = z.object({
  data: z.array(eventSetting),
  nextCursor: z.null(),
  counted: z.object({
    events: z.int().describe('How many of the newest events the counts are over.'),
    since: isoTime.nullable(),
  }),
})
export type EventSettings = z.output<typeof eventSettings>

export const eventSettingChange = z.strictObject({
  name,
  ignored: z.boolean().optional(),
  description: description.optional(),
})
export type EventSettingChange = z.output<typeof eventSettingChange>

export const subjectKind = z.enum(['contact', 'account'])
const maskedBelow = z
  .enum(['owner', 'editor'])
  .nullable()
  .describe('The least role that sees its values; null: everybody does.')

export const propertySetting = z.object({
  subject: subjectKind,
  name,
  type: z.string().nullable().describe('What most of its values are.'),
  blocked: z.boolean().describe('It is left out of what comes in, and not stored.'),
  maskedBelow,
  description,
  count: z.int().describe('Subjects that have it, among those counted.'),
  lastSeen: isoTime.nullable().describe('When a subject that has it changed last.'),
})
export type PropertySetting = z.output<typeof propertySetting>

export const propertySettings = z.object({
  data: z.array(propertySetting),
  nextCursor: z.null(),
  counted: z.object({
    contacts: z.int().describe('How many of the contacts that changed last the counts are over.'),
    accounts: z.int(),
  }),
})
export type PropertySettings = z.output<typeof propertySettings>

export const propertySettingChange = z.strictObject({
  subject: subjectKind,
  name,
  blocked: z.boolean().optional(),
  maskedBelow: maskedBelow.optional(),
  description: description.optional(),
})
export type PropertySettingChange = z.output<typeof propertySettingChange>
