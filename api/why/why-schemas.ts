import { z } from 'zod'
import type { Json } from '../../nodes/manifest.ts'
import { ruleSchema } from '../../engine/model/rule-schema.ts'
import { audienceSlug, subjectView } from '../audiences/audience-schemas.ts'
import { filledText } from '../stored-text.ts'
import type { FlipView } from './flip-words.ts'
import type { SourceView, WhyNode } from './why-node.ts'

const isoTime = z.iso.datetime({ offset: true })
const named = (what: string) => filledText(500).describe(`Your own id of the ${what}, or ours.`)
const slug = z.string().min(1).max(100)

export const whySubject = z.union([
  z.strictObject({ contact: named('contact') }),
  z.strictObject({ account: named('account') }),
])
export type WhySubject = z.output<typeof whySubject>

const WHATS = ['rule', 'segment', 'signal', 'score', 'playbook'] as const

export const whyInput = z
  .strictObject({
    subject: whySubject,
    rule: ruleSchema.optional().describe('A rule of your own. One of rule, segment, signal, score and playbook.'),
    segment: audienceSlug.optional(),
    signal: audienceSlug.optional(),
    score: audienceSlug.optional(),
    playbook: slug.optional(),
    at: isoTime.optional().describe('The moment that is asked about. Left out: now.'),
  })
  .refine((input) => WHATS.filter((what) => input[what] !== undefined).length === 1, {
    message: `Send one of ${WHATS.join(', ')}: what is asked about.`,
  })
export type WhyInput = z.output<typeof whyInput>
export type PlaybookInput = Pick<WhyInput, 'subject' | 'at'> & { playbook: string }

const flip = z.custom<FlipView>(() => true)
const node = z.custom<WhyNode>(() => true)
const source = z.custom<SourceView>(() => true)
const json = z.custom<Json>(() => true)

export const edgeView = z.object({
  id: z.string(),
  edge: z.enum(['set', 'cleared', 'entered', 'left', 'changed']),
  at: isoTime,
  cause: source,
  /** Of a score what it became. */
  value: json,
})
export type EdgeView = z.output<typeof edgeView>

export const whyAnswer = z.object({
  kind: z.literal('answer'),
  subject: subjectView,
  of: z.object({ kind: z.enum(['rule', 'segment', 'signal', 'score']), slug: z.string().nullable(), name: z.string() }),
  at: isoTime,
  /** Of a score: whether it has a number. */
  value: z.boolean(),
  /** Of a score what it was: number, band, stage. */
  score: json,
  /** The answer and its reasons as a sentence. */
  words: z.string(),
  trace: node,
  /** When the answer may change with no new data; null: never. */
  validUntil: isoTime.nullable(),
  flips: z.array(flip),
  /** The recorded edge that was in force. */
  edge: edgeView.nullable(),
  /** Where what was recorded then differs from what is kept now, and what can no longer be known. */
  doubts: z.array(z.string()),
  /** The edges of it for this subject, the newest first: the moments worth asking about. */
  history: z.array(edgeView),
  firstSeen: isoTime,
})
export type WhyAnswer = z.output<typeof whyAnswer>

export const whyCheck = z.object({
  what: z.enum(['status', 'version', 'trigger', 'reentry']),
  ok: z.boolean(),
  words: z.string(),
})
export type WhyCheck = z.output<typeof whyCheck>

export const enrollmentView = z.object({
  id: z.string(),
  at: isoTime,
  outcome: z.enum(['started', 'refused']),
  code: z.string(),
  reason: z.string(),
  runId: z.string().nullable(),
})

export const whyPlaybook = z.object({
  kind: z.literal('playbook'),
  subject: subjectView,
  of: z.object({ kind: z.literal('playbook'), slug: z.string(), name: z.string() }),
  at: isoTime,
  /** Whether nothing stood in the way of a run. */
  value: z.boolean(),
  words: z.string(),
  checks: z.array(whyCheck),
  /** The segments and signals that its triggers listen to, worked out for the subject. */
  triggers: z.array(
    z.object({ step: z.string(), words: z.string(), answer: whyAnswer.nullable(), where: node.nullable() }),
  ),
  /** What was decided nearest to that moment. */
  enrollments: z.array(enrollmentView),
  doubts: z.array(z.string()),
  firstSeen: isoTime,
})
export type WhyPlaybook = z.output<typeof whyPlaybook>

export const whyView = z.discriminatedUnion('kind', [whyAnswer, whyPlaybook])
export type WhyView = z.output<typeof whyView>

export const whyRun = z.object({
  run: z.object({ id: z.string(), createdAt: isoTime, playbook: z.object({ slug: z.string(), name: z.string() }) }),
  /** Why it began, as a sentence. */
  words: z.string(),
  cause: source,
  /** The runs that led to it by what they did, the oldest first; `led`: to what. */
  chain: z.array(z.object({ run: z.string(), playbook: z.string(), step: z.string().nullable(), led: z.string() })),
  /** Starts that were refused because they would have come of what it did, in a circle. */
  loops: z.array(
    z.object({ at: isoTime, reason: z.string(), playbook: z.object({ slug: z.string(), name: z.string() }) }),
  ),
  /** Of a run that a segment or signal began: its edge, worked out for the moment of the edge. */
  edge: edgeView.nullable(),
  answer: whyAnswer.nullable(),
  /** The trigger's own condition, as it was seen. */
  where: node.nullable(),
  doubts: z.array(z.string()),
  /** Why its branches went the way they went, by the facts that the run recorded. */
  branches: z.array(
    z.object({
      step: z.string(),
      label: z.string(),
      port: z.string().nullable(),
      at: isoTime.nullable(),
      words: z.string(),
      traces: z.array(node),
    }),
  ),
})
export type WhyRun = z.output<typeof whyRun>
