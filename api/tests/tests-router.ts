import { z } from 'zod'
import { assumption, documentInput, jsonObject, slugSchema } from '../playbooks/playbook-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { acceptTest, listTests, removeTest, runTests, saveTest, setGate, viewTest } from './test-cases.ts'
import { testReport, testRow, testView } from './test-schemas.ts'

const tags = ['Simulation']
const bySlug = z.object({ slug: slugSchema })
const byId = bySlug.extend({ id: z.uuid() })
const subject = z.union([
  z.strictObject({ contact: z.string().min(1).max(500) }),
  z.strictObject({ account: z.string().min(1).max(500) }),
  z.strictObject({
    madeUp: z.strictObject({
      contact: jsonObject.optional(),
      account: jsonObject.optional(),
      segments: z.array(z.string().max(100)).optional(),
      signals: z.array(z.string().max(100)).optional(),
    }),
  }),
])
const dryRun = z.strictObject({
  document: documentInput.optional(),
  subject,
  trigger: z.strictObject({ step: z.string().max(100).optional(), data: jsonObject.optional() }).optional(),
  waits: z.record(z.string().max(100), assumption).optional(),
  pins: jsonObject.optional(),
})

/** Tests hold what runs were told of people, so whoever reads them may write playbooks. */
export const testsRouter = router({
  list: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/tests',
      tags,
      summary: 'Tests of a playbook, and whether they gate publishing',
    },
  })
    .input(bySlug)
    .output(z.object({ gate: z.boolean(), data: z.array(testRow), nextCursor: z.null() }))
    .query(async ({ ctx, input }) => ({ ...(await listTests(ctx, input.slug)), nextCursor: null })),

  get: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}/tests/{id}',
      tags,
      summary: 'A test with all that its run is told',
    },
  })
    .input(byId)
    .output(testView)
    .query(({ ctx, input }) => viewTest(ctx, input)),

  save: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/tests',
      status: 201,
      tags,
      summary: 'Keeps a run, or a dry run, as a test',
      description:
        'What the run was told (facts, trigger, answers, events) is kept with the way it went and what it sent, which are ' +
        'expected from then on. A run that a person led by hand, or that is not over, is no test (422 TEST_NOT_REPEATABLE).',
      example: {
        input: {
          name: 'Large accounts get an opportunity',
          from: { run: 'run_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5f6a7b8c9' },
        },
        output: { id: '019a0000-0000-7000-8000-000000000000' },
      },
    },
  })
    .input(
      bySlug.extend({
        name: z.string().trim().min(1).max(200),
        from: z.union([z.strictObject({ run: z.string().min(1).max(100) }), z.strictObject({ dryRun })]),
      }),
    )
    .output(z.object({ id: z.string() }))
    .mutation(({ ctx, input }) => saveTest(ctx, input)),

  remove: procedure({
    scope: 'playbooks:write',
    rest: { method: 'DELETE', path: '/v1/playbooks/{slug}/tests/{id}', tags, summary: 'Removes a test' },
  })
    .input(byId)
    .output(z.object({ id: z.string() }))
    .mutation(({ ctx, input }) => removeTest(ctx, input)),

  accept: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/tests/{id}/accept',
      tags,
      summary: 'From now on expects what the draft does',
    },
  })
    .input(byId.extend({ document: documentInput.optional() }))
    .output(testRow)
    .mutation(({ ctx, input }) => acceptTest(ctx, input)),

  run: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/tests/run',
      tags,
      summary: 'Runs all tests against the draft, with no write to anything',
      example: { input: {}, output: { passed: 1, failed: 0, results: [] } },
    },
  })
    .input(bySlug.extend({ document: documentInput.optional() }))
    .output(testReport)
    .mutation(({ ctx, input }) => runTests(ctx, input)),

  setGate: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'PUT',
      path: '/v1/playbooks/{slug}/tests/gate',
      tags,
      summary: 'Says whether the draft is published only while its tests pass',
      example: { input: { gate: true }, output: { gate: true } },
    },
  })
    .input(bySlug.extend({ gate: z.boolean() }))
    .output(z.object({ gate: z.boolean() }))
    .mutation(({ ctx, input }) => setGate(ctx, input)),
})
