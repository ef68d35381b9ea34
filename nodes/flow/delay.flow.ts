import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

const MODES = ['for', 'untilDate'] as const
const whenFor = { field: 'mode', is: ['for'], required: true }
const whenUntil = { field: 'mode', is: ['untilDate'] }

const input = z
  .strictObject({
    mode: fields.select('Wait', MODES, { help: 'For a length of time, or until the date in a property.' }),
    for: fields.duration('How long', { help: 'Counted from the moment the step begins.', when: whenFor }).optional(),
    until: fields
      .property('Until the date in', {
        help: 'A property that holds a date or a time; a date alone means midnight UTC.',
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
    const needed = value.mode === 'for' ? 'for' : 'until'
    const foreign = value.mode === 'for' ? (['until', 'offset', 'missing', 'maxWait'] as const) : (['for'] as const)
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (value[needed] === undefined)
      refuse(
        needed,
        needed === 'for' ? 'Say how long to wait, such as P3D.' : 'Choose the property that holds the date.',
      )
    for (const name of foreign)
      if (value[name] !== undefined) refuse(name, `Remove “${name}”: it has no meaning while mode is “${value.mode}”.`)
  })

/** One step for both kinds of waiting: people think of it as one thing, and switching kind keeps its edges. */
export const delay = defineFlow({
  type: 'flow.delay',
  version: 1,
  label: 'Wait',
  help: 'Holds the run for a time, or until a date the contact or account carries.',
  group: 'Flow',
  icon: 'timer',
  summary: 'Wait {for}{offset} {until}',
  input,
  ports: { fixed: [ONLY_PORT] },
})
