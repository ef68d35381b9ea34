import { z } from 'zod'
import { isTimeZone } from '../../nodes/time-zone.ts'
import { procedure, router } from '../trpc.ts'
import { changeWorkspace } from './change-workspace.ts'

const tags = ['Workspace']
const path = '/v1/workspace'

const timeZone = z
  .string()
  .max(100)
  .describe('IANA name. What names no time zone goes by it: waits, schedules and quiet hours.')
const workspaceView = z.object({ slug: z.string(), name: z.string(), timeZone })

export const workspaceRouter = router({
  read: procedure({
    scope: 'playbooks:read',
    rest: { method: 'GET', path, tags, summary: 'The workspace: its name and its time zone' },
  })
    .output(workspaceView)
    .query(({ ctx }) =>
      ctx.db
        .selectFrom('workspaces')
        .select(['slug', 'name', 'time_zone as timeZone'])
        .where('id', '=', ctx.workspaceId)
        .executeTakeFirstOrThrow(),
    ),

  change: procedure({
    scope: 'admin',
    rest: {
      method: 'PATCH',
      path,
      tags,
      summary: 'Changes the time zone of the workspace',
      description:
        'Schedules that name no time zone follow at once, and so do quiet hours. A run that waits keeps the moment it ' +
        'waits for; the waits that begin after its next wake go by the new time zone.',
    },
  })
    .input(
      z.strictObject({
        timeZone: timeZone.refine(isTimeZone, 'Write an IANA time zone, such as Europe/Berlin or UTC.'),
      }),
    )
    .output(workspaceView)
    .mutation(({ ctx, input }) => changeWorkspace(ctx, input)),
})
