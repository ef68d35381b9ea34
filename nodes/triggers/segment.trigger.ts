import { z } from 'zod'
import { defineTrigger } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const segment = defineTrigger({
  type: 'trigger.segment',
  version: 1,
  label: 'Segment entered or left',
  help: 'Starts a run when a contact or account enters or leaves a segment.',
  group: 'Triggers',
  icon: 'users',
  summary: 'When {segment} is {edge}',
  input: z.strictObject({
    segment: fields.segment('Segment', { help: 'One of the segments of this workspace.' }),
    edge: fields.select('Starts when it is', ['entered', 'left'], {
      help: 'Entered: became a member. Left: stopped being one.',
    }),
  }),
  output: z.object({ segment: z.string(), edge: z.enum(['entered', 'left']), at: z.iso.datetime() }),
  sample: { segment: 'power-users', edge: 'entered', at: '2026-03-02T09:30:00.000Z' },
  subjects: ['contact', 'account'],
  ports: { fixed: [ONLY_PORT] },
})
