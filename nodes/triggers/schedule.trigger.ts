import { Cron } from 'croner'
import { z } from 'zod'
import { defineTrigger } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'
import { meansZone, ZONE_WORDS } from '../time-zone.ts'

/**
 * Why this cron line cannot be taken, or null. Only what every scheduler reads alike is accepted: five fields, no
 * `L`, `W`, `#` or `?`, and not both a day of the month and a day of the week (some mean “and”, some “or”).
 */
export function cronProblem(line: string): string | null {
  const parts = line.trim().split(/\s+/)
  if (parts.length !== 5)
    return 'Write five fields: minute, hour, day of month, month, day of week; every weekday at nine is “0 9 * * 1-5”.'
  if (!/^[\d*,/A-Za-z\s-]+$/.test(line) || /(^|[^A-Za-z])[LW]|\d[LW]/.test(line.toUpperCase().replaceAll('WED', '')))
    return 'Use numbers, names of days and months, “*”, “,”, “-” and “/” only.'
  if (parts[2] !== '*' && parts[4] !== '*')
    return 'Name days of the month or days of the week, not both; use two playbooks for both.'
  try {
    const cron = new Cron(line, { paused: true, mode: '5-part', timezone: 'UTC' })
    // A fixed start keeps the answer the same whenever it is asked; leap days come round within it.
    if (cron.nextRun(new Date('2024-01-01T00:00:00Z')) === null) return 'This date never comes; correct day and month.'
  } catch (error) {
    return `This is not a cron line (${error instanceof Error ? error.message : String(error)}). Correct the field it names.`
  }
  return null
}

const cron = z
  .string()
  .max(200)
  .superRefine((line, context) => {
    const problem = cronProblem(line)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })

export const schedule = defineTrigger({
  type: 'trigger.schedule',
  version: 1,
  label: 'On a schedule',
  help: 'At set times, starts a run for every contact or account that is then in the segment.',
  group: 'Triggers',
  icon: 'calendar-clock',
  summary: 'At {cron} for {segment}, {timeZone}',
  input: z.strictObject({
    cron: fields.of(cron, {
      widget: 'cron',
      label: 'When',
      help: 'A cron line of five fields: minute, hour, day of month, month, day of week.',
      placeholder: '0 9 * * 1-5',
    }),
    timeZone: fields
      .of(z.string().max(100).refine(meansZone, ZONE_WORDS), {
        widget: 'timeZone',
        label: 'Time zone',
        help: 'The times above are wall-clock times in this zone, through summer and winter. Left empty: that of the workspace, and it follows when that is changed.',
        placeholder: 'Europe/Berlin',
      })
      .optional(),
    segment: fields.segment('For everyone in', { help: 'Its members at that instant are enrolled.' }),
  }),
  output: z.object({ at: z.iso.datetime(), segment: z.string() }),
  sample: { at: '2026-03-02T08:00:00.000Z', segment: 'power-users' },
  subjects: ['contact', 'account'],
  ports: { fixed: [ONLY_PORT] },
})
