import { z } from 'zod'
import { defineTrigger } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const signal = defineTrigger({
  type: 'trigger.signal',
  version: 1,
  label: 'Signal changes',
  help: 'Starts a run when a signal is set or cleared for a contact or account.',
  group: 'Triggers',
  icon: 'radio-tower',
  summary: 'When {signal} is {edge}',
  input: z.strictObject({
    signal: fields.signal('Signal', { help: 'One of the signals of this workspace.' }),
    edge: fields.select('Starts when it is', ['set', 'cleared'], {
      help: 'Set: the rule became true. Cleared: it stopped being true.',
    }),
  }),
  output: z.object({ signal: z.string(), edge: z.enum(['set', 'cleared']), at: z.iso.datetime() }),
  sample: { signal: 'expansion-ready', edge: 'set', at: '2026-03-02T09:30:00.000Z' },
  subjects: ['contact', 'account'],
  ports: { fixed: [ONLY_PORT] },
})
