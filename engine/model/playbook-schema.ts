import { z } from 'zod'
import type { JsonSchema } from '../../nodes/manifest.ts'
import { MOST_ATTEMPTS, type PlaybookDocument } from './playbook.ts'
import { ENTRY_KEY_PATTERN, MOST_IN_LINE, MOST_PER_MINUTE } from './playbook-limits.ts'
import { ruleSchema } from './rule-schema.ts'

/** The playbook document at the borders. What a step's input holds is the definition's own and `compile` checks it. */

export const STEP_ID_PATTERN = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

const entryKey = z
  .string()
  .regex(ENTRY_KEY_PATTERN, 'Begin with trigger., as in trigger.properties.orderId.')
  .max(200)
  .optional()
  .describe('trigger.properties.orderId: how often one may enter is asked for each of its values')

export const reentrySchema = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('once'), key: entryKey }),
  z.strictObject({ policy: z.literal('once_per'), days: z.int().min(1).max(3650), key: entryKey }),
  z.strictObject({ policy: z.literal('every'), key: entryKey }),
])

const concurrencySchema = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('together') }),
  z.strictObject({ policy: z.literal('queue'), most: z.int().min(1).max(MOST_IN_LINE) }),
  z.strictObject({ policy: z.literal('replace') }),
  z.strictObject({ policy: z.literal('newest') }),
])

const existingSchema = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('leave') }),
  z.strictObject({ policy: z.literal('admit'), perMinute: z.int().min(1).max(MOST_PER_MINUTE) }),
])

const namedRule = z.strictObject({ name: z.string().min(1).max(100), if: ruleSchema })

export const enrollmentSchema = z.strictObject({
  reentry: reentrySchema,
  concurrency: concurrencySchema
    .optional()
    .describe('What becomes of one that may enter while a run of its subject is open'),
  existing: existingSchema.optional().describe('Whether those who are in already enter when it is published'),
  holdout: z.enum(['respect', 'ignore']).optional().describe('Left out: the holdout group of the workspace stays out'),
  exit: z.array(namedRule).max(20),
  goal: namedRule.nullable(),
})

const stepRetrySchema = z.strictObject({
  attempts: z.int().min(1).max(MOST_ATTEMPTS).describe('That may fail, the first included; 1: no repeat'),
  within: z.string().max(40).optional().describe('ISO-8601 duration from the first attempt; later none is begun'),
  backoff: z
    .strictObject({
      initial: z.string().max(40).describe('PT30S'),
      coefficient: z.number().min(1).max(10),
      maximum: z.string().max(40).describe('PT10M'),
    })
    .optional()
    .describe('Left out: 1 s, doubled, up to 5 minutes'),
})

export const documentStepSchema = z.strictObject({
  id: z.string().regex(STEP_ID_PATTERN, 'Begin with a letter; then letters, digits, _ and -, 64 at most.'),
  type: z.string().min(1).max(200).describe('e.g. intercom.tagContact@1; without a version the newest'),
  label: z.string().min(1).max(200).optional(),
  connection: z.string().min(1).max(100).optional(),
  input: z.record(z.string(), z.json()),
  onFailure: z
    .enum(['stop', 'continue', 'branch'])
    .optional()
    .describe('Actions: what follows a failure. Left out: stop. With branch the step has the port “error”.'),
  retry: stepRetrySchema.optional().describe('Actions: limits on how often and how long failed attempts are repeated'),
  at: z.tuple([z.number(), z.number()]).optional(),
  note: z.string().max(4000).optional(),
})

export const playbookSchema: z.ZodType<PlaybookDocument> = z
  .strictObject({
    name: z.string().min(1).max(200),
    description: z.string().max(4000).optional(),
    subject: z.enum(['contact', 'account']),
    enrollment: enrollmentSchema,
    steps: z.array(documentStepSchema).max(2000),
    edges: z
      .array(z.tuple([z.string().min(1).max(200), z.string().min(1).max(200)]))
      .max(8000)
      .describe('["big.over-100", "tag"]: from a port (or a step with one port) to a step'),
  })
  .meta({ id: 'Playbook', description: 'A playbook document: the canvas as text.' })

/** JSON Schema (2020-12) of the document, as served at `/v1/schemas/playbook.json`. */
export function playbookJsonSchema(): JsonSchema {
  return JSON.parse(JSON.stringify(z.toJSONSchema(playbookSchema, { io: 'input' }))) as JsonSchema
}
