import compress from '@fastify/compress'
import {
  type CreateFastifyContextOptions,
  fastifyTRPCPlugin,
  type FastifyTRPCPluginOptions,
} from '@trpc/server/adapters/fastify'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions, LogController } from 'fastify'
import { type Identified, Identification } from './auth/requester.ts'
import { authRoutes } from './auth/routes.ts'
import { requireSameOrigin } from './auth/same-origin.ts'
import { allows } from './auth/scopes.ts'
import { askRoutes } from './asks/ask-routes.ts'
import { allowedOrigins, type Sessions } from './auth/sessions.ts'
import { oauthCallback } from './connections/callback-route.ts'
import type { ApiDeps } from './context.ts'
import { exportRoutes } from './customers/export-route.ts'
import { docsRoutes } from './docs/docs-page.ts'
import { appFiles } from './http/app-files.ts'
import { newId } from './db/new-id.ts'
import { answerProblems } from './http/errors.ts'
import { healthRoutes } from './http/health.ts'
import { requestId } from './http/log.ts'
import { createMetrics } from './http/metrics.ts'
import { securityHeaders } from './http/security.ts'
import { importRoutes } from './imports/import-routes.ts'
import { bulkRoutes } from './ingest/bulk-routes.ts'
import { trackingRoutes } from './ingest/tracking-routes.ts'
import { openApiDocument } from './openapi.ts'
import { playbookJsonSchema } from '../engine/model/playbook-schema.ts'
import { plainOperations } from './plain-operations.ts'
import { onPool } from './db/sql.ts'
import { personExportRoute } from './privacy/export-route.ts'
import { unsubscribeRoutes } from './privacy/unsubscribe-routes.ts'
import { createWorkspaceKeys } from './privacy/workspace-keys.ts'
import { problem } from './problem.ts'
import { type OpenContext, restRoutes } from './rest-bridge.ts'
import { type AppRouter, appRouter } from './router.ts'
import { forbidden, toTrpcError } from './trpc.ts'
import { hookRoutes } from './webhooks/hook-routes.ts'

export interface ServerDeps extends Omit<ApiDeps, 'log'> {
  sessions: Sessions
  clock: () => number
  /** Whose X-Forwarded-For is believed; empty: nobody's, and the caller is who holds the socket. */
  trustedProxies: string[]
  /** The folder of the built editor. */
  editorDir: string
  version: string
  logger: NonNullable<FastifyServerOptions['logger']>
}

/** A draft of 1,000 steps has some 300 KB; nothing else that is sent is near it. */
const BODY_LIMIT_BYTES = 3_000_000

