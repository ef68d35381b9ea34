import { z } from 'zod'
import { procedure, router } from '../trpc.ts'
import { audienceHistory as readHistory, audienceUses as readUses } from './audience-history.ts'
import {
  audienceChange,
  audienceHistory,
  audienceInput,
  audienceRow,
  audienceSlug,
  audienceUses,
  audienceView,
  edgePage,
  historyInput,
  memberPage,
  previewInput,
  previewOutput,
} from './audience-schemas.ts'
import { previewAudience } from './preview-audience.ts'
import { listAudiences, listEdges, listMembers, viewAudience } from './read-audiences.ts'
import { createAudience, deleteAudience, updateAudience } from './write-audience.ts'

const EXAMPLE_RULE = {
  all: [
    { property: 'account.mrr', op: 'gt', value: 100 },
    { event: 'Seat Limit Reached', count: { op: 'gte', value: 1 }, within: 'P14D' },
  ],
} // prettier-ignore
const place = z.object({ slug: audienceSlug, cursor: z.string().max(500).nullish() })
const slugOnly = z.object({ slug: z.string() })

const deletion = (kind: 'segment' | 'signal') =>
  procedure({
    scope: 'data:write',
    rest: {
      method: 'DELETE',
      path: `/v1/${kind}s/{slug}`,
      tags: [kind === 'signal' ? 'Signals' : 'Segments'],
      summary: `Removes a ${kind} that no rule and no playbook reads`,
    },
  })
    .input(slugOnly)
    .output(slugOnly)
    .mutation(({ ctx, input }) => deleteAudience(ctx, kind, input))

/** What is read of one. */
function readings(kind: 'segment' | 'signal') {
  const path = `/v1/${kind}s`
  const tags = [kind === 'signal' ? 'Signals' : 'Segments']
  return {
    get: procedure({
      scope: 'data:read',
      rest: {
        method: 'GET',
        path: `${path}/{slug}`,
        tags,
        summary: `One ${kind}: its rule, who is in it, its latest edges`,
      },
    })
      .input(place)
      .output(audienceView)
      .query(({ ctx, input }) => viewAudience(ctx, kind, input)),

    members: procedure({
      scope: 'data:read',
      rest: {
        method: 'GET',
        path: `${path}/{slug}/members`,
        tags,
        summary: `Who is in the ${kind} now, the newest first`,
      },
    })
      .input(place)
      .output(memberPage)
      .query(({ ctx, input }) => listMembers(ctx, kind, input)),

    edges: procedure({
      scope: 'data:read',
      rest: {
        method: 'GET',
        path: `${path}/{slug}/edges`,
        tags,
        summary: `What turned the ${kind}, the newest first, each with its cause and why`,
      },
    })
      .input(place)
      .output(edgePage)
      .query(({ ctx, input }) => listEdges(ctx, kind, input)),

    history: procedure({
      scope: 'data:read',
      rest: {
        method: 'GET',
        path: `${path}/{slug}/history`,
        tags,
        summary: `How many were in the ${kind} each day, and who entered and left`,
      },
    })
      .input(historyInput)
      .output(audienceHistory)
      .query(({ ctx, input }) => readHistory(ctx, kind, input)),

    uses: procedure({
      scope: 'data:read',
      rest: { method: 'GET', path: `${path}/{slug}/uses`, tags, summary: `What reads the ${kind}` },
    })
      .input(slugOnly)
      .output(audienceUses)
      .query(({ ctx, input }) => readUses(ctx, kind, input)),
  }
}

/** Segments and signals are written, asked and read alike; only their words differ. */
function audienceRouter(kind: 'segment' | 'signal') {
  const path = `/v1/${kind}s`
  const tags = [kind === 'signal' ? 'Signals' : 'Segments']
  return router({
    list: procedure({
      scope: 'data:read',
      rest: { method: 'GET', path, tags, summary: `All ${kind}s with how many are in each` },
    })
      .output(z.object({ data: z.array(audienceRow), nextCursor: z.null() }))
      .query(({ ctx }) => listAudiences(ctx, kind)),

    ...readings(kind),

    create: procedure({
      scope: 'data:write',
      rest: {
        method: 'POST',
        path,
        status: 201,
        tags,
        summary: `Makes a ${kind} and asks its rule for everybody`,
        example: {
          input: { name: 'Expansion ready', subject: 'contact', rule: EXAMPLE_RULE },
          output: { slug: 'expansion-ready' },
        },
      },
    })
      .input(audienceInput)
      .output(slugOnly)
      .mutation(({ ctx, input }) => createAudience(ctx, kind, input)),

    update: procedure({
      scope: 'data:write',
      rest: { method: 'PATCH', path: `${path}/{slug}`, tags, summary: `Changes the words or the rule of a ${kind}` },
    })
      .input(audienceChange)
      .output(slugOnly)
      .mutation(({ ctx, input }) => updateAudience(ctx, kind, input)),

    delete: deletion(kind),

    preview: procedure({
      scope: 'data:read',
      rest: {
        method: 'POST',
        path: `${path}/preview`,
        tags,
        summary: 'Who a rule would hold for now, keeping nothing',
      },
    })
      .input(previewInput)
      .output(previewOutput)
      .query(({ ctx, input }) => previewAudience(ctx, input)),
  })
}

export const segmentsRouter = audienceRouter('segment')
export const signalsRouter = audienceRouter('signal')
