import { z } from 'zod'
import { procedure, router } from '../trpc.ts'
import { eraseContact, listErasures, viewErasure } from './erasures.ts'
import { eraseInput, erasureView, retentionInput, retentionView } from './privacy-schemas.ts'
import { changeRetention, previewRetention, readRetention } from './retention.ts'

const tags = ['Privacy']

export const privacyRouter = router({
  erase: procedure({
    scope: 'admin',
    rest: {
      method: 'POST',
      path: '/v1/contacts/{id}/erase',
      status: 202,
      tags,
      summary: 'Deletes a person everywhere',
      description:
        'Ends the runs that know of them, then deletes or blanks every row about them and destroys the keys of those ' +
        'runs, so that nothing of them can be read in Temporal either. Goes on by itself; ask /v1/erasures/{id}.',
    },
  })
    .input(eraseInput)
    .output(erasureView)
    .mutation(({ ctx, input }) => eraseContact(ctx, input)),

  erasures: procedure({
    scope: 'admin',
    rest: { method: 'GET', path: '/v1/erasures', tags, summary: 'Deletions of people, the newest first' },
  })
    .output(z.object({ data: z.array(erasureView) }))
    .query(({ ctx }) => listErasures(ctx)),

  erasure: procedure({
    scope: 'admin',
    rest: { method: 'GET', path: '/v1/erasures/{id}', tags, summary: 'One deletion: how far it is, and what went' },
  })
    .input(z.strictObject({ id: z.uuid() }))
    .output(erasureView)
    .query(({ ctx, input }) => viewErasure(ctx, input.id)),

  retention: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/retention', tags, summary: 'How long events and runs are kept' },
  })
    .output(retentionView)
    .query(({ ctx }) => readRetention(ctx)),

  previewRetention: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/retention/preview',
      tags,
      summary: 'What other days would delete at the next sweep, and what looks further back than that',
    },
  })
    .input(retentionInput)
    .output(retentionView)
    .query(({ ctx, input }) => previewRetention(ctx, input)),

  changeRetention: procedure({
    scope: 'admin',
    rest: { method: 'PUT', path: '/v1/retention', tags, summary: 'Changes how long events and runs are kept' },
  })
    .input(retentionInput)
    .output(retentionView)
    .mutation(({ ctx, input }) => changeRetention(ctx, input)),
})
