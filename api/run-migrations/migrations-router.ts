import { z } from 'zod'
import { cursor, slugSchema } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { changeMigration } from './change-migration.ts'
import { migrationPlan, migrationRow, migrationRun, migrationRunStatus, publishPreview } from './migration-schemas.ts'
import { previewPublish } from './publish-preview.ts'
import { listMigrations, readMigration } from './read-migrations.ts'
import { startMigration } from './start-migration.ts'

const tags = ['Versions in flight']
const bySlug = z.object({ slug: slugSchema })
const byId = bySlug.extend({ id: z.uuid() })
const version = z.coerce.number().int().min(1).optional()

const EXAMPLE_ID = '01920000-0000-7000-8000-000000000000'
const EXAMPLE_ROW = {
  id: EXAMPLE_ID,
  toVersion: 3,
  status: 'running',
  reason: null,
  canary: 5,
  perSecond: 20,
  moves: { wait: { to: 'remind' } },
  by: 'ada@example.com',
  createdAt: '2026-11-22T09:00:00.000Z',
  endedAt: null,
  total: 200,
  counts: { waiting: 195, moved: 5 },
}

const change = (which: 'pause' | 'continue' | 'cancel' | 'revert', summary: string, description?: string) =>
  procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: `/v1/playbooks/{slug}/migrations/{id}/${which}`,
      tags,
      summary,
      ...(description === undefined ? {} : { description }),
      example: { output: EXAMPLE_ROW },
    },
  })
    .input(byId)
    .output(migrationRow)
    .mutation(({ ctx, input }) => changeMigration(ctx, { ...input, change: which }))

export const migrationsRouter = router({
  preview: procedure({
    scope: 'playbooks:read',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/publish-preview',
      tags,
      summary: 'Where open runs wait, and what would become of them in the draft',
      description: 'Or in the published version that is named.',
    },
  })
    .input(bySlug.extend({ version }))
    .output(publishPreview)
    .query(({ ctx, input }) => previewPublish(ctx, input)),

  start: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/migrations',
      status: 202,
      tags,
      summary: 'Has open runs go over to a version, a few first, then so many a second',
      description:
        'To the live version where none is named. A run goes over while it waits: it waits on where its step is still there, and ' +
        'where that is gone it goes by `moves`: on at another step, or out with a reason. Without a move it is left as it is, and said so.',
      example: { input: { moves: { wait: { to: 'remind' } } }, output: { id: EXAMPLE_ID, total: 200 } },
    },
  })
    .input(bySlug.extend({ ...migrationPlan.shape, version: z.int().min(1).optional() }))
    .output(z.object({ id: z.uuid(), total: z.int() }))
    .mutation(({ ctx, input }) => startMigration(ctx, input)),

  list: procedure({
    scope: 'playbooks:read',
    rest: { method: 'GET', path: '/v1/playbooks/{slug}/migrations', tags, summary: 'The last 20, the newest first' },
  })
    .input(bySlug)
    .output(z.object({ data: z.array(migrationRow), nextCursor: z.null() }))
    .query(async ({ ctx, input }) => ({ data: await listMigrations(ctx, input.slug), nextCursor: null })),

  get: procedure({
    scope: 'playbooks:read',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/migrations/{id}',
      tags,
      summary: 'How far one is, with its runs and what became of each',
    },
  })
    .input(byId.extend({ status: migrationRunStatus.optional(), cursor }))
    .output(z.object({ migration: migrationRow, data: z.array(migrationRun), nextCursor: z.string().nullable() }))
    .query(({ ctx, input }) => readMigration(ctx, input)),

  pause: change('pause', 'Tells no more runs until it is continued'),
  continue: change('continue', 'Goes on', 'At full pace: whoever continues it has looked at the first runs.'),
  cancel: change('cancel', 'Leaves the runs that were not told yet as they are'),
  revert: change(
    'revert',
    'Takes it back',
    'Runs that still wait where they went over go back to the version they were under; those that went on stay, and are named.',
  ),
})
