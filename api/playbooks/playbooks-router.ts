import { z } from 'zod'
import { EFFECT_HEADER } from '../../nodes/effect-header.ts'
import { migrationPlan } from '../run-migrations/migration-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { createPlaybook, saveDraft, viewPlaybook } from './drafts.ts'
import { type DryRun, dryRun } from './dry-run.ts'
import { flowOf } from './flow.ts'
import {
  assumption,
  documentInput,
  jsonObject,
  playbookRow,
  playbookView,
  savedDraft,
  slugSchema,
} from './playbook-schemas.ts'
import { listPlaybooks } from './playbook-store.ts'
import { publishPlaybook } from './publish.ts'
import { startRun } from './start-run.ts'
import { setPlaybookStatus } from './status.ts'
import { TEMPLATES } from './templates.ts'
import { webhookUrl } from './webhook-tokens.ts'

const tags = ['Playbooks']
const bySlug = z.object({ slug: slugSchema })
const subjectChoice = z.union([
  z.strictObject({ contact: z.string().min(1).max(500) }),
  z.strictObject({ account: z.string().min(1).max(500) }),
])
const madeUp = z.strictObject({
  contact: jsonObject.optional(),
  account: jsonObject.optional(),
  segments: z.array(z.string().max(100)).optional(),
  signals: z.array(z.string().max(100)).optional(),
})
const openRuns = z.enum(['finish', 'pause', 'cancel']).default('finish')
const statusAnswer = z.object({
  status: z.enum(['on', 'paused', 'archived']),
  /** Open runs that were ended. */
  cancelled: z.int(),
  /** Open runs that are told to begin nothing new. */
  toPause: z.int(),
})

const EXAMPLE_DOCUMENT = {
  name: 'Expansion signal to opportunity',
  subject: 'contact',
  enrollment: { reentry: { policy: 'once_per', days: 30 }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.signal', input: { signal: 'expansion-ready', edge: 'set' }, at: [0, 0] },
    {
      id: 'tag',
      type: 'intercom.tagContact@1',
      connection: 'intercom',
      input: { contact: '{{ contact.id }}', tag: 'expansion' },
      at: [0, 140],
    },
  ],
  edges: [['start', 'tag']],
}

const changeStatus = (action: 'resume' | 'pause' | 'archive', summary: string) =>
  procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: `/v1/playbooks/{slug}/${action}`,
      tags,
      summary,
      example: { input: { openRuns: 'finish' }, output: { status: 'paused', cancelled: 0, toPause: 0 } },
    },
  })
    .input(bySlug.extend({ openRuns }))
    .output(statusAnswer)
    .mutation(({ ctx, input }) => setPlaybookStatus(ctx, { ...input, action }))

