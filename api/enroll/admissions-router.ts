import { z } from 'zod'
import { slugSchema } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { cancelAdmission, existingView, viewExisting } from './admissions.ts'

const tags = ['Playbooks']

export const admissionsRouter = router({
  existing: procedure({
    scope: 'playbooks:read',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/existing',
      tags,
      summary: 'Who is in already of what the draft’s triggers listen for, and how letting them in goes on',
      description:
        'Whether they are let in when the draft is published says `enrollment.existing`: {"policy": "admit", ' +
        '"perMinute": 100}. Each enters once by a trigger, however often the playbook is published.',
    },
  })
    .input(z.object({ slug: slugSchema }))
    .output(existingView)
    .query(({ ctx, input }) => viewExisting(ctx, input.slug)),

  cancel: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/admissions/{id}/cancel',
      tags,
      summary: 'Lets no more of the existing members in; who has entered stays in',
    },
  })
    .input(z.object({ slug: slugSchema, id: z.uuid() }))
    .output(z.object({ id: z.string() }))
    .mutation(({ ctx, input }) => cancelAdmission(ctx, input)),
})
