import { z } from 'zod'
import { procedure, router } from '../trpc.ts'
import { answerInput, askById, askListInput, askRow, passOnInput } from './ask-schemas.ts'
import { answerInApp, asksOfRun, countMine, listAskRows, passOn, viewAsk } from './asks.ts'

const tags = ['Asks']

// Whether somebody may answer is said by the step that asks; who is named may be a viewer.
export const asksRouter = router({
  list: procedure({
    scope: 'runs:read',
    rest: { method: 'GET', path: '/v1/asks', tags, summary: 'What runs ask of people, the newest first' },
  })
    .input(askListInput)
    .output(z.object({ data: z.array(askRow), nextCursor: z.string().nullable() }))
    .query(({ ctx, input }) => listAskRows(ctx, input)),

  countMine: procedure({ scope: 'runs:read' })
    .output(z.object({ count: z.int() }))
    .query(async ({ ctx }) => ({ count: await countMine(ctx) })),

  get: procedure({
    scope: 'runs:read',
    rest: { method: 'GET', path: '/v1/asks/{id}', tags, summary: 'One thing that was asked, and its answer' },
  })
    .input(askById)
    .output(askRow)
    .query(({ ctx, input }) => viewAsk(ctx, input.id)),

  ofRun: procedure({
    scope: 'runs:read',
    rest: { method: 'GET', path: '/v1/runs/{id}/asks', tags, summary: 'What one run asked of people' },
  })
    .input(z.object({ id: z.string().min(1).max(100) }))
    .output(z.object({ data: z.array(askRow), nextCursor: z.null() }))
    .query(async ({ ctx, input }) => ({ data: await asksOfRun(ctx, input.id), nextCursor: null })),

  answer: procedure({
    scope: 'runs:read',
    rest: {
      method: 'POST',
      path: '/v1/asks/{id}/answer',
      tags,
      summary: 'Answers what was asked: one answer counts, the first',
      description: 'By a signed-in person who was asked. An approval takes a decision, a form its values.',
    },
  })
    .input(answerInput)
    .output(askRow)
    .mutation(({ ctx, input }) => answerInApp(ctx, input)),

  passOn: procedure({
    scope: 'runs:read',
    rest: {
      method: 'POST',
      path: '/v1/asks/{id}/pass-on',
      tags,
      summary: 'Asks somebody else in one’s place',
      description: 'They alone may answer then. Links that were sent before say so and answer nothing any more.',
    },
  })
    .input(passOnInput)
    .output(z.object({ link: z.string() }))
    .mutation(({ ctx, input }) => passOn(ctx, input)),
})
