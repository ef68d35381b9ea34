import { z } from 'zod'
import { DECIDERS, FORM_FIELD_TYPES } from '../../nodes/inside.ts'
import { isoTime, json } from '../playbooks/playbook-schemas.ts'
import { subjectView } from '../runs/run-schemas.ts'

export const askRow = z.object({
  id: z.string(),
  kind: z.enum(['approval', 'form']),
  title: z.string(),
  text: z.string().nullable(),
  fields: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      type: z.enum(FORM_FIELD_TYPES),
      required: z.boolean(),
      options: z.array(z.string()),
    }),
  ),
  run: z.object({ id: z.string(), step: z.string(), subject: subjectView }),
  playbook: z.object({ slug: z.string(), name: z.string() }),
  who: z.enum(DECIDERS),
  /** Those who alone may answer; empty: whoever `who` says. */
  people: z.array(z.string()),
  byLink: z.boolean(),
  /** Whether the one who reads this may answer. */
  mine: z.boolean(),
  /** Whether they may ask somebody else in the place of those who were asked. */
  mayPassOn: z.boolean(),
  /** `over`: its run went on or ended without the answer. */
  status: z.enum(['open', 'answered', 'expired', 'over']),
  askedAt: isoTime,
  expiresAt: isoTime,
  decidedAt: isoTime.nullable(),
  decidedBy: z.string().nullable(),
  /** `approved`, `rejected` or `answered`. */
  answer: z.string().nullable(),
  /** What was said with it. */
  said: json.nullable(),
})
export type AskRow = z.output<typeof askRow>

export const askById = z.object({ id: z.uuid() })

export const askListInput = z.object({
  state: z
    .enum(['open', 'answered', 'over'])
    .default('open')
    .describe('over: its time is over, or its run went on or ended without an answer.'),
  mine: z.boolean().default(false).describe('Only what the one who asks may answer.'),
  cursor: z.string().max(500).nullish(),
  limit: z.int().min(1).max(200).default(50),
})
export type AskListInput = z.output<typeof askListInput>

export const answerInput = askById.extend({
  decision: z.enum(['approved', 'rejected']).optional().describe('Of an approval.'),
  comment: z.string().trim().max(2000).optional().describe('With the decision.'),
  values: z.record(z.string().max(64), json).optional().describe('Of a form: what was filled in, by field.'),
})
export type AnswerInput = z.output<typeof answerInput>

export const passOnInput = askById.extend({
  to: z
    .email()
    .max(320)
    .transform((email) => email.toLowerCase()),
})