/** The HTTP server with everything on it; does not listen yet. */
export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const server = Fastify({
    logger: deps.logger,
    genReqId: requestId,
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: deps.trustedProxies.length > 0 && deps.trustedProxies,
    // A batch of tRPC calls has all their names in the path.
    routerOptions: { maxParamLength: 5_000 },
    forceCloseConnections: true,
    logController: new LogController({ disableRequestLogging: true }),
  })
  const metrics = createMetrics(deps.db, deps.ingest)
  await groundwork(server, deps, metrics)
  const access = accessFor(deps)
  const { openContext, requireKey, origins } = access

  healthRoutes(server, deps)
  server.get('/metrics', async (request, reply) => {
    await requireKey(request, 'data:read')
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
  await server.register(authRoutes, { prefix: '/auth', sessions: deps.sessions, publicUrl: deps.publicUrl, origins })
  await server.register(restRoutes(openContext))
  await server.register(
    trackingRoutes({
      ingest: deps.ingest,
      authenticate: async (request, writeKey) => {
        // A page of any site may send with a write key; only one of our own may with the cookie.
        if (writeKey === undefined) requireSameOrigin(request, origins)
        return requireKey(request, 'events:write', writeKey)
      },
    }),
  )
  await server.register(
    exportRoutes(async (request) => ({
      db: deps.db,
      now: deps.clock(),
      ...(await requireKey(request, 'data:read')),
    })),
  )
  await server.register(
    bulkRoutes({
      ingest: deps.ingest,
      freshKey: () => newId(deps.clock()),
      authenticate: async (request) => {
        requireSameOrigin(request, origins)
        return requireKey(request, 'events:write')
      },
    }),
  )
  await server.register(importRoutes(openContext))
  await server.register(oauthCallback(openContext))
  await server.register(hookRoutes(deps))
  const workspaceKeys = createWorkspaceKeys(onPool(deps.pool), deps.vault, deps.clock)
  await server.register(unsubscribeRoutes({ db: deps.db, ingest: deps.ingest, keys: workspaceKeys }))
  await server.register(askRoutes(deps))
  await server.register(personExportRoute(openContext))
  await trpcRoutes(server, access)
  await descriptionRoutes(server, deps, access)
  notBuilt(server, requireKey)
  await appFiles(server, deps.editorDir)
  return server
}

/** What holds for every route: errors as problems, security headers, compression, a line in the log, numbers. */
async function groundwork(
  server: FastifyInstance,
  deps: ServerDeps,
  metrics: ReturnType<typeof createMetrics>,
): Promise<void> {
  answerProblems(server)
  allowEmptyJson(server)
  metrics.observe(server)
  server.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id))
  server.addHook('onResponse', async (request, reply) =>
    request.log.info({ req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered'),
  )
  await securityHeaders(server, deps.publicUrl)
  await server.register(compress, {
    // A stream of events must leave as it comes.
    customTypes: /^(?!text\/event-stream)(text\/.+|application\/(.+\+)?(json|javascript|xml)|image\/svg\+xml)/u,
    globalDecompression: false,
    threshold: 1024,
  })
}

interface Access {
  origins: string[]
  openContext(request: FastifyRequest): Promise<OpenContext>
  /** For routes that are no procedures. @throws ProblemError 401, 403 */
  requireKey(request: FastifyRequest, scope: 'data:read' | 'events:write', inBody?: string): Promise<Identified>
}

function accessFor(deps: ServerDeps): Access {
  const origins = allowedOrigins(deps.publicUrl)
  const identification = new Identification(deps)
  return {
    origins,
    async openContext(request) {
      const now = deps.clock()
      requireSameOrigin(request, origins)
      const identified = await identification.identify(request, now)
      return { ...deps, log: request.log, now, origin: originOf(request, origins, deps.publicUrl), ...identified }
    },
    async requireKey(request, scope, inBody) {
      const now = deps.clock()
      const identified =
        inBody !== undefined && request.headers.authorization === undefined
          ? await identification.byKey(inBody, now)
          : await identification.identify(request, now)
      if (identified === null) throw problem(401, 'UNAUTHENTICATED', 'Send a key as "Authorization: Bearer <api key>".')
      if (!allows(identified.actor, scope)) throw forbidden(identified.actor, scope)
      return identified
    },
  }
}

async function trpcRoutes(server: FastifyInstance, { openContext }: Access): Promise<void> {
  await server.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: {
      router: appRouter,
      createContext: async ({ req }: CreateFastifyContextOptions) => {
        try {
          return await openContext(req)
        } catch (error) {
          throw toTrpcError(error)
        }
      },
      onError: ({ error, path }) => {
        if (error.code === 'INTERNAL_SERVER_ERROR')
          server.log.error({ err: error.cause ?? error, path }, 'a call failed')
      },
    } satisfies FastifyTRPCPluginOptions<AppRouter>['trpcOptions'],
  })
}

async function descriptionRoutes(server: FastifyInstance, deps: ServerDeps, { requireKey }: Access): Promise<void> {
  const openApi = openApiDocument({ publicUrl: deps.publicUrl, version: deps.version, plain: plainOperations() })
  server.get('/v1/openapi.json', () => openApi)
  const playbookSchema = playbookJsonSchema()
  server.get('/v1/schemas/playbook.json', async (request) => {
    await requireKey(request, 'data:read')
    return playbookSchema
  })
  await docsRoutes(server)
}

/** Promised by the public surface, to come: answered so that a client can tell. */
function notBuilt(
  server: FastifyInstance,
  requireKey: (request: FastifyRequest, scope: 'data:read') => Promise<unknown>,
): void {
  for (const path of ['/v1/syncs', '/v1/syncs/*'])
    server.all(path, async (request) => {
      await requireKey(request, 'data:read')
      throw problem(
        501,
        'NOT_BUILT',
        'This part of Signalbox is not built yet. See /v1/openapi.json for what there is.',
      )
    })
}

/** `POST …/publish` with a JSON content type and no body is no mistake. */
function allowEmptyJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.removeContentTypeParser('application/json')
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body.trim() === '') done(null, undefined)
    else void parse(request, body, done)
  })
}

/** Where the browser has the app open, if that is an address of ours: vendors send it back there. */
function originOf(request: FastifyRequest, origins: string[], publicUrl: string): string {
  const { origin } = request.headers
  return origin !== undefined && origins.includes(origin) ? origin : new URL(publicUrl).origin
}