export const playbooksRouter = router({
  list: procedure({
    scope: 'playbooks:read',
    rest: { method: 'GET', path: '/v1/playbooks', tags, summary: 'All playbooks with how their runs are doing' },
  })
    .output(z.object({ data: z.array(playbookRow), nextCursor: z.null() }))
    .query(async ({ ctx }) => ({ data: await listPlaybooks(ctx), nextCursor: null })),

  templates: procedure({ scope: 'playbooks:read' }).query(() =>
    TEMPLATES.map(({ id, name, description, document }) => ({ id, name, description, subject: document.subject })),
  ),

  create: procedure({ scope: 'playbooks:write' })
    .input(
      z.object({
        name: z.string().trim().min(1).max(200),
        subject: z.enum(['contact', 'account']),
        template: z.string().max(100).optional(),
      }),
    )
    .mutation(({ ctx, input }) => createPlaybook(ctx, input)),

  get: procedure({
    scope: 'playbooks:read',
    rest: {
      method: 'GET',
      path: '/v1/playbooks/{slug}',
      tags,
      summary: 'The draft with its problems, or a published version',
    },
  })
    .input(bySlug.extend({ version: z.int().min(1).optional() }))
    .output(playbookView)
    .query(({ ctx, input }) => viewPlaybook(ctx, input)),

  save: procedure({ scope: 'playbooks:write' })
    .input(bySlug.extend({ document: documentInput, revision: z.int().min(0) }))
    .output(savedDraft)
    .mutation(({ ctx, input }) => saveDraft(ctx, { ...input, create: false })),

  put: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'PUT',
      path: '/v1/playbooks/{slug}',
      tags,
      summary: 'Saves the draft; makes the playbook if it is new',
      description:
        'The body is the document. The answer has its problems; a draft with problems is kept, but cannot be published. ' +
        'With If-Match: <revision> a draft that someone saved meanwhile is refused (409) instead of replaced.',
      bodyField: 'document',
      headers: { 'if-match': 'revision' },
      example: { input: EXAMPLE_DOCUMENT, output: { slug: 'expansion', revision: 1, problems: [] } },
    },
  })
    .input(bySlug.extend({ document: documentInput, revision: z.int().min(0).optional() }))
    .output(savedDraft)
    .mutation(({ ctx, input }) => saveDraft(ctx, { ...input, revision: input.revision ?? null, create: true })),

  publish: procedure({
    scope: 'playbooks:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/publish',
      tags,
      summary: 'Freezes the draft as the next version',
      description:
        '422 with problems[] when the draft has any. With If-Match: <revision> only the draft that you have seen is ' +
        'published; one that someone saved meanwhile is refused (409). Runs that are open finish on the version they began ' +
        'with, unless `openRuns` says how they go over to this one: then the answer names the migration.',
      headers: { 'if-match': 'revision' },
      example: { output: { version: 1 } },
    },
  })
    .input(bySlug.extend({ revision: z.int().min(0).optional(), openRuns: migrationPlan.optional() }))
    .output(z.object({ version: z.int(), migration: z.object({ id: z.uuid(), total: z.int() }).optional() }))
    .mutation(({ ctx, input: { slug, ...given } }) => publishPlaybook(ctx, slug, given)),

  setStatus: procedure({ scope: 'playbooks:write' })
    .input(bySlug.extend({ action: z.enum(['resume', 'pause', 'archive']), openRuns }))
    .output(statusAnswer)
    .mutation(({ ctx, input }) => setPlaybookStatus(ctx, input)),
  resume: changeStatus('resume', 'Turns the playbook on'),
  pause: changeStatus('pause', 'Stops enrolling; open runs finish, are paused too or are cancelled'),
  archive: changeStatus('archive', 'Puts the playbook away; open runs finish, are paused or are cancelled'),

  dryRun: procedure({
    scope: 'playbooks:read',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/dry-run',
      tags,
      summary: 'What would happen to one contact or account, with no write to anything',
      description:
        'Takes the saved draft, or `document`. The subject is one of yours or made up. Answers of the outside are what is ' +
        'pinned (`pins`, by step), else the kept samples of the steps, else those of their definitions; what rests on them is ' +
        'marked `assumed`. `waits` says by step what a wait for an event, a rule or somebody’s answer comes to.',
      example: {
        input: { subject: { madeUp: { contact: { name: 'Ada' }, account: { mrr: 240 } } } },
        output: { enrolls: true, why: null, status: 'completed', reason: null, steps: [] },
      },
    },
  })
    .input(
      bySlug.extend({
        document: documentInput.optional(),
        subject: z.union([...subjectChoice.options, z.strictObject({ madeUp })]),
        trigger: z.strictObject({ step: z.string().max(100).optional(), data: jsonObject.optional() }).optional(),
        waits: z.record(z.string().max(100), assumption).optional(),
        pins: jsonObject.optional(),
      }),
    )
    .output(z.custom<DryRun>(() => true))
    .mutation(({ ctx, input }) => dryRun(ctx, input)),

  start: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/playbooks/{slug}/runs',
      status: 202,
      tags,
      summary: 'Starts a run for one contact or account',
      description:
        'The live version needs the trigger “Started by hand or API”. The same Idempotency-Key answers with the same run; ' +
        'a refused enrollment is 409 with its code and reason. `waits`: another run of its subject is open, and this one ' +
        'begins after it, where the playbook has runs wait for their turn. A call that comes of a run’s HTTP call passes its ' +
        'Signalbox-Effect on, so that a run that would start itself again is refused.',
      headers: { 'Idempotency-Key': 'idempotencyKey', [EFFECT_HEADER]: 'effect' },
      example: {
        input: { subject: { contact: 'u-1042' }, data: { reason: 'Asked for by the account team' } },
        output: { run: { id: 'run_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5f6a7b8c9', waits: false } },
      },
    },
  })
    .input(
      bySlug.extend({
        subject: subjectChoice,
        data: jsonObject.default({}),
        idempotencyKey: z.string().min(1).max(255).optional(),
        effect: z.string().max(200).optional(),
      }),
    )
    .output(z.object({ run: z.object({ id: z.string(), waits: z.boolean() }) }))
    .mutation(({ ctx, input }) => startRun(ctx, input)),

  webhook: procedure({ scope: 'playbooks:write' })
    .input(bySlug.extend({ step: z.string().max(100) }))
    .output(z.object({ url: z.string() }))
    .query(({ ctx, input }) => webhookUrl(ctx, input)),

  flow: procedure({ scope: 'playbooks:read' })
    .input(bySlug)
    .output(z.object({ steps: z.record(z.string(), z.int()), open: z.int() }))
    .query(({ ctx, input }) => flowOf(ctx, input.slug)),
})
