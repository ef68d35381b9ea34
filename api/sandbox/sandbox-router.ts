import { z } from 'zod'
import type { Json } from '../../nodes/manifest.ts'
import { jsonObject } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { callSandbox } from './sandbox-client.ts'

const app = z.enum(['intercom', 'salesforce'])
const byApp = z.object({ app })

/** What the sandboxes answer under `data`. */
const dataOf = (answer: Json): Json =>
  answer !== null && typeof answer === 'object' && !Array.isArray(answer) ? (answer['data'] ?? null) : null

export const sandboxRouter = router({
  types: procedure({ scope: 'data:read' })
    .input(byApp)
    .query(async ({ ctx, input }) => dataOf(await callSandbox(ctx, { method: 'GET', path: `/${input.app}` }))),
  records: procedure({ scope: 'data:read' })
    .input(
      byApp.extend({
        type: z
          .string()
          .regex(/^[A-Za-z_]+$/)
          .max(100),
      }),
    )
    .query(async ({ ctx, input }) => ({
      data: dataOf(await callSandbox(ctx, { method: 'GET', path: `/${input.app}/records/${input.type}` })),
    })),
  requests: procedure({ scope: 'data:read' })
    .input(byApp.extend({ limit: z.int().min(1).max(500).default(100) }))
    .query(async ({ ctx, input }) => ({
      data: dataOf(await callSandbox(ctx, { method: 'GET', path: `/${input.app}/requests?limit=${input.limit}` })),
    })),
  faults: procedure({ scope: 'data:read' })
    .input(byApp)
    .query(async ({ ctx, input }) => ({
      data: dataOf(await callSandbox(ctx, { method: 'GET', path: `/${input.app}/faults` })),
    })),
  setFault: procedure({ scope: 'admin' })
    .input(byApp.extend({ fault: jsonObject }))
    .mutation(async ({ ctx, input }) =>
      dataOf(await callSandbox(ctx, { method: 'POST', path: `/${input.app}/faults`, body: input.fault })),
    ),
  clearFaults: procedure({ scope: 'admin' })
    .input(byApp)
    .mutation(async ({ ctx, input }) => {
      await callSandbox(ctx, { method: 'DELETE', path: `/${input.app}/faults` })
      return { app: input.app }
    }),
  expire: procedure({ scope: 'admin' })
    .input(byApp.extend({ what: z.enum(['access', 'refresh']) }))
    .mutation(async ({ ctx, input }) =>
      dataOf(await callSandbox(ctx, { method: 'POST', path: `/${input.app}/expire`, body: { what: input.what } })),
    ),
})
