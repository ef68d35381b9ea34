import { z } from 'zod'
import { runStatus } from '../runs/run-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { callsOfRun } from './calls-of-run.ts'

const otherRun = z.object({
  run: z.string(),
  /** Of the run that called. */
  step: z.string(),
  playbook: z.object({ slug: z.string(), name: z.string() }),
  status: runStatus,
  /** Whether the one waits for the end of the other. */
  waits: z.boolean(),
})
export type OtherRun = z.output<typeof otherRun>

export const callsRouter = router({
  ofRun: procedure({
    scope: 'runs:read',
    rest: {
      method: 'GET',
      path: '/v1/runs/{id}/calls',
      tags: ['Runs'],
      summary: 'The run that called this one, and those that it called',
    },
  })
    .input(z.object({ id: z.string().min(1).max(100) }))
    .output(z.object({ caller: otherRun.nullable(), called: z.array(otherRun) }))
    .query(({ ctx, input }) => callsOfRun(ctx, input.id)),
})
