import { z } from 'zod'
import type { Rule, Trace } from '../../engine/model/rule.ts'
import { ruleSchema } from '../../engine/model/rule-schema.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { SourceView } from '../why/why-node.ts'

/** Shapes of segments and signals: the same for both. */

export const subjectKind = z.enum(['contact', 'account'])
const isoTime = z.iso.datetime({ offset: true })

export const subjectView = z.object({
  kind: subjectKind,
  id: z.string(),
  externalId: z.string().nullable(),
  /** Name, else e-mail, else external id, else our id. */
  label: z.string(),
})
export type SubjectView = z.output<typeof subjectView>

export const audienceSlug = z
  .string()
  .max(100)
  .regex(
    /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
    'Write a slug: small letters, digits and single hyphens, such as big-accounts.',
  )

export const audienceInput = z.strictObject({
  slug: audienceSlug.optional().describe('Default: made from the name. It never changes.'),
  name: z.string().trim().min(1, 'Give it a name.').max(200),
  description: z.string().max(2000).default(''),
  subject: subjectKind.default('contact'),
  rule: ruleSchema,
})
export type AudienceInput = z.output<typeof audienceInput>

export const audienceChange = z.strictObject({
  slug: audienceSlug,
  name: z.string().trim().min(1, 'Give it a name.').max(200).optional(),
  description: z.string().max(2000).optional(),
  rule: ruleSchema.optional(),
})
export type AudienceChange = z.output<typeof audienceChange>

export const audienceRow = z.object({
  slug: z.string(),
  name: z.string(),
  description: z.string(),
  subject: subjectKind,
  rule: z.custom<Rule>(() => true),
  /** Who is in it now. */
  count: z.int(),
  status: z.string(),
  /** False while the rule is still asked for those who were there before it. */
  backfillDone: z.boolean(),
  updatedAt: isoTime,
})
export type AudienceRow = z.output<typeof audienceRow>

const member = z.object({ subject: subjectView, since: isoTime })
export const memberPage = z.object({ data: z.array(member), nextCursor: z.string().nullable() })
export type MemberPage = z.output<typeof memberPage>

const edge = z.object({
  id: z.string(),
  subject: subjectView,
  edge: z.enum(['set', 'cleared', 'entered', 'left', 'changed']),
  at: isoTime,
  cause: z.custom<Json>(() => true),
  /** The cause in words, with the event that can be looked up. */
  by: z.custom<SourceView>(() => true),
  why: z.custom<Trace>(() => true),
})
export type Edge = z.output<typeof edge>
export const edgePage = z.object({ data: z.array(edge), nextCursor: z.string().nullable() })
export type EdgePage = z.output<typeof edgePage>

export const audienceView = audienceRow.extend({
  backfill: z.object({ done: z.int(), total: z.int() }),
  /**
   * Until when it is true: what was received and what time alone has turned is worked out up to here. Now, unless
   * something waits to be worked.
   */
  asOf: isoTime,
  members: z.array(member),
  nextCursor: z.string().nullable(),
  edges: z.array(edge),
})
export type AudienceView = z.output<typeof audienceView>

export const historyInput = z.object({
  slug: audienceSlug,
  days: z.coerce.number().int().min(1).max(365).default(30).describe('How many days back, today being the last.'),
})
export type HistoryInput = z.output<typeof historyInput>
export const audienceHistory = z.object({
  /** IANA name: of whose days these are. */
  timeZone: z.string(),
  /** When time alone may turn it for somebody next; null: never. */
  nextDue: isoTime.nullable(),
  /** Ascending, without gaps, today the last. */
  days: z.array(
    z.object({
      /** `2026-03-01` */
      day: z.string(),
      entered: z.int(),
      left: z.int(),
      /** How many were in it at the end of the day; of today now. */
      size: z.int(),
    }),
  ),
})
export type AudienceHistory = z.output<typeof audienceHistory>

export const audienceUses = z.object({
  /** What reads it. `path` is where, such as `playbooks.churn-risk`; `words` says it. */
  data: z.array(z.object({ path: z.string(), words: z.string() })),
  nextCursor: z.null(),
})
export type AudienceUses = z.output<typeof audienceUses>

export const previewInput = z.strictObject({
  subject: subjectKind.default('contact'),
  rule: ruleSchema,
  exact: z
    .boolean()
    .optional()
    .describe('Count everybody, however long it takes (up to a minute), where an answer without it was an estimate.'),
})
export type PreviewInput = z.output<typeof previewInput>
export const previewOutput = z.object({
  count: z.int(),
  /** False: an estimate from a sample, because counting everybody takes longer than two seconds. */
  exact: z.boolean(),
  /** Of an estimate: the count is at most so far off in 19 of 20 cases. */
  margin: z.int().optional(),
  /** How many were asked about. */
  checked: z.int(),
  total: z.int(),
  sample: z.array(z.object({ id: z.string(), label: z.string() })),
})
export type Preview = z.output<typeof previewOutput>
