import { z } from 'zod'
import { isoTime } from '../playbooks/playbook-schemas.ts'

/** What becomes of the runs that wait at a step which the version does not have. */
const move = z.union([
  z.strictObject({ to: z.string().min(1).max(64) }),
  z.strictObject({ exit: z.string().trim().min(1).max(200) }),
])

/** How runs go over: by which moves, how many first, how many a second. */
export const migrationPlan = z.object({
  moves: z.record(z.string().max(64), move).default({}),
  canary: z.int().min(0).max(1000).default(5),
  perSecond: z.int().min(1).max(100).default(20),
})
export type MigrationPlan = z.output<typeof migrationPlan>

const stepName = z.object({ step: z.string(), label: z.string() })

export const publishPreview = z.object({
  /** Open runs of other versions. */
  open: z.int(),
  versions: z.array(z.object({ version: z.int(), runs: z.int() })),
  waits: z.array(
    z.object({
      ...stepName.shape,
      version: z.int(),
      runs: z.int(),
      /** It waits on as it is, waits on with other settings, or has nowhere to wait. */
      change: z.enum(['same', 'changed', 'gone']),
      /** Where they may go on, where it is gone. */
      targets: z.array(stepName),
    }),
  ),
  warnings: z.array(z.string()),
})
export type PublishPreview = z.output<typeof publishPreview>

export const migrationStatus = z.enum([
  'running',
  'paused',
  'done',
  'cancelled',
  'reverting',
  'revertingPaused',
  'reverted',
])
export const migrationRunStatus = z.enum([
  'waiting',
  'told',
  'moved',
  'refused',
  'passed',
  'cancelled',
  'returning',
  'toldBack',
  'returned',
  'stayed',
])

export const migrationRow = z.object({
  id: z.uuid(),
  toVersion: z.int(),
  status: migrationStatus,
  reason: z.string().nullable(),
  canary: z.int(),
  perSecond: z.int(),
  moves: migrationPlan.shape.moves,
  by: z.string(),
  createdAt: isoTime,
  endedAt: isoTime.nullable(),
  total: z.int(),
  counts: z.partialRecord(migrationRunStatus, z.int()),
})
export type MigrationRow = z.output<typeof migrationRow>

export const migrationRun = z.object({
  run: z.string(),
  subject: z.string(),
  fromVersion: z.int(),
  at: z.array(z.string()),
  status: migrationRunStatus,
  code: z.string().nullable(),
  reason: z.string().nullable(),
  changedAt: isoTime,
})
export type MigrationRun = z.output<typeof migrationRun>
