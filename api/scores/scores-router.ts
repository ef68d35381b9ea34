import { z } from 'zod'
import { audienceSlug } from '../audiences/audience-schemas.ts'
import { deleteAudience } from '../audiences/write-audience.ts'
import { procedure, router } from '../trpc.ts'
import { previewComputed, previewScore } from './preview-scores.ts'
import { listComputed, viewComputed } from './read-computed.ts'
import { listScored, listScores, viewScore } from './read-scores.ts'
import { scoreHistory as readHistory } from './score-history.ts'
import {
  computedChange,
  computedInput,
  computedPreview,
  computedPreviewInput,
  computedRow,
  computedView,
  historyQuery,
  scoreChange,
  scoredPage,
  scoredQuery,
  scoreHistory,
  scoreInput,
  scorePreview,
  scorePreviewInput,
  scoreRow,
  scoreView,
} from './score-schemas.ts'
import { createComputed, createScore, updateComputed, updateScore } from './write-scores.ts'

const bySlug = z.object({ slug: audienceSlug })
const slugOnly = z.object({ slug: z.string() })

const EXAMPLE_SCORE = {
  name: 'Health',
  subject: 'account' as const,
  definition: {
    parts: [
      {
        name: 'Usage',
        weight: 3,
        measure: {
          of: { figure: 'count' as const, event: 'Logged In', within: 'P30D' },
          from: 0,
          to: 20,
          missing: 'none' as const,
        },
      },
      { name: 'Pays', weight: 1, rule: { property: 'account.mrr', op: 'gt' as const, value: 0 } },
    ],
    bands: [
      { name: 'Poor', from: 0, color: 'red' as const },
      { name: 'Good', from: 60, color: 'green' as const },
    ],
    stages: [],
  },
}
const EXAMPLE_COMPUTED = {
  name: 'Logins per seat',
  subject: 'account' as const,
  definition: {
    property: 'logins_per_seat',
    formula: 'inputs.logins / account.seats',
    inputs: { logins: { figure: 'count' as const, event: 'Logged In', within: 'P30D' } },
  },
}

const scores = '/v1/scores'
const scoreTags = ['Scores']

export const scoresRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: scores, tags: scoreTags, summary: 'All scores with how many are in each band' },
  })
    .output(z.object({ data: z.array(scoreRow), nextCursor: z.null() }))
    .query(({ ctx }) => listScores(ctx)),

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: `${scores}/{slug}`,
      tags: scoreTags,
      summary: 'One score: its distribution, who moved most in 30 days, the latest changes of band',
    },
  })
    .input(bySlug)
    .output(scoreView)
    .query(({ ctx, input }) => viewScore(ctx, input)),

  members: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: `${scores}/{slug}/members`,
      tags: scoreTags,
      summary: 'Who has the score, the lowest or the highest first',
    },
  })
    .input(scoredQuery)
    .output(scoredPage)
    .query(({ ctx, input }) => listScored(ctx, input)),

  history: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: `${scores}/{slug}/history`,
      tags: scoreTags,
      summary: "One subject's score now, with what each part gave, and how it came there",
    },
  })
    .input(historyQuery)
    .output(scoreHistory)
    .query(({ ctx, input }) => readHistory(ctx, input)),

  create: procedure({
    scope: 'data:write',
    rest: {
      method: 'POST',
      path: scores,
      status: 201,
      tags: scoreTags,
      summary: 'Makes a score and works it out for everybody',
      example: { input: EXAMPLE_SCORE, output: { slug: 'health' } },
    },
  })
    .input(scoreInput)
    .output(slugOnly)
    .mutation(({ ctx, input }) => createScore(ctx, input)),

  update: procedure({
    scope: 'data:write',
    rest: { method: 'PATCH', path: `${scores}/{slug}`, tags: scoreTags, summary: 'Changes a score' },
  })
    .input(scoreChange)
    .output(slugOnly)
    .mutation(({ ctx, input }) => updateScore(ctx, input)),

  delete: procedure({
    scope: 'data:write',
    rest: {
      method: 'DELETE',
      path: `${scores}/{slug}`,
      tags: scoreTags,
      summary: 'Removes a score that no rule and no playbook reads, with its history',
    },
  })
    .input(bySlug)
    .output(slugOnly)
    .mutation(({ ctx, input }) => deleteAudience(ctx, 'score', input)),

  preview: procedure({
    scope: 'data:read',
    rest: {
      method: 'POST',
      path: `${scores}/preview`,
      tags: scoreTags,
      summary: 'What a score would be for some, part by part, keeping nothing',
    },
  })
    .input(scorePreviewInput)
    .output(scorePreview)
    .query(({ ctx, input }) => previewScore(ctx, input)),
})

const computed = '/v1/computed-properties'
const computedTags = ['Computed properties']

export const computedRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: computed, tags: computedTags, summary: 'All computed properties' },
  })
    .output(z.object({ data: z.array(computedRow), nextCursor: z.null() }))
    .query(({ ctx }) => listComputed(ctx)),

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: `${computed}/{slug}`,
      tags: computedTags,
      summary: 'One computed property with the values that changed last',
    },
  })
    .input(bySlug)
    .output(computedView)
    .query(({ ctx, input }) => viewComputed(ctx, input)),

  create: procedure({
    scope: 'data:write',
    rest: {
      method: 'POST',
      path: computed,
      status: 201,
      tags: computedTags,
      summary: 'Makes a computed property and works it out for everybody',
      example: { input: EXAMPLE_COMPUTED, output: { slug: 'logins-per-seat' } },
    },
  })
    .input(computedInput)
    .output(slugOnly)
    .mutation(({ ctx, input }) => createComputed(ctx, input)),

  update: procedure({
    scope: 'data:write',
    rest: { method: 'PATCH', path: `${computed}/{slug}`, tags: computedTags, summary: 'Changes a computed property' },
  })
    .input(computedChange)
    .output(slugOnly)
    .mutation(({ ctx, input }) => updateComputed(ctx, input)),

  delete: procedure({
    scope: 'data:write',
    rest: {
      method: 'DELETE',
      path: `${computed}/{slug}`,
      tags: computedTags,
      summary: 'Removes a computed property that no rule and no playbook reads; what it wrote stays',
    },
  })
    .input(bySlug)
    .output(slugOnly)
    .mutation(({ ctx, input }) => deleteAudience(ctx, 'computed', input)),

  preview: procedure({
    scope: 'data:read',
    rest: {
      method: 'POST',
      path: `${computed}/preview`,
      tags: computedTags,
      summary: 'What a formula would give for some, keeping nothing',
    },
  })
    .input(computedPreviewInput)
    .output(computedPreview)
    .query(({ ctx, input }) => previewComputed(ctx, input)),
})
