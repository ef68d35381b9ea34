import { z } from 'zod'
import { isoTime } from '../playbooks/playbook-schemas.ts'

export const eraseInput = z.strictObject({
  id: z.string().min(1).max(500).describe('Your own id, or ours.'),
  confirm: z.string().describe('The same id once more: nothing brings the person back.'),
  suppress: z.boolean().default(false).describe('Take nothing about them from now on.'),
})

export const erasureView = z.object({
  id: z.string(),
  status: z.enum(['running', 'done']),
  /** What is being worked on. */
  part: z.string(),
  suppress: z.boolean(),
  /** How many of each went, or lost the person. */
  counts: z.record(z.string(), z.int()),
  /** What keeps it from going on; it is tried again. */
  fault: z.string().nullable(),
  requestedBy: z.string(),
  requestedAt: isoTime,
  endedAt: isoTime.nullable(),
})
export type ErasureView = z.output<typeof erasureView>

/** Days; ten years at most, so that a slip of the keyboard is not for ever. */
const days = z.int().min(1).max(3_650)

export const retentionInput = z.strictObject({
  keepEventsDays: days.describe('Events, from when they occurred.'),
  keepRunsDays: days.describe('Runs, from when they ended.'),
})

const looksFurther = z.object({
  kind: z.enum(['segment', 'signal', 'score', 'computed', 'playbook']),
  slug: z.string(),
  name: z.string(),
  /** How far back it looks at the most. */
  days: z.int(),
})
export type LooksFurther = z.output<typeof looksFurther>

export const retentionView = z.object({
  keepEventsDays: z.int(),
  keepRunsDays: z.int(),
  /** What the next sweep deletes with these days; counted to 100,000, which means that many or more. */
  next: z.object({ events: z.int(), runs: z.int() }),
  /**
   * Segments, signals, scores, computed properties and live playbooks whose conditions look further back than events
   * would be kept: from the sweep on they see only what is left.
   */
  looksFurther: z.array(looksFurther),
})
export type RetentionView = z.output<typeof retentionView>
