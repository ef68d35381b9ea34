import { z } from 'zod'
import type { Json } from '../../nodes/manifest.ts'
import type { Problem } from '../../engine/model/problem.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'

/** Shapes shared by the procedures of several areas. Values from our own database are typed, not checked again. */

export const slugSchema = z
  .string()
  .max(100)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Write a slug: small letters, digits and single hyphens.')

export const isoTime = z.iso.datetime({ offset: true })
export const json = z.custom<Json>(() => true)
export const jsonObject = z.custom<{ [name: string]: Json }>(
  (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
  'Send an object.',
)

/** What arrives as a document is checked by compile, which names every wrong place; here only that it is an object. */
export const documentInput = z.custom<unknown>(
  (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
  'Send a playbook document: an object with name, subject, enrollment, steps and edges.',
)
export const documentOutput = z.custom<PlaybookDocument>(() => true)
export const problemOutput = z.custom<Problem>(() => true)

export const playbookStatus = z.enum(['draft', 'on', 'paused', 'archived'])
export const cursor = z.string().max(500).nullish()

export const playbookRow = z.object({
  slug: z.string(),
  name: z.string(),
  status: playbookStatus,
  subject: z.enum(['contact', 'account']),
  liveVersion: z.int().nullable(),
  draftRevision: z.int(),
  hasUnpublishedChanges: z.boolean(),
  updatedAt: isoTime,
  runs: z.object({ open: z.int(), completed: z.int(), failed: z.int(), last24h: z.int() }),
})
export type PlaybookRow = z.output<typeof playbookRow>

export const playbookView = z.object({
  slug: z.string(),
  name: z.string(),
  status: playbookStatus,
  document: documentOutput,
  draftRevision: z.int(),
  liveVersion: z.int().nullable(),
  publishedAt: isoTime.nullable(),
  problems: z.array(problemOutput),
  hasUnpublishedChanges: z.boolean(),
  versions: z.array(z.object({ version: z.int(), publishedAt: isoTime, publishedBy: z.string() })),
})
export type PlaybookView = z.output<typeof playbookView>

export const savedDraft = z.object({ slug: z.string(), revision: z.int(), problems: z.array(problemOutput) })

/** What is taken to become of a wait in a dry run. */
export const assumption = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('happens'),
    /** After the wait began. */
    afterMs: z
      .int()
      .min(0)
      .max(3_650 * 86_400_000),
    /** Of the event, or what was answered. */
    properties: jsonObject.optional(),
    /** Of a question: the answer. */
    port: z.string().max(100).optional(),
  }),
  z.strictObject({ kind: z.literal('never') }),
])
