import { z } from 'zod'
import { cursor } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { alertRow, alertSettings } from './alert-schemas.ts'
import { listAlerts, readAlertSettings, testAlerts, writeAlertSettings } from './alerts.ts'

const tags = ['Alerts']

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
      summary: 'Says where alerts are posted, and from when on runs count as failing',
      description:
        'A body with `text`, `link` and `alert` is posted to `url`, once when it opens and once when it is well again; ' +
        'incoming webhooks of Slack take it as it is. `null` sends nothing; left out, the address stays.',
      example: {
        input: { url: 'https://hooks.example.com/alerts', firstFailure: true, failedPercent: 20 },
        output: { host: 'hooks.example.com', firstFailure: true, failedPercent: 20 },
      },
    },
  })
    .input(
      z.object({
        url: z
          .url({ protocol: /^https?$/ })
          .max(2_000)
          .nullish(),
        firstFailure: z.boolean(),
        failedPercent: z.int().min(1).max(100),
      }),
    )
    .output(alertSettings)
    .mutation(({ ctx, input }) => writeAlertSettings(ctx, input)),

  test: procedure({
    scope: 'admin',
    rest: { method: 'POST', path: '/v1/alerts/test', tags, summary: 'Posts a test to where alerts are sent' },
  })
    .output(z.object({ host: z.string() }))
    .mutation(({ ctx }) => testAlerts(ctx)),
})
