import { z } from 'zod'
import { defineTrigger } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const call = defineTrigger({
  type: 'trigger.call',
  version: 1,
  label: 'Called by another playbook',
  help: 'Starts a run when a step of another playbook calls this one, for the same contact or account.',
  group: 'Triggers',
  icon: 'corner-down-right',
  summary: 'When another playbook calls it',
  input: z.strictObject({
    fields: fields
      .of(z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(500)), {
        widget: 'keyValue',
        label: 'Inputs it takes',
        help: 'Each input the caller may give with what it means; later steps read it as trigger.data.<name>.',
        template: false,
      })
      .optional(),
  }),
  output: z.object({
    data: z.record(z.string(), z.unknown()),
    at: z.iso.datetime(),
    caller: z.object({ run: z.string(), playbook: z.string(), step: z.string() }),
  }),
  sample: {
    data: { percent: 20 },
    at: '2026-03-02T09:30:00.000Z',
    caller: { run: 'run_5f0c1d2e', playbook: 'renewals', step: 'offer' },
  },
  subjects: ['contact', 'account'],
  ports: { fixed: [ONLY_PORT] },
})
