import { z } from 'zod'
import { addressProblem } from '../../nodes/email/addresses.ts'
import { cursor, slugSchema } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { alertRow, alertSettings } from './alert-schemas.ts'
import { listAlerts, readAlertSettings, testAlerts, writeAlertSettings } from './alerts.ts'

const tags = ['Alerts']
const addresses = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .superRefine((text, context) => {
    const message = addressProblem(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

export const alertsRouter = router({
  list: procedure({
    scope: 'runs:read',
    rest: {
      method: 'GET',
      path: '/v1/alerts',
      tags,
      summary: 'What went wrong and whether it is well again, the newest first',
      description: 'Playbooks whose runs fail, writes that need a review, and connections that were paused by a fault.',
    },
  })
    .input(z.object({ open: z.boolean().optional(), cursor }))
    .output(z.object({ data: z.array(alertRow), nextCursor: z.string().nullable() }))
    .query(({ ctx, input }) => listAlerts(ctx, input)),

  settings: procedure({
    scope: 'runs:read',
    rest: { method: 'GET', path: '/v1/alerts/settings', tags, summary: 'Where alerts are sent, and from when on' },
  })
    .output(alertSettings)
    .query(({ ctx }) => readAlertSettings(ctx)),

  change: procedure({
    scope: 'admin',
    rest: {
      method: 'PUT',
      path: '/v1/alerts/settings',
      tags,
      summary: 'Says where alerts are posted and mailed, and from when on runs count as failing',
      description:
        'A body with `text`, `link` and `alert` is posted to `url`, once when it opens and once when it is well again; ' +
        'incoming webhooks of Slack take it as it is. The same is mailed through an e-mail connection. `null` for either ' +
        'sends nothing that way; left out, it stays as it is.',
      example: {
        input: {
          url: 'https://hooks.example.com/alerts',
          mail: { connection: 'email', to: 'ops@example.com' },
          firstFailure: true,
          failedPercent: 20,
        },
        output: {
          host: 'hooks.example.com',
          mail: { connection: 'email', to: 'ops@example.com', problem: null },
          firstFailure: true,
          failedPercent: 20,
        },
      },
    },
  })
    .input(
      z.object({
        url: z
          .url({ protocol: /^https?$/ })
          .max(2_000)
          .nullish(),
        mail: z.strictObject({ connection: slugSchema, to: addresses }).nullish(),
        firstFailure: z.boolean(),
        failedPercent: z.int().min(1).max(100),
      }),
    )
    .output(alertSettings)
    .mutation(({ ctx, input }) => writeAlertSettings(ctx, input)),

  test: procedure({
    scope: 'admin',
    rest: {
      method: 'POST',
      path: '/v1/alerts/test',
      tags,
      summary: 'Sends a test to where alerts are posted and mailed',
    },
  })
    .output(z.object({ host: z.string().nullable(), mail: z.string().nullable() }))
    .mutation(({ ctx }) => testAlerts(ctx)),
})
