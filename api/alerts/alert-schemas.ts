import { z } from 'zod'
import { isoTime } from '../playbooks/playbook-schemas.ts'

export const alertRow = z.object({
  id: z.uuid(),
  kind: z.enum(['playbook-failing', 'playbook-reviews', 'connection-paused']),
  title: z.string(),
  /** Of a paused connection: why. */
  message: z.string().nullable(),
  /** Path of the page where a person looks. */
  link: z.string(),
  openedAt: isoTime,
  recoveredAt: isoTime.nullable(),
  /** What was sent of it. */
  told: z.enum(['nothing', 'opened', 'recovered']),
  /** Why it could not be sent. */
  fault: z.string().nullable(),
})
export type AlertRow = z.output<typeof alertRow>

export const alertSettings = z.object({
  /** Host of the address that alerts are posted to; the address itself is a secret. */
  host: z.string().nullable(),
  /** Whether one failure after a success is enough. */
  firstFailure: z.boolean(),
  /** The share of the runs that ended lately, from ten on. */
  failedPercent: z.int(),
})
export type AlertSettings = z.output<typeof alertSettings>
