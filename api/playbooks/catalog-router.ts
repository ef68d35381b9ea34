import { procedure, router } from '../trpc.ts'
import { readCatalogContext } from './catalog-context.ts'

export const catalogRouter = router({
  manifest: procedure({ scope: 'playbooks:read' }).query(({ ctx }) => ctx.manifest),
  context: procedure({ scope: 'playbooks:read' }).query(({ ctx }) => readCatalogContext(ctx)),
})
