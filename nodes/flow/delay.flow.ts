import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'
import { meansZone, ZONE_WORDS } from '../time-zone.ts'

const MODES = ['for', 'untilDate', 'untilTime', 'openHours'] as const
const DAYS = [
  'workdays',
  'weekends',
  'mondays',
  'tuesdays',
  'wednesdays',
  'thursdays',
  'fridays',
  'saturdays',
  'sundays',
] as const

const whenFor = { field: 'mode', is: ['for'], required: true }
const whenUntil = { field: 'mode', is: ['untilDate'] }
/** Which of them are needed is more than one field's condition can say: below, and in the compiler. */
const whenClock = { field: 'mode', is: ['untilDate', 'untilTime'], required: false }
const whenZone = { field: 'mode', is: ['untilDate', 'untilTime', 'openHours'], required: false }

const timeOfDay = z
  .string()
  .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'Write hours and minutes with two digits each, such as 09:00.')

const openWindow = z
  .strictObject({
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1, 'Choose at least one day.')
      .max(7),
    from: timeOfDay,
    to: z
      .string()
      .regex(
        /^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/,
        'Write hours and minutes with two digits each, such as 17:00; 24:00 is the end of the day.',
      ),
  })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    message: 'It ends when it begins; a whole day is from 00:00 to 24:00.',
  })

const openHours = {
  windows: fields
    .of(z.array(openWindow).min(1).max(20), {
      widget: 'hours',
      label: 'Open',
      help: 'The run goes on at once while one of these is open, else when the next opens. 22:00 to 06:00 goes over midnight.',
      when: { field: 'mode', is: ['openHours'], required: true },
    })
    .optional(),
  pauses: fields
    .of(z.array(z.iso.date('Write a date as 2026-12-25.')).min(1).max(100), {
      widget: 'dates',
      label: 'Closed on',
      help: 'Dates, such as 2026-12-25, that are closed from midnight to midnight.',
      when: { field: 'mode', is: ['openHours'], required: false },
    })
    .optional(),
}

const clock = {
  time: fields
    .of(timeOfDay, {
      widget: 'text',
      template: false,
      label: 'At the time',
      help: 'By the clock of the time zone, such as 09:00; with a date, on that day. Needed where no date is waited for.',
      placeholder: '09:00',
      when: whenClock,
    })
    .optional(),
  days: fields
    .select('On', DAYS, {
      help: 'Left empty: on whichever day comes first.',
      when: { field: 'mode', is: ['untilTime'], required: false },
    })
    .optional(),
  zone: fields
    .of(z.string().max(100).refine(meansZone, ZONE_WORDS), {
      widget: 'timeZone',
      label: 'Time zone',
      help: 'By whose clock the time is told, and which midnight a date alone means. Left empty: that of the workspace.',
      placeholder: 'Europe/Berlin',
      when: whenZone,
    })
    .optional(),
  zoneFrom: fields
    .property('Or the zone in', {
      help: 'A property that holds an IANA time zone; where it holds none, the zone above is taken.',
      placeholder: 'contact.timezone',
      when: whenZone,
    })
    .optional(),
}

const FIELDS_OF = {
  for: { needs: 'for', takes: ['for'] },
  untilDate: { needs: 'until', takes: ['until', 'offset', 'missing', 'maxWait', 'time', 'zone', 'zoneFrom'] },
  untilTime: { needs: 'time', takes: ['time', 'days', 'zone', 'zoneFrom'] },
  openHours: { needs: 'windows', takes: ['windows', 'pauses', 'zone', 'zoneFrom'] },
} as const
const NEEDED = {
  for: 'Say how long to wait, such as P3D.',
  until: 'Choose the property that holds the date.',
  time: 'Say at what time, such as 09:00.',
  windows: 'Say when it is open, such as Monday to Friday from 09:00 to 17:00.',
}

const input = z
  .strictObject({
    mode: fields.select('Wait', MODES, {
      help: 'For a length of time, until the date in a property, until a time of day, or for open hours of the week.',
    }),
    for: fields.duration('How long', { help: 'Counted from the moment the step begins.', when: whenFor }).optional(),
    until: fields
      .property('Until the date in', {
        help: 'A property that holds a date or a time; a date alone means midnight, in the time zone below.',
        placeholder: 'contact.renewal_date',
        when: { ...whenUntil, required: true },
      })
      .optional(),
    offset: fields
      .duration('Before or after it', {
        help: 'Added to the date: -P3D is three days before, PT4H four hours after.',
        placeholder: '-P3D',
        signed: true,
        when: { ...whenUntil, required: false },
      })
      .optional(),
    ...openHours,
    ...clock,
    missing: fields
      .select('If there is no date', ['fail', 'skip'], {
        help: 'Fail: the run stops with a fault. Skip: it goes on at once. Left empty: fail.',
        when: { ...whenUntil, required: false },
      })
      .optional(),
    maxWait: fields
      .duration('But at most', {
        help: 'Counted from the moment the step begins; the run goes on when it is over.',
        placeholder: 'P90D',
        when: { ...whenUntil, required: false },
      })
      .optional(),
  })
  .superRefine((value, context) => {
    const { needs, takes } = FIELDS_OF[value.mode]
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (value[needs] === undefined) refuse(needs, NEEDED[needs])
    const given = Object.entries(value).flatMap(([name, said]) => (said === undefined || name === 'mode' ? [] : [name]))
    for (const name of given)
      if (!(takes as readonly string[]).includes(name))
        refuse(name, `Remove “${name}”: it has no meaning while mode is “${value.mode}”.`)
  })

/** One step for all kinds of waiting for time: people think of it as one thing, and switching kind keeps its edges. */
export const delay = defineFlow({
  type: 'flow.delay',
  version: 1,
  label: 'Wait',
  help: 'Holds the run for a time, until a date the contact or account carries, until a time of day, or for open hours.',
  group: 'Flow',
  icon: 'timer',
  summary: 'Wait {for}{offset} {until} {days} {time} {windows}, {zone}',
  input,
  ports: { fixed: [ONLY_PORT] },
})
