import { z } from 'zod'
import { defineTrigger } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const webhook = defineTrigger({
  type: 'trigger.webhook',
  version: 1,
  label: 'Webhook arrives',
  help: 'Starts a run when another system posts JSON to this playbook’s own address.',
  group: 'Triggers',
  icon: 'webhook',
  summary: 'When a webhook arrives for {subjectField}',
  input: z.strictObject({
    subjectField: fields.of(
      z
        .string()
        .max(200)
        .regex(
          /^[A-Za-z_][A-Za-z0-9_-]*(\.([A-Za-z_][A-Za-z0-9_-]*|\d{1,4}))*$/,
          'Write the path of a field in the body, such as user.id or items.0.owner.',
        ),
      {
        widget: 'text',
        label: 'Field that names the subject',
        help: 'Path in the posted body of your own id of the contact or account.',
        placeholder: 'user.id',
      },
    ),
    createMissing: fields
      .boolean('Create the subject if it is new', { help: 'Otherwise an unknown subject is refused with an error.' })
      .default(false),
  }),
  output: z.object({ body: z.record(z.string(), z.unknown()), receivedAt: z.iso.datetime() }),
  sample: { body: { user: { id: 'u-1042' }, plan: 'team' }, receivedAt: '2026-03-02T09:30:00.000Z' },
  subjects: ['contact', 'account'],
  ports: { fixed: [ONLY_PORT] },
})
