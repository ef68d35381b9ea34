import { z } from 'zod'
import type { Fault } from '../../nodes/fault.ts'
import { writeAudit } from '../auth/audit.ts'
import { jsonObject, slugSchema } from '../playbooks/playbook-schemas.ts'
import { problem } from '../problem.ts'
import { procedure, router } from '../trpc.ts'
import {
  checkConnection,
  connectByToken,
  connectorNamed,
  listConnections,
  removeConnection,
  resumeHeldRuns,
  setBudget,
} from './connections.ts'
import { budget, connectionView } from './connection-schemas.ts'
import { addKeyField, readKeyField } from './key-field.ts'
import { reopened, startAuthorization } from './oauth-flow.ts'
import { writeOauthApp } from './oauth-apps.ts'
import { pauseConnection, resumeConnection } from './pause-connection.ts'
import { sandboxBase } from './settings.ts'

const tags = ['Connections']
const app = z.string().min(1).max(50)
const byId = z.object({ id: z.uuid() })
const EXAMPLE_ID = '01920000-0000-7000-8000-000000000000'
const name = z.string().trim().min(1).max(100)

export const connectionsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/connections', tags, summary: 'Connected systems and how they are' },
  })
    .output(z.object({ data: z.array(connectionView), nextCursor: z.null() }))
    .query(async ({ ctx }) => ({ data: await listConnections(ctx), nextCursor: null })),

  createToken: procedure({ scope: 'admin' })
    .input(
      z.object({
        app,
        slug: slugSchema,
        name,
        credentials: z.record(z.string().max(100), z.union([z.string().max(10_000), z.number(), z.boolean()])),
        settings: jsonObject.default({}),
        /** To the sandbox of the app. Default: where the sandboxes are on. */
        sandbox: z.boolean().optional(),
        /** Puts new credentials into this connection instead of making one. */
        connectionId: z.uuid().optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const sandbox = input.sandbox ?? hasSandbox(ctx.sandboxUrl, input.app)
      const made = await connectByToken(ctx, { ...input, sandbox })
      if (input.connectionId !== undefined) await reopened(ctx, made.id)
      // One of this name may have been removed while runs were held by it.
      else await resumeHeldRuns(ctx, made.id)
      return made
    }),

  authorize: procedure({ scope: 'admin' })
    .input(
      z.object({
        app,
        slug: slugSchema.optional(),
        name: name.optional(),
        connectionId: z.uuid().optional(),
        sandbox: z.boolean().optional(),
      }),
    )
    .output(z.object({ url: z.string() }))
    .mutation(({ ctx, input }) =>
      startAuthorization(ctx, {
        app: input.app,
        slug: input.slug ?? input.app,
        name: input.name ?? connectorNamed(ctx, input.app).label,
        connectionId: input.connectionId ?? null,
        sandbox: input.sandbox ?? hasSandbox(ctx.sandboxUrl, input.app),
      }),
    ),

  check: procedure({ scope: 'playbooks:write' })
    .input(byId)
    .output(z.object({ identity: z.string().nullable(), fault: z.custom<Fault>(() => true).nullable() }))
    .mutation(({ ctx, input }) => checkConnection(ctx, input.id)),

  /** Where the stand-ins answer that new connections lead to; none where the sandboxes are off. */
  sandboxes: procedure({ scope: 'data:read' }).query(({ ctx }) => ({
    data: WITH_SANDBOX.filter((name) => hasSandbox(ctx.sandboxUrl, name)).map((name) => ({
      app: name,
      address: sandboxBase(ctx.sandboxUrl, name),
    })),
  })),

  keyField: procedure({ scope: 'playbooks:write' })
    .input(byId)
    .query(async ({ ctx, input }) => ({ data: await readKeyField(ctx, input.id) })),

  installKeyField: procedure({ scope: 'admin' })
    .input(byId)
    .mutation(async ({ ctx, input }) => ({ data: await addKeyField(ctx, input.id) })),

  pause: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/connections/{id}/pause',
      tags,
      summary: 'Calls nothing through it any more; runs that come to it are held',
      example: { input: { reason: 'Maintenance at the vendor' }, output: { id: EXAMPLE_ID } },
    },
  })
    .input(byId.extend({ reason: z.string().trim().min(1).max(500) }))
    .output(byId)
    .mutation(({ ctx, input }) => pauseConnection(ctx, input)),

  resume: procedure({
    scope: 'runs:write',
    rest: {
      method: 'POST',
      path: '/v1/connections/{id}/resume',
      tags,
      summary: 'Opens a connection that a person paused; its held runs go on, so many a second',
      description: 'Without `perSecond` as fast as its budget allows.',
      example: { input: { perSecond: 5 }, output: { id: EXAMPLE_ID } },
    },
  })
    .input(byId.extend({ perSecond: z.number().min(0.01).max(1_000).nullable().default(null) }))
    .output(byId)
    .mutation(({ ctx, input }) => resumeConnection(ctx, input)),

  setBudget: procedure({ scope: 'admin' })
    .input(byId.extend({ budget: budget.nullable() }))
    .mutation(({ ctx, input }) => setBudget(ctx, input)),

  remove: procedure({ scope: 'admin' })
    .input(byId)
    .mutation(({ ctx, input }) => removeConnection(ctx, input.id)),

  setOauthApp: procedure({ scope: 'admin' })
    .input(
      z.object({
        app,
        clientId: z.string().trim().min(1).max(500),
        clientSecret: z.string().trim().min(1).max(500),
        /** Another address of the vendor: a Salesforce My Domain or test org, Intercom's EU or AU region. */
        base: z
          .url({ protocol: /^https$/ })
          .nullable()
          .default(null),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      if (connectorNamed(ctx, input.app).oauth === null)
        throw problem(422, 'AUTH_KIND', `${input.app} has no sign-in that would need a client id.`)
      await writeOauthApp(ctx, { workspaceId: ctx.workspaceId, ...input }, ctx.now)
      await writeAudit(ctx.db, ctx, { action: 'oauth-app.set', target: input.app })
      return { app: input.app }
    }),

  oauthApps: procedure({ scope: 'admin' }).query(async ({ ctx }) => {
    const rows = await ctx.db
      .selectFrom('oauth_apps')
      .select(['app', 'client_id', 'updated_at'])
      .where('workspace_id', '=', ctx.workspaceId)
      .execute()
    return {
      redirectUris: ctx.catalog.connectors
        .filter(({ oauth }) => oauth !== null)
        .map((connector) => ({ app: connector.app, redirectUri: `${ctx.publicUrl}/oauth/callback/${connector.app}` })),
      apps: rows.map((row) => ({ app: row.app, clientId: row.client_id, updatedAt: row.updated_at.toISOString() })),
    }
  }),
})

/** Both vendors have a stand-in; Slack, SMTP and plain HTTP have none. */
const WITH_SANDBOX = ['intercom', 'salesforce']

const hasSandbox = (sandboxUrl: string | null, name: string): boolean =>
  sandboxUrl !== null && WITH_SANDBOX.includes(name)
