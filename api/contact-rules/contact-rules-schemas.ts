import { z } from 'zod'
import { WORKSPACE } from '../../nodes/time-zone.ts'
import { isZone } from '../../engine/model/calendar.ts'
import { CHANNELS, LONGEST_CAP_DAYS } from '../../engine/model/contact-rules.ts'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Write a time of day as HH:MM, such as 21:00.')

const cap = z.strictObject({
  channel: z.enum(CHANNELS),
  most: z.int().min(1).max(1000).describe('So many, and no more,'),
  days: z
    .int()
    .min(1)
    .max(LONGEST_CAP_DAYS)
    .describe('in so many days of 24 hours, to one person, over all playbooks.'),
})

const quiet = z
  .strictObject({
    from: time.describe('From this time of day nobody is written to,'),
    to: time.describe('until this one; where it is not after the other it is on the day after.'),
    zone: z
      .string()
      .refine((name) => name === WORKSPACE || isZone(name), 'Name a time zone such as Europe/Berlin, or none.')
      .optional()
      .describe('IANA name. Left out, or “workspace”: the time zone of the workspace.'),
    property: z
      .string()
      .min(1)
      .max(200)
      .nullable()
      .describe('Property with the time zone of a person; without one, or where it holds none, zone counts.'),
  })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    message: 'Quiet hours that end when they begin never end. Choose another time, or none.',
  })

export const contactRulesInput = z
  .strictObject({
    caps: z.array(cap).max(10),
    quiet: quiet.nullable(),
    holdoutPercent: z
      .number()
      .min(0)
      .max(50)
      .describe(
        'Of all contacts, and of all accounts, so many percent enter no playbook that respects the holdout group.',
      ),
  })
  .describe('What holds over all playbooks. A cap counts what was sent since there was one.')
