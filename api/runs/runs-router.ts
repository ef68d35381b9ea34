import { z } from 'zod'
import { cursor, isoTime, json, slugSchema } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { cancelRun, retryRun } from './control.ts'
import { continueOpenRuns, pauseOpenRuns, readPausedRuns } from './open-runs.ts'
import { operateRun } from './operate-run.ts'
import { listReviews, settleReview } from './reviews.ts'
import { listRuns } from './run-list.ts'
import { viewRun } from './run-page.ts'
import { reviewRow, runRow, runStatus, runView } from './run-schemas.ts'

const tags = ['Runs']
const id = z.string().min(1).max(100)
const byId = z.object({ id })
const bySlug = z.object({ slug: slugSchema })
const step = z.string().min(1).max(200)
const answer = z.object({ id: z.string() })
const EXAMPLE_ID = 'run_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5f6a7b8c9'

export const runsRouter = router({
  list: procedure({
    scope: 'runs:read',
    rest: { method: 'GET', path: '/v1/runs', tags, summary: 'Runs, the newest first' },
  })
    .input(
      z.object({
        playbook: slugSchema.optional(),
        status: runStatus.optional(),
        behind: z.boolean().optional().describe('Only open runs past the time of a milestone.'),
        subject: z.string().min(1).max(500).optional(),
        cursor,
        limit: z.int().min(1).max(200).optional(),
      }),
    )
    .output(z.object({ data: z.array(runRow), nextCursor: z.string().nullable() }))
    .query(({ ctx, input }) => listRuns(ctx, input)),

  get: procedure({
    scope: 'runs:read',
    rest: {
      method: 'GET',
      path: '/v1/runs/{id}',
      tags,
      summary: 'One run: the state of every step, what it got and gave, and why',
    },
  })
    .input(byId)
    .output(runView)
    .query(({ ctx, input }) => viewRun(ctx, input.id)),

  watch: procedure({ scope: 'runs:read' })
    .input(byId)
    .subscription(async function* ({ ctx, input, signal }) {
      const ended = signal ?? new AbortController().signal
      for await (const _ of ctx.runWatch.changes(input.id, ended)) {
        const view = await viewRun(ctx, input.id)
        yield view
        if (view.run.endedAt !== null && view.run.status !== 'failed') return
      }
    }),

  cancel: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/runs/{id}/cancel',
      status: 202,
      tags,
      summary: 'Ends a run early',
      description: 'A write that is under way is finished and recorded.',
      example: { input: { reason: 'Customer asked us to stop' }, output: { id: EXAMPLE_ID } },
    },
  })
    .input(byId.extend({ reason: z.string().trim().min(1).max(500).default('Cancelled by a person.') }))
    .output(answer)
    .mutation(({ ctx, input }) => cancelRun(ctx, input)),

  retry: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/runs/{id}/retry',
      status: 202,
      tags,
      summary: 'Acts again on the failed steps, or on one of them',
      example: { input: { step: 'opp' }, output: { id: EXAMPLE_ID } },
    },
  })
    .input(byId.extend({ step: z.string().max(100).optional() }))
    .output(answer)
    .mutation(({ ctx, input }) => retryRun(ctx, input)),

  pause: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/runs/{id}/pause',
      status: 202,
      tags,
      summary: 'Lets a run begin nothing new',
      description:
        'A write that is under way is finished and recorded, and waits go on; what comes after them is held.',
      example: { input: { reason: 'Looking into the discount' }, output: { id: EXAMPLE_ID } },
    },
  })
    .input(byId.extend({ reason: z.string().trim().min(1).max(500).default('Paused by a person.') }))
    .output(answer)
    .mutation(({ ctx, input }) => operateRun(ctx, input.id, { kind: 'pause', reason: input.reason })),

  continue: procedure({
    scope: 'runs:write',
    rest: { method: 'POST', path: '/v1/runs/{id}/continue', status: 202, tags, summary: 'Lets a paused run go on' },
  })
    .input(byId)
    .output(answer)
    .mutation(({ ctx, input }) => operateRun(ctx, input.id, { kind: 'continue' })),

  pauseOpen: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/runs/pause',
      status: 202,
      tags,
      summary: 'Lets the open runs of a playbook begin nothing new',
      description: 'Those that a person paused one by one are left as they are. What enters later is not paused.',
      example: { input: { reason: 'The offer is being changed' }, output: { runs: 120 } },
    },
  })
    .input(bySlug.extend({ reason: z.string().trim().min(1).max(500) }))
    .output(z.object({ runs: z.int() }))
    .mutation(({ ctx, input }) => pauseOpenRuns(ctx, input)),

  continueOpen: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/runs/continue',
      status: 202,
      tags,
      summary: 'Lets runs that were paused with their playbook go on, so many a second',
      description: 'Without `perSecond` as fast as the tightest budget of the live version’s connections.',
      example: { input: { perSecond: 5 }, output: { runs: 120, perSecond: 5 } },
    },
  })
    .input(bySlug.extend({ perSecond: z.number().min(0.01).max(1_000).nullable().default(null) }))
    .output(z.object({ runs: z.int(), perSecond: z.number() }))
    .mutation(({ ctx, input }) => continueOpenRuns(ctx, input)),

  pausedOpen: procedure({
    scope: 'runs:read',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/runs/paused',
      tags,
      summary: 'How many open runs are paused with their playbook, or on their way there or back',
    },
  })
    .input(bySlug)
    .output(z.object({ paused: z.int(), toPause: z.int(), toContinue: z.int(), until: isoTime.nullable() }))
    .query(({ ctx, input }) => readPausedRuns(ctx, input.slug)),

  skip: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/runs/{id}/skip',
      status: 202,
      tags,
      summary: 'Leaves out a step: a wait, a failed one or one to come',
      description: 'By its only port, or by the one that is named.',
      example: { input: { step: 'wait' }, output: { id: EXAMPLE_ID } },
    },
  })
    .input(byId.extend({ step, port: z.string().max(100).optional() }))
    .output(answer)
    .mutation(({ ctx, input: { id, step: at, port } }) =>
      operateRun(ctx, id, { kind: 'skip', step: at, ...(port === undefined ? {} : { port }) }),
    ),

  override: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/runs/{id}/override',
      status: 202,
      tags,
      summary: 'Says what a step brought, as though it had',
      description: 'Of an action that failed, waits or is done and is read by a later step.',
      example: { input: { step: 'opp', output: { id: '006xx' } }, output: { id: EXAMPLE_ID } },
    },
  })
    .input(byId.extend({ step, output: z.json() }))
    .output(answer)
    .mutation(({ ctx, input }) =>
      operateRun(ctx, input.id, { kind: 'override', step: input.step, output: input.output }),
    ),
})

export const reviewsRouter = router({
  list: procedure({
    scope: 'runs:read',
    rest: { method: 'GET', path: '/v1/reviews', tags, summary: 'Writes whose outcome nobody knows' },
  })
    .output(z.object({ data: z.array(reviewRow), nextCursor: z.null() }))
    .query(async ({ ctx }) => ({ data: await listReviews(ctx), nextCursor: null })),

  settle: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/reviews/{key}',
      status: 202,
      tags,
      summary: 'Says that a write landed, or has it done again',
      example: { input: { landed: true }, output: { runId: EXAMPLE_ID } },
    },
  })
    .input(z.object({ key: z.string().min(1).max(300), landed: z.boolean(), output: json.optional() }))
    .output(z.object({ runId: z.string() }))
    .mutation(({ ctx, input }) => settleReview(ctx, input)),
})
