import { z } from 'zod'
import { isoTime } from '../playbooks/playbook-schemas.ts'
import { WAYS } from './alert-words.ts'

const told = z.enum(['nothing', 'opened', 'recovered'])

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
  /** What was sent of it, on any way. */
  told,
  /** Why it could not be sent, or is not known to have been. */
  fault: z.string().nullable(),
  /** The same for each way on which there is something to say. */
  sends: z.array(z.object({ way: z.enum(WAYS), told, fault: z.string().nullable() })),
})
export type AlertRow = z.output<typeof alertRow>

export const alertSettings = z.object({
  /** Host of the address that alerts are posted to; the address itself is a secret. */
  host: z.string().nullable(),
  /** The e-mail connection by its slug, and whom alerts are mailed to; `problem`: why they are not now. */
  mail: z.object({ connection: z.string(), to: z.string(), problem: z.string().nullable() }).nullable(),
  /** Whether one failure after a success is enough. */
  firstFailure: z.boolean(),
  /** The share of the runs that ended lately, from ten on. */
  failedPercent: z.int(),
})
export type AlertSettings = z.output<typeof alertSettings>
