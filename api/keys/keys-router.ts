import { z } from 'zod'
import { SCOPES } from '../auth/scopes.ts'
import { procedure, router } from '../trpc.ts'
import { createKey, listKeys, revokeKey } from './keys.ts'

export const keysRouter = router({
  list: procedure({ scope: 'admin' }).query(async ({ ctx }) => ({ data: await listKeys(ctx) })),
  create: procedure({ scope: 'admin' })
    .input(z.object({ name: z.string().trim().min(1).max(100), scopes: z.array(z.enum(SCOPES)).min(1) }))
    .mutation(({ ctx, input }) => createKey(ctx, input)),
  revoke: procedure({ scope: 'admin' })
    .input(z.object({ id: z.uuid() }))
    .mutation(({ ctx, input }) => revokeKey(ctx, input.id)),
})
