import { z } from 'zod'
import type { Fault } from '../../nodes/fault.ts'
import { isoTime, slugSchema } from '../playbooks/playbook-schemas.ts'
import { runStatus } from '../runs/run-schemas.ts'

/** Which failed runs; what is left out says nothing. */
export const rerunFilter = z.strictObject({
  playbook: slugSchema.optional(),
  version: z.int().min(1).optional(),
  /** A code of docs/errors, e.g. `VENDOR_UNAVAILABLE`. */
  code: z
    .string()
    .regex(/^[A-Z_]{1,60}$/)
    .optional(),
  /** Id of a failed step. */
  step: z.string().min(1).max(200).optional(),
  /** When they failed. */
  from: isoTime.optional(),
  to: isoTime.optional(),
})
export type RerunFilter = z.output<typeof rerunFilter>

export const rerunPreview = z.object({
  count: z.int(),
  /** Runs by what their failed steps failed of; `code` is null of runs that failed before that was kept. */
  byCode: z.array(z.object({ code: z.string().nullable(), runs: z.int(), example: z.string() })),
  byPlaybook: z.array(z.object({ slug: z.string(), name: z.string(), version: z.int(), runs: z.int() })),
  /** The first to be done again. */
  first: z.string().nullable(),
})
export type RerunPreview = z.output<typeof rerunPreview>

const counts = z.object({
  waiting: z.int(),
  begun: z.int(),
  passed: z.int(),
  failed: z.int(),
  moved: z.int(),
})

export const rerunRow = z.object({
  id: z.uuid(),
  filter: rerunFilter,
  status: z.enum(['running', 'stopped', 'cancelled', 'done']),
  /** Why it stopped. */
  reason: z.string().nullable(),
  /** 0: the first run alone; 1: ten; 2: the rest. */
  stage: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  total: z.int(),
  counts,
  maxFailures: z.int(),
  by: z.string(),
  createdAt: isoTime,
  endedAt: isoTime.nullable(),
})
export type RerunRow = z.output<typeof rerunRow>

export const rerunRun = z.object({
  id: z.string(),
  place: z.int(),
  status: z.enum(['waiting', 'begun', 'passed', 'failed', 'moved']),
  /** Of one under way: how the run stands, e.g. `held` or `review`. */
  runStatus: runStatus.nullable(),
  /** What it had failed of. */
  code: z.string().nullable(),
  /** Where and of what it failed again. */
  step: z.string().nullable(),
  fault: z.custom<Fault>(() => true).nullable(),
  begunAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
})

export const rerunView = rerunRow.extend({
  /** In their order, the first thousand; those that failed again beyond them too. */
  runs: z.array(rerunRun),
})
export type RerunView = z.output<typeof rerunView>
