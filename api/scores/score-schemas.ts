import { z } from 'zod'
import type { ComputedDefinition } from '../../engine/model/computed.ts'
import { computedSchema } from '../../engine/model/computed-schema.ts'
import type { Trace } from '../../engine/model/rule.ts'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import { scoreSchema } from '../../engine/model/score-schema.ts'
import type { Json } from '../../nodes/manifest.ts'
import { audienceSlug, subjectKind, subjectView } from '../audiences/audience-schemas.ts'

/** Shapes of scores and computed properties. */

const isoTime = z.iso.datetime({ offset: true })
const name = z.string().trim().min(1, 'Give it a name.').max(200)
const description = z.string().max(2000)
const slug = audienceSlug.optional().describe('Default: made from the name. It never changes.')
const trace = z.custom<Trace>(() => true)
const json = z.custom<Json>(() => true)

const written = { slug, name, description: description.default(''), subject: subjectKind.default('contact') }
const changed = { slug: audienceSlug, name: name.optional(), description: description.optional() }

export const scoreInput = z.strictObject({ ...written, definition: scoreSchema })
export const scoreChange = z.strictObject({ ...changed, definition: scoreSchema.optional() })
export const computedInput = z.strictObject({ ...written, definition: computedSchema })
export const computedChange = z.strictObject({
  ...changed,
  definition: computedSchema.optional().describe('The property it writes never changes.'),
})

const row = {
  slug: z.string(),
  name: z.string(),
  description: z.string(),
  subject: subjectKind,
  /** The definition in words. */
  words: z.string(),
  /** Who has a value now. */
  count: z.int(),
  status: z.string(),
  backfillDone: z.boolean(),
  updatedAt: isoTime,
}
const bandCount = z.object({ name: z.string(), from: z.number(), color: z.string().nullable(), count: z.int() })

export const scoreRow = z.object({
  ...row,
  definition: z.custom<ScoreDefinition>(() => true),
  /** To one decimal; null where nobody has one. */
  average: z.number().nullable(),
  bands: z.array(bandCount),
})
export type ScoreRow = z.output<typeof scoreRow>

export const computedRow = z.object({ ...row, definition: z.custom<ComputedDefinition>(() => true) })
export type ComputedRow = z.output<typeof computedRow>

const backfill = z.object({ done: z.int(), total: z.int() })

const scored = z.object({
  subject: subjectView,
  value: z.number(),
  band: z.string(),
  stage: z.string().nullable(),
  since: isoTime,
})
export type Scored = z.output<typeof scored>
const mover = z.object({ subject: subjectView, value: z.number(), before: z.number(), change: z.number() })
export type Mover = z.output<typeof mover>
const bandChange = z.object({
  id: z.string(),
  subject: subjectView,
  at: isoTime,
  value: z.number().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  cause: json,
  why: trace,
})
export type BandChange = z.output<typeof bandChange>

export const scoreView = scoreRow.extend({
  backfill,
  /** How many have 0 to below 10, 10 to below 20 … 90 to 100. */
  tens: z.array(z.int()),
  stages: z.array(z.object({ name: z.string().nullable(), count: z.int() })),
  movers: z.object({ up: z.array(mover), down: z.array(mover) }),
  bandChanges: z.array(bandChange),
})
export type ScoreView = z.output<typeof scoreView>

export const scoredQuery = z.object({
  slug: audienceSlug,
  order: z.enum(['lowest', 'highest']).default('lowest'),
  band: z.string().max(100).optional().describe('Only those in this band'),
  cursor: z.string().max(500).nullish(),
})
export const scoredPage = z.object({ data: z.array(scored), nextCursor: z.string().nullable() })

const part = z.object({
  name: z.string(),
  weight: z.number(),
  /** 0 to 1; null: left out. */
  marks: z.number().nullable(),
  actual: json,
  why: trace,
})

export const historyQuery = z.object({
  slug: audienceSlug,
  subject: z.uuid('Give the id of a contact or account.'),
})
export const scoreHistory = z.object({
  slug: z.string(),
  name: z.string(),
  bands: z.custom<ScoreDefinition['bands']>(() => true),
  subject: subjectView,
  value: z.number().nullable(),
  band: z.string().nullable(),
  stage: z.string().nullable(),
  /** Against 30 days before; null where there was no score then. */
  change30Days: z.number().nullable(),
  /** As worked out now, for the explanation. */
  parts: z.array(part),
  /** Ascending; the newest 1000. */
  points: z.array(
    z.object({
      at: isoTime,
      value: z.number().nullable(),
      band: z.string().nullable(),
      stage: z.string().nullable(),
    }),
  ),
})
export type ScoreHistory = z.output<typeof scoreHistory>

const sampled = z.array(z.uuid()).max(20).optional().describe('Whom to explain; left out: some of the newest')
export const scorePreviewInput = z.strictObject({
  subject: subjectKind.default('contact'),
  definition: scoreSchema,
  subjects: sampled,
})
export const scorePreview = z.object({
  /** Of how many of the newest the distribution is. */
  checked: z.int(),
  bands: z.array(bandCount),
  sample: z.array(
    z.object({
      subject: subjectView,
      value: z.number().nullable(),
      band: z.string().nullable(),
      stage: z.string().nullable(),
      parts: z.array(part),
    }),
  ),
})
export type ScorePreview = z.output<typeof scorePreview>

export const computedView = computedRow.extend({
  backfill,
  sample: z.array(z.object({ subject: subjectView, value: json, since: isoTime })),
})
export type ComputedView = z.output<typeof computedView>

export const computedPreviewInput = z.strictObject({
  subject: subjectKind.default('contact'),
  definition: computedSchema,
  subjects: sampled,
})
export const computedPreview = z.object({
  sample: z.array(z.object({ subject: subjectView, value: json, why: trace })),
})
export type ComputedPreview = z.output<typeof computedPreview>
