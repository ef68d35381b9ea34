import { z } from 'zod'
import type { Context } from '../context.ts'
import { procedure, router } from '../trpc.ts'
import { whyAnswer } from './answer.ts'
import type { WhyScope } from './ask.ts'
import { hiddenFrom } from './hidden.ts'
import { whyPlaybook } from './why-playbook.ts'
import { whyRun } from './why-run.ts'
import { whyInput, whyRun as whyRunOutput, whyView } from './why-schemas.ts'

const scopeOf = async ({ db, workspaceId, now, actor }: Context): Promise<WhyScope> => ({
  db,
  workspaceId,
  now,
  isHidden: await hiddenFrom({ db, workspaceId, actor }),
})

export const whyRouter = router({
  ask: procedure({
    scope: 'data:read',
    rest: {
      method: 'POST',
      path: '/v1/why',
      tags: ['Why'],
      summary: 'Why, or why not: a rule, segment, signal, score or playbook for somebody, now or at any past moment',
      description:
        'Answers as it was known then: every part with its value, who wrote it and since when, the events of its window, and the smallest changes that would give the other answer.',
    },
  })
    .input(whyInput)
    .output(whyView)
    .query(async ({ ctx, input }) => {
      const scope = await scopeOf(ctx)
      const { playbook, ...asked } = input
      return playbook === undefined ? whyAnswer(scope, input) : whyPlaybook(scope, { ...asked, playbook })
    }),

  run: procedure({
    scope: 'runs:read',
    rest: {
      method: 'GET',
      path: '/v1/runs/{id}/why',
      tags: ['Why'],
      summary: 'Why a run began, and why its branches went the way they went',
    },
  })
    .input(z.object({ id: z.string().min(1).max(100) }))
    .output(whyRunOutput)
    .query(async ({ ctx, input }) => whyRun(await scopeOf(ctx), input.id)),
})
