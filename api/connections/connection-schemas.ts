import { z } from 'zod'
import type { Fault } from '../../nodes/fault.ts'
import { isoTime, jsonObject } from '../playbooks/playbook-schemas.ts'

export const budget = z.object({
  calls: z.int().min(1).max(1_000_000),
  perMs: z.int().min(100).max(86_400_000),
})

export const connectionView = z.object({
  id: z.string(),
  slug: z.string(),
  app: z.string(),
  name: z.string(),
  status: z.enum(['open', 'paused']),
  fault: z.custom<Fault>(() => true).nullable(),
  pausedAt: isoTime.nullable(),
  /** Who we are at the vendor, after the last check. */
  identity: z.string().nullable(),
  sandbox: z.boolean(),
  settings: jsonObject,
  budget: budget.nullable(),
  /** Runs that wait until it works again. */
  heldRuns: z.int(),
  /** How many of them a second go on once it works; null: as its budget says. */
  releasePerSecond: z.number().nullable(),
  usage: z.object({ effectsLast24h: z.int() }),
})
export type ConnectionView = z.output<typeof connectionView>
