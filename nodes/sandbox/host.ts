import Fastify, { type FastifyInstance } from 'fastify'
import type { Sandbox, SandboxApp, Stage } from './app.ts'
import { controlRoutes } from './control.ts'
import { faultBox } from './faults.ts'
import { limitSchema, rateWindow } from './limits.ts'
import { observe } from './observe.ts'
import { requestLog } from './requests.ts'
import { readSnapshot, snapshotText } from './snapshot.ts'
import { type Database, openDatabase } from './store.ts'

export interface HostOptions {
  apps: SandboxApp[]
  /** 0 takes a free one. */
  port: number
  /** null keeps everything in memory. */
  dataDir: string | null
  now?: () => number
}

export interface RunningSandbox {
  /** e.g. `http://127.0.0.1:4010` */
  url: string
  close(): Promise<void>
}

/**
 * Starts the stand-ins on 127.0.0.1 only: they hold made-up data and take made-up faults from anyone who can reach them.
 * @throws Error with `code` EADDRINUSE when the port is taken.
 */
export async function startSandboxHost(options: HostOptions): Promise<RunningSandbox> {
  const database = openDatabase(options.dataDir)
  const server = Fastify({
    forceCloseConnections: true,
    bodyLimit: 5_000_000,
    routerOptions: { maxParamLength: 2_000 },
  })
  const stop = new AbortController()
  let base = ''
  takeForms(server)
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  )
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      error: `Nothing at ${request.method} ${request.url}. The sandboxes answer under ${options.apps
        .map(({ app }) => `/${app} and /_sandbox/${app}`)
        .join(', ')}.`,
    }),
  )
  for (const app of options.apps) {
    const stage = stageFor(app, { database, now: options.now ?? Date.now, url: () => base, signal: stop.signal })
    server.register(
      async (scope) => {
        observe(scope, stage)
        app.register(scope, stage.sandbox)
      },
      { prefix: `/${app.app}` },
    )
    server.register(async (scope) => controlRoutes(scope, stage), { prefix: `/_sandbox/${app.app}` })
  }
  server.get('/_sandbox', () => ({ data: options.apps.map(({ app, label }) => ({ app, label })) }))
  server.get('/_sandbox/snapshot', (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(snapshotText(options.dataDir, readSnapshot(database.sqlite))),
  )
  server.addHook('onClose', () => database.close())
  try {
    base = await server.listen({ port: options.port, host: '127.0.0.1' })
  } catch (error) {
    await server.close()
    throw error
  }
  return {
    url: base,
    close: async () => {
      stop.abort()
      await server.close()
    },
  }
}

interface Surroundings {
  database: Database
  now(): number
  url(): string
  signal: AbortSignal
}

function stageFor(app: SandboxApp, { database, now, url, signal }: Surroundings): Stage {
  const store = database.forApp(app.app)
  const kept = limitSchema.safeParse(store.get('_limit', 'current'))
  const sandbox: Sandbox = {
    app: app.app,
    store,
    limit: rateWindow(kept.success ? kept.data : app.limit),
    now,
    url: () => `${url()}/${app.app}`,
    signal,
  }
  store.transaction(() => {
    if (store.get('_state', 'seeded')) return
    app.seed(sandbox)
    store.put('_state', { id: 'seeded', body: { seeded: true } })
  })
  return { app, sandbox, faults: faultBox(database.sqlite, app.app), requests: requestLog(database.sqlite, app.app) }
}

/** Fastify parses JSON only; OAuth's token endpoints take forms. */
function takeForms(server: FastifyInstance): void {
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
}
