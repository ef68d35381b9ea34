import { z } from 'zod'
import { defineTrigger } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const manual = defineTrigger({
  type: 'trigger.manual',
  version: 1,
  label: 'Started by hand or API',
  help: 'Starts a run when a person presses Run or another system calls the API.',
  group: 'Triggers',
  icon: 'hand',
  summary: 'When started by hand or API',
  input: z.strictObject({
    fields: fields
      .of(z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(500)), {
        widget: 'keyValue',
        label: 'Data it takes',
        help: 'Each field the caller may send with what it means; later steps read it as trigger.data.<name>.',
        template: false,
      })
      .optional(),
  }),
  output: z.object({ data: z.record(z.string(), z.unknown()), at: z.iso.datetime() }),
  sample: { data: { reason: 'Asked for by the account team' }, at: '2026-03-02T09:30:00.000Z' },
  subjects: ['contact', 'account'],
  ports: { fixed: [ONLY_PORT] },
})
