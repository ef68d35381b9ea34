import { z } from 'zod'
import { readMasks } from '../privacy/masks.ts'
import { procedure, router } from '../trpc.ts'
import { cancelImport, mapImport, startImport } from './change-import.ts'
import { importMapping, importRow, importView, mappingCheck } from './import-schemas.ts'
import { maskCheck, maskImport } from './mask-import.ts'
import { listImports, viewImport } from './read-imports.ts'

const tags = ['Imports']
const byId = z.object({ id: z.uuid() })

export const importsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/imports',
      tags,
      summary: 'Imported files with how far each is, the newest first',
    },
  })
    .input(z.object({ cursor: z.string().max(500).nullish() }))
    .output(z.object({ data: z.array(importRow), nextCursor: z.string().nullable() }))
    .query(({ ctx, input }) => listImports(ctx, input)),

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/imports/{id}',
      tags,
      summary:
        'One import: its columns with their first cells, a suggested mapping, progress, and the first refused rows',
    },
  })
    .input(byId)
    .output(importView)
    .query(async ({ ctx, input }) => maskImport(await viewImport(ctx, input), await readMasks(ctx))),

  map: procedure({
    scope: 'data:write',
    rest: {
      method: 'PUT',
      path: '/v1/imports/{id}/mapping',
      tags,
      summary: 'Says what each column is for, and answers what that makes of the first 20,000 rows',
      example: {
        input: {
          mapping: {
            columns: [{ to: 'email' }, { to: 'name' }, { to: 'property', property: 'seats', type: 'number' }],
          },
        },
        output: { checked: 120, complete: true, good: 118, bad: 2, problems: [] },
      },
    },
  })
    .input(byId.extend({ mapping: importMapping }))
    .output(mappingCheck)
    .mutation(async ({ ctx, input }) => maskCheck(await mapImport(ctx, input), await readMasks(ctx))),

  start: procedure({
    scope: 'data:write',
    rest: { method: 'POST', path: '/v1/imports/{id}/start', status: 202, tags, summary: 'Begins to take the rows' },
  })
    .input(byId)
    .output(byId)
    .mutation(({ ctx, input }) => startImport(ctx, input)),

  cancel: procedure({
    scope: 'data:write',
    rest: {
      method: 'POST',
      path: '/v1/imports/{id}/cancel',
      tags,
      summary: 'Ends an import where it is; rows that were taken stay',
    },
  })
    .input(byId)
    .output(byId)
    .mutation(({ ctx, input }) => cancelImport(ctx, input)),
})
