import { z } from 'zod'
import { allows } from '../auth/scopes.ts'
import { documentInput, isoTime, json, jsonObject, slugSchema } from '../playbooks/playbook-schemas.ts'
import { type TriedStep, tryStep } from '../playbooks/try-step.ts'
import { forbidden, procedure, router } from '../trpc.ts'
import { askBacktest, cancelBacktest, listBacktests, viewBacktest } from './ask-backtest.ts'
import { backtestDays, backtestPins, backtestRow, backtestView } from './backtest-schemas.ts'
import { listStepSamples, putStepSample } from './step-samples.ts'

const tags = ['Simulation']
const bySlug = z.object({ slug: slugSchema })
const byId = bySlug.extend({ id: z.uuid() })
const samples = z.object({
  data: z.array(z.object({ step: z.string(), output: json, stale: z.boolean(), by: z.string(), at: isoTime })),
  nextCursor: z.null(),
})

export const backtestsRouter = router({
  ask: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/backtests',
      status: 202,
      tags,
      summary: 'Asks what the draft would have done over the events of the last days, beside what is published',
      description:
        'Nothing is written anywhere. Takes the saved draft, or `document`. Actions answer what is pinned (`pins`, by step), ' +
        'else the kept sample of the step, else the sample of its definition; what reads those is marked `assumed`. A worker ' +
        'carries it out: one at a time a workspace (409 BACKTEST_RUNNING).',
      example: { input: { days: 30, pins: {} }, output: { id: '019a0000-0000-7000-8000-000000000000' } },
    },
  })
    .input(bySlug.extend({ days: backtestDays, document: documentInput.optional(), pins: backtestPins }))
    .output(z.object({ id: z.string() }))
    .mutation(({ ctx, input }) => askBacktest(ctx, input)),

  list: procedure({
    scope: 'playbooks:read',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/backtests',
      tags,
      summary: 'Backtests of a playbook, the newest first',
    },
  })
    .input(bySlug)
    .output(z.object({ data: z.array(backtestRow), nextCursor: z.null() }))
    .query(async ({ ctx, input }) => ({ data: await listBacktests(ctx, input.slug), nextCursor: null })),

  get: procedure({
    scope: 'playbooks:read',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/backtests/{id}',
      tags,
      summary: 'How far a backtest is, and what came of it',
      description:
        'The result has the numbers of the draft, of what is published over the same input (null where the draft is that), ' +
        'and of what really happened (null where nothing did): who entered, who was refused and why, and by step how many ' +
        'came to it, left it by which port, were at it at the end, failed and would have been written.',
    },
  })
    .input(byId)
    .output(backtestView)
    .query(({ ctx, input }) => viewBacktest(ctx, input)),

  cancel: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/backtests/{id}/cancel',
      tags,
      summary: 'Ends a backtest that is under way',
    },
  })
    .input(byId)
    .output(backtestView)
    .mutation(({ ctx, input }) => cancelBacktest(ctx, input)),

  samples: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/samples',
      tags,
      summary: 'What steps of the draft are taken to answer in dry runs and backtests',
      description: '`stale`: the step was changed since its sample was kept.',
    },
  })
    .input(bySlug)
    .output(samples)
    .query(async ({ ctx, input }) => ({ data: await listStepSamples(ctx, input.slug), nextCursor: null })),

  // The document is the caller's own: what it does, only whoever may write playbooks may have done.
  tryStep: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/steps/{step}/try',
      tags,
      summary: 'Carries one action of the draft out now, for real',
      description:
        'Calls the other system through the connection of the step, within its budget. `input` is what is sent, without ' +
        'templates; “Would send” of a dry run is that. What came of it is answered (a fault of the other system too, with ' +
        'status 200) and noted in the audit; it can be kept as the sample of the step. Consent, caps and quiet hours hold as ' +
        'in a run. Needs the scope `runs:write` as well.',
      example: {
        input: { input: { contact: '019a0000-0000-7000-8000-000000000000', tag: 'vip' } },
        output: { landed: true, output: { tagId: '42' }, externalId: '42', tookMs: 180 },
      },
    },
  })
    .input(bySlug.extend({ step: z.string().min(1).max(100), document: documentInput.optional(), input: jsonObject }))
    .output(z.custom<TriedStep>(() => true))
    .mutation(({ ctx, input }) => {
      if (!allows(ctx.actor, 'runs:write')) throw forbidden(ctx.actor, 'runs:write')
      return tryStep(ctx, input)
    }),

  putSample: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'PUT',
      path: '/v1/playbooks/{slug}/samples/{step}',
      tags,
      summary: 'Keeps what a step is taken to answer; null takes it away',
      example: { input: { output: { opportunityId: '006A' } }, output: { data: [], nextCursor: null } },
    },
  })
    .input(bySlug.extend({ step: z.string().min(1).max(100), output: json }))
    .output(samples)
    .mutation(async ({ ctx, input }) => ({ data: await putStepSample(ctx, input), nextCursor: null })),
})
