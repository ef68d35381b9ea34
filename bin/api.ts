import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import type { FastifyInstance } from 'fastify'
import { allowedOrigins, openSessions } from '../api/auth/sessions.ts'
import { ConnectionStore } from '../api/connections/connection-store.ts'
import { openVault, type Vault, VaultError } from '../api/connections/vault.ts'
import { createBlobs } from '../api/db/blob-store.ts'
import { createBudgets } from '../api/db/budget-store.ts'
import { type OpenedDatabase, openDatabase } from '../api/db/database.ts'
import { migrateToLatest } from '../api/db/migrate.ts'
import { createRunDirectory } from '../api/db/run-directory.ts'
import { onPool } from '../api/db/sql.ts'
import { type Demo, startDemo } from '../api/demo/start-demo.ts'
import { firstStart } from '../api/first-start.ts'
import { loggerOptions } from '../api/http/log.ts'
import { createIngest } from '../api/ingest/ingest.ts'
import { keyReader } from '../api/keys/api-keys.ts'
import { createIdentityHash, identitySecret } from '../api/privacy/identity-hash.ts'
import { createRunKeys } from '../api/privacy/run-keys.ts'
import { createWorkspaceKeys } from '../api/privacy/workspace-keys.ts'
import { watchRuns } from '../api/runs/run-watch.ts'
import { buildServer, type ServerDeps } from '../api/server.ts'
import { dataConverterOf } from '../engine/temporal/data-converter.ts'
import { createRunClient } from '../engine/temporal/run-client.ts'
import { catalog } from '../nodes/catalog.ts'
import { toManifest } from '../nodes/to-manifest.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { exitWithParent } from './supervise/parent-watch.ts'
import { isUserError, UserError } from './supervise/user-error.ts'
import { temporalConnectionOptions } from './temporal-connection.ts'

const ROOT = join(import.meta.dirname, '..')

/** The API process: HTTP, the app's files, ingestion. Scales by adding more. */
async function main(): Promise<void> {
  const environment = readEnvironment(process.env, { sandbox: false, demo: false })
  const databaseUrl = required(environment.databaseUrl, 'SIGNALBOX_DATABASE_URL')
  await migrateToLatest(databaseUrl)
  const database = openDatabase(databaseUrl, { max: 16, onError: say })
  // Lazy, so that the API answers (and says what is missing) while Temporal is away.
  const connection = Connection.lazy(temporalConnectionOptions(environment.temporal))
  const vault = openSecret(required(environment.secret, 'SIGNALBOX_SECRET'))
  const identities = await identitySecret(onPool(database.pool), vault, Date.now())
  const deps = serverDeps(environment, { database, databaseUrl, connection, vault, identities })
  const first = await firstStart(database.db, Date.now(), environment)
  const server = await buildServer(deps)
  const demo = environment.demo ? await demoOf({ ...deps, log: server.log }, first.workspaceId) : null
  await listen(server, environment)

  const stopping = new AbortController()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await server.close()
    await deps.runWatch.close()
    await deps.ingest.drain()
    await connection.close()
    await database.close()
  }
  exitWithParent(stop)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void stop().then(() => process.exit(0), fail))
  for (const line of first.say) tell(line)
  console.log('signalbox:ready')
  await demo?.tell(tell, stopping.signal).catch(say)
}

/** The demo is no reason not to start: what failed is said, and the next start goes on with it. */
async function demoOf(deps: Parameters<typeof startDemo>[0], workspaceId: string): Promise<Demo | null> {
  try {
    return await startDemo(deps, workspaceId, Date.now())
  } catch (error) {
    console.error(error)
    tell(
      `The demo could not be filled (${error instanceof Error ? error.message : 'no detail'}); the next start tries again.`,
    )
    return null
  }
}

/** A line for the terminal of whoever started the product. */
function tell(line: string): void {
  console.log(`signalbox:say ${line}`)
}

function serverDeps(
  environment: Environment,
  {
    database,
    databaseUrl,
    connection,
    vault,
    identities,
  }: { database: OpenedDatabase; databaseUrl: string; connection: Connection; vault: Vault; identities: string },
): ServerDeps {
  const { db, pool } = database
  const { publicUrl } = environment
  const sandboxUrl = environment.sandbox ? `http://127.0.0.1:${environment.sandboxPort}` : null
  const q = onPool(pool)
  const workspaceKeys = createWorkspaceKeys(q, vault, Date.now)
  const client = new Client({
    connection,
    namespace: environment.temporal.namespace,
    dataConverter: dataConverterOf({
      blobs: createBlobs(q),
      keys: createRunKeys({ q, workspaces: workspaceKeys, clock: Date.now }),
    }),
  })
  return {
    db,
    pool,
    catalog,
    manifest: toManifest(catalog),
    vault,
    connections: new ConnectionStore({ db, vault, catalog, sandboxUrl, clock: Date.now }),
    keys: keyReader(db),
    budgets: createBudgets(q, Date.now),
    temporal: createRunClient({ client, directory: createRunDirectory(pool) }),
    ingest: createIngest({ q, clock: Date.now, hash: createIdentityHash(identities) }),
    runWatch: watchRuns(databaseUrl, say),
    sessions: openSessions(db, { publicUrl, secret: vault.derive('sessions'), origins: allowedOrigins(publicUrl) }),
    sandboxUrl,
    publicUrl,
    clock: Date.now,
    trustedProxies: environment.trustedProxies,
    editorDir: join(ROOT, 'dist/editor'),
    version: packageVersion(),
    logger: loggerOptions(process.env.SIGNALBOX_LOG_LEVEL ?? 'warn'),
  }
}

async function listen(server: FastifyInstance, { host, port }: Environment): Promise<void> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new UserError(`Port ${port} is taken. Set SIGNALBOX_PORT to a free port, or end the process that holds it.`)
    throw error
  }
}

function openSecret(secret: string) {
  try {
    return openVault(secret)
  } catch (error) {
    if (error instanceof VaultError) throw new UserError(error.message)
    throw error
  }
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  return version
}

function required(value: string | null, name: string): string {
  if (value === null) throw new UserError(`${name} is not set. Set it, or use npm start, which makes it.`)
  return value
}

function say(error: unknown): void {
  console.error(error)
}

function fail(error: unknown): never {
  console.error(isUserError(error) ? error.message : error)
  process.exit(1)
}

main().catch(fail)
