import { z } from 'zod'
import { cursor } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { rerunFilter, rerunPreview, rerunRow, rerunView } from './rerun-schemas.ts'
import { cancelRerun, continueRerun, listReruns, previewRerun, startRerun, viewRerun } from './reruns.ts'

const tags = ['Reruns']
const byId = z.object({ id: z.uuid() })
const EXAMPLE_ID = '01920000-0000-7000-8000-000000000000'
const EXAMPLE_FILTER = { playbook: 'expansion', code: 'VENDOR_UNAVAILABLE' }

export const rerunsRouter = router({
  preview: procedure({
    scope: 'runs:read',
    rest: {
      method: 'POST',
      path: '/v1/reruns/preview',
      tags,
      summary: 'Which failed runs a rerun would take, and what they failed of',
      example: {
        input: { filter: EXAMPLE_FILTER },
        output: {
          count: 12,
          byCode: [{ code: 'VENDOR_UNAVAILABLE', runs: 12, example: 'Tag contact: Intercom answered 503.' }],
          byPlaybook: [{ slug: 'expansion', name: 'Expansion', version: 3, runs: 12 }],
          first: 'run_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5f6a7b8c9',
        },
      },
    },
  })
    .input(z.object({ filter: rerunFilter }))
    .output(rerunPreview)
    .query(({ ctx, input }) => previewRerun(ctx, input.filter)),

  start: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/reruns',
      status: 202,
      tags,
      summary: 'Has failed runs done again from their failed steps: one, then ten, then the rest',
      description:
        'What their other steps gave is kept. It stops when more than `maxFailures` of them failed again, and can be continued or cancelled.',
      example: { input: { filter: EXAMPLE_FILTER }, output: { id: EXAMPLE_ID, total: 12 } },
    },
  })
    .input(z.object({ filter: rerunFilter, maxFailures: z.int().min(0).max(10_000).default(0) }))
    .output(z.object({ id: z.uuid(), total: z.int() }))
    .mutation(({ ctx, input }) => startRerun(ctx, input)),

  list: procedure({
    scope: 'runs:read',
    rest: { method: 'GET', path: '/v1/reruns', tags, summary: 'Reruns with how far each is, the newest first' },
  })
    .input(z.object({ cursor }))
    .output(z.object({ data: z.array(rerunRow), nextCursor: z.string().nullable() }))
    .query(({ ctx, input }) => listReruns(ctx, input)),

  get: procedure({
    scope: 'runs:read',
    rest: {
      method: 'GET',
      path: '/v1/reruns/{id}',
      tags,
      summary: 'One rerun: how far it is, and what came of each run',
    },
  })
    .input(byId)
    .output(rerunView)
    .query(({ ctx, input }) => viewRerun(ctx, input.id)),

  continue: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/reruns/{id}/continue',
      status: 202,
      tags,
      summary: 'Goes on with a rerun that stopped; its failures so far are accepted',
    },
  })
    .input(byId)
    .output(byId)
    .mutation(({ ctx, input }) => continueRerun(ctx, input.id)),

  cancel: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/reruns/{id}/cancel',
      status: 202,
      tags,
      summary: 'Begins no more runs; those under way go on',
    },
  })
    .input(byId)
    .output(byId)
    .mutation(({ ctx, input }) => cancelRerun(ctx, input.id)),
})
