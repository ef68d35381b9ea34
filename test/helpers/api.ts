import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { addPerson } from '../../api/auth/people.ts'
import type { Role, Scope } from '../../api/auth/scopes.ts'
import { allowedOrigins, openSessions } from '../../api/auth/sessions.ts'
import { ConnectionStore } from '../../api/connections/connection-store.ts'
import { openVault, type Vault } from '../../api/connections/vault.ts'
import { createBudgets } from '../../api/db/budget-store.ts'
import { type OpenedDatabase, openDatabase } from '../../api/db/database.ts'
import { newId } from '../../api/db/new-id.ts'
import { onPool } from '../../api/db/sql.ts'
import { loggerOptions } from '../../api/http/log.ts'
import { createIngest } from '../../api/ingest/ingest.ts'
import { keyReader, newKey, storeKey } from '../../api/keys/api-keys.ts'
import { createIdentityHash } from '../../api/privacy/identity-hash.ts'
import { watchRuns } from '../../api/runs/run-watch.ts'
import { buildServer, type ServerDeps } from '../../api/server.ts'
import type { PlaybookSchedule, TemporalPorts } from '../../api/temporal-ports.ts'
import type { OperatorCommand } from '../../engine/model/run.ts'
import type { RunRef } from '../../engine/ports.ts'
import { catalog } from '../../nodes/catalog.ts'
import { toManifest } from '../../nodes/to-manifest.ts'
import { createTestDatabase } from './postgres.ts'

export const PUBLIC_URL = 'http://localhost:4000'
export const PASSWORD = 'correct horse battery'

/** What the API asked of Temporal. The API's own tests stop at this border; the engine's go on behind it. */
export interface AskedOfTemporal extends TemporalPorts {
  started: RunRef[]
  commands: Array<RunRef & { command: OperatorCommand }>
  resumed: string[]
  schedules: Map<string, PlaybookSchedule[]>
}

export interface TestApi {
  server: FastifyInstance
  /** What the server was built with. */
  deps: ServerDeps
  database: OpenedDatabase
  databaseUrl: string
  vault: Vault
  connections: ConnectionStore
  temporal: AskedOfTemporal
  /** Every line that was logged. */
  log: string[]
  clock: { now: number }
  workspace(slug: string): Promise<TestWorkspace>
  close(): Promise<void>
}

export interface TestWorkspace {
  id: string
  key(scopes?: Scope[]): Promise<string>
  /** Adds a person and signs in; the headers that a browser would send. */
  signIn(role?: Role): Promise<Record<string, string>>
  /** A REST call with a key that may do everything. */
  rest(method: InjectOptions['method'], url: string, body?: unknown): Promise<LightMyRequestResponse>
}

/** The whole API over a database of its own, with nothing but Temporal left out. */
export async function startTestApi(
  options: { sandboxUrl?: string; publicUrl?: string; trustedProxies?: string[] } = {},
): Promise<TestApi> {
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url, { max: 6 })
  const clock = { now: Date.now() }
  const vault = openVault('a passphrase of at least thirty-two characters')
  const sandboxUrl = options.sandboxUrl ?? null
  const publicUrl = options.publicUrl ?? PUBLIC_URL
  const temporal = askedOfTemporal()
  const log: string[] = []
  const { db, pool } = database
  const now = () => clock.now
  const connections = new ConnectionStore({ db, vault, catalog, sandboxUrl, clock: now })
  const runWatch = watchRuns(testDatabase.url, () => undefined)
  const deps: ServerDeps = {
    db,
    pool,
    catalog,
    manifest: toManifest(catalog),
    vault,
    connections,
    keys: keyReader(db),
    budgets: createBudgets(onPool(pool), now),
    temporal,
    ingest: createIngest({
      q: onPool(pool),
      clock: now,
      hash: createIdentityHash('test'),
    }),
    runWatch,
    sessions: openSessions(db, { publicUrl, secret: vault.derive('sessions'), origins: allowedOrigins(publicUrl) }),
    sandboxUrl,
    publicUrl,
    clock: now,
    trustedProxies: options.trustedProxies ?? [],
    editorDir: '/nowhere',
    version: 'test',
    logger: loggerOptions('trace', { write: (line) => log.push(line) }),
  }
  const server = await buildServer(deps)
  return {
    server,
    deps,
    database,
    databaseUrl: testDatabase.url,
    vault,
    connections,
    temporal,
    log,
    clock,
    workspace: (slug) => makeWorkspace({ server, database, clock, publicUrl }, slug),
    close: async () => {
      await server.close()
      await runWatch.close()
      await database.close()
      await testDatabase.drop()
    },
  }
}

async function makeWorkspace(
  api: Pick<TestApi, 'server' | 'database' | 'clock'> & { publicUrl: string },
  slug: string,
): Promise<TestWorkspace> {
  const { server, clock } = api
  const { db } = api.database
  const id = newId(clock.now)
  await db
    .insertInto('workspaces')
    .values({ id, slug, name: slug, created_at: new Date(clock.now) })
    .execute()
  const key = async (scopes: Scope[] = ['admin']) => {
    const made = newKey()
    await storeKey(db, clock.now, { workspaceId: id, name: 'test', key: made, scopes, createdBy: null })
    return made
  }
  let admin: string | undefined
  return {
    id,
    key,
    async signIn(role = 'owner') {
      const email = `${role}-${newId(clock.now)}@example.com`
      await addPerson(db, clock.now, { workspaceId: id, email, name: role, password: PASSWORD, role })
      const answer = await server.inject({
        method: 'POST',
        url: '/auth/sign-in/email',
        headers: { origin: api.publicUrl },
        payload: { email, password: PASSWORD },
      })
      if (answer.statusCode !== 200) throw new Error(answer.body)
      return { cookie: cookiesOf(answer), origin: api.publicUrl }
    },
    async rest(method, url, body) {
      admin ??= await key()
      return server.inject({
        method: method ?? 'GET',
        url,
        headers: { authorization: `Bearer ${admin}` },
        ...(body === undefined ? {} : { payload: body as object }),
      })
    },
  }
}

export const cookiesOf = (answer: LightMyRequestResponse): string =>
  answer.cookies.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join('; ')

function askedOfTemporal(): AskedOfTemporal {
  const asked: AskedOfTemporal = {
    started: [],
    commands: [],
    resumed: [],
    schedules: new Map(),
    startRuns: async (runs) => void asked.started.push(...runs),
    command: async (run, { command }) => void asked.commands.push({ ...run, command }),
    resumeConnection: async (_workspaceId, connectionId) => void asked.resumed.push(connectionId),
    syncSchedules: async ({ playbookId }, schedules) => void asked.schedules.set(playbookId, schedules),
    ready: async () => ({ reachable: true, workers: 1, notes: [] }),
  }
  return asked
}
