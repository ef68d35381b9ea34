import { z } from 'zod'
import { procedure, router } from '../trpc.ts'
import { savedView, viewById, viewChange, viewInput, viewListInput } from './view-schemas.ts'
import { createView, deleteView, listViews, updateView } from './views.ts'

const tags = ['Views']
const EXAMPLE = {
  subject: 'contact',
  name: 'Big accounts',
  definition: {
    filter: { property: 'account.mrr', op: 'gt', value: 100 },
    columns: [{ id: 'email' }, { id: 'account.mrr', width: 120 }],
    sort: 'name',
  },
}

export const viewsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/views', tags, summary: 'Saved views of the tables of contacts and accounts' },
  })
    .input(viewListInput)
    .output(z.object({ data: z.array(savedView), nextCursor: z.null() }))
    .query(({ ctx, input }) => listViews(ctx, input)),

  create: procedure({
    scope: 'data:write',
    rest: {
      method: 'POST',
      path: '/v1/views',
      status: 201,
      tags,
      summary: 'Saves a view: filter, columns and order, for everybody in the workspace',
      example: { input: EXAMPLE, output: EXAMPLE },
    },
  })
    .input(viewInput)
    .output(savedView)
    .mutation(({ ctx, input }) => createView(ctx, input)),

  update: procedure({
    scope: 'data:write',
    rest: { method: 'PATCH', path: '/v1/views/{id}', tags, summary: 'Renames a view, or changes what it shows' },
  })
    .input(viewChange)
    .output(savedView)
    .mutation(({ ctx, input }) => updateView(ctx, input)),

  remove: procedure({
    scope: 'data:write',
    rest: { method: 'DELETE', path: '/v1/views/{id}', tags, summary: 'Deletes a view' },
  })
    .input(viewById)
    .output(viewById)
    .mutation(({ ctx, input }) => deleteView(ctx, input)),
})
