import { join } from 'node:path'
import { formerPostgresGone } from '../embedded/former-postgres.ts'
import { postgresUrl, POSTGRES_READY, preparePostgres } from '../embedded/postgres.ts'
import { dropVisibilityIndexes } from '../embedded/lean-visibility.ts'
import { TEMPORAL_READY, temporalArgs } from '../embedded/temporal.ts'
import { temporalBinary } from '../embedded/temporal-binary.ts'
import type { Environment } from '../environment.ts'
import { cacheFolder } from '../../scripts/temporal-binaries.mjs'
import type { ChildSpec } from './child.ts'
import { type DataFolder, keptPorts, keptSecret } from './data-folder.ts'
import { ensureDatabase, refuseUnreachable } from './outside-servers.ts'
import type { Service } from './supervise.ts'

const DATABASE = 'signalbox'
/** Printed by each of our own processes on standard output once it answers. */
const OWN_READY = 'signalbox:ready'

/** Paths of the process roots; tests put small stand-ins here. */
export type EntryPoints = Record<'sandbox' | 'migrate' | 'api' | 'worker', string>

/** The product's own process roots, beside this folder. */
export const ENTRY_POINTS: EntryPoints = {
  sandbox: join(import.meta.dirname, '../sandbox.ts'),
  migrate: join(import.meta.dirname, '../migrate.ts'),
  api: join(import.meta.dirname, '../api.ts'),
  worker: join(import.meta.dirname, '../worker.ts'),
}

/**
 * The services of one instance: embedded servers where no outside ones are named, then our own processes.
 *
 * @param variables The supervisor's environment, handed to our own processes with everything resolved.
 * @throws {UserError} when an outside server is named but cannot be reached
 */
export async function productServices(options: {
  environment: Environment
  variables: NodeJS.ProcessEnv
  folder: DataFolder
  entryPoints: EntryPoints
}): Promise<Service[]> {
  const { environment, folder } = options
  await refuseUnreachable(environment)
  const ports = await keptPorts(folder)
  const server = { port: ports.postgres, password: keptSecret(folder, 'postgres-password') }
  const address = environment.temporal.address ?? `127.0.0.1:${ports.temporal}`
  const own = ownProcess({
    ...options,
    resolved: {
      SIGNALBOX_DATABASE_URL: environment.databaseUrl ?? postgresUrl(server, DATABASE),
      SIGNALBOX_SECRET: environment.secret ?? keptSecret(folder, 'secret'),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: environment.temporal.namespace,
    },
  })
  const hasPostgres = environment.databaseUrl === null
  const hasTemporal = environment.temporal.address === null
  const database = hasPostgres ? ['postgres'] : []
  const servers = [...(hasTemporal ? ['temporal'] : []), 'migrate', ...(environment.sandbox ? ['sandbox'] : [])]
  return [
    ...(hasPostgres ? [postgresService(folder, server)] : []),
    ...(hasTemporal
      ? [temporalService({ folder, port: ports.temporal, namespace: environment.temporal.namespace })]
      : []),
    ...(environment.sandbox ? [own({ name: 'sandbox', title: 'Sandboxes', needs: [], stopAt: 1 })] : []),
    { ...own({ name: 'migrate', title: 'Tables', needs: database, stopAt: 0 }), kind: 'task' as const },
    own({ name: 'api', title: 'API', needs: servers, stopAt: 0 }),
    own({ name: 'worker', title: 'Worker', needs: servers, stopAt: 0 }),
  ]
}

function postgresService(folder: DataFolder, server: { port: number; password: string }): Service {
  return {
    name: 'postgres',
    title: 'Postgres',
    needs: [],
    kind: 'service',
    stopAt: 2,
    prepare: async () => {
      await formerPostgresGone(folder.postgres)
      const prepared = await preparePostgres({ dataDir: folder.postgres, password: server.password, durable: true })
      return {
        name: 'postgres',
        command: prepared.command,
        args: prepared.args(server.port),
        as: prepared.as,
        env: plainEnvironment(folder),
        readyText: POSTGRES_READY,
        // Fast shutdown: it does not wait for clients.
        stopSignal: 'SIGINT',
        graceMs: 3000,
      }
    },
    afterReady: () => ensureDatabase(postgresUrl(server, 'postgres'), DATABASE),
  }
}

function temporalService(options: { folder: DataFolder; port: number; namespace: string }): Service {
  const dbFilename = options.folder.temporalDatabase
  return {
    name: 'temporal',
    title: 'Temporal',
    needs: [],
    kind: 'service',
    stopAt: 1,
    prepare: async () => {
      keepLean(dbFilename)
      return {
        name: 'temporal',
        command: await temporalBinary('temporal'),
        args: temporalArgs({ ...options, dbFilename }),
        env: plainEnvironment(options.folder),
        readyText: TEMPORAL_READY,
        stopSignal: 'SIGTERM',
        graceMs: 2000,
      }
    },
    // A new file has them again.
    afterReady: () => Promise.resolve(keepLean(dbFilename)),
  }
}

/** Without it runs cost more, and nothing else: no reason not to start. */
function keepLean(dbFilename: string): void {
  try {
    dropVisibilityIndexes(dbFilename)
  } catch (error) {
    console.warn(`Temporal's file keeps indexes that nobody reads, and grows faster: ${String(error)}`)
  }
}

type OwnService = Pick<Service, 'name' | 'title' | 'needs' | 'stopAt'> & { name: keyof EntryPoints }

function ownProcess(options: {
  environment: Environment
  variables: NodeJS.ProcessEnv
  folder: DataFolder
  entryPoints: EntryPoints
  resolved: Record<string, string>
}): (service: OwnService) => Service {
  const { environment, folder, entryPoints, resolved } = options
  const env = {
    // Compiled code is kept between starts; it saves a second of every start after the first.
    NODE_COMPILE_CACHE: join(cacheFolder(), 'compile'),
    // glibc keeps freed memory in a pool of its own for each thread, up to eight a core, and a worker has a dozen threads.
    MALLOC_ARENA_MAX: '2',
    ...options.variables,
    ...resolved,
    SIGNALBOX_HOST: environment.host,
    SIGNALBOX_PORT: String(environment.port),
    SIGNALBOX_PUBLIC_URL: environment.publicUrl,
    SIGNALBOX_DATA_DIR: folder.path,
    SIGNALBOX_SANDBOX: environment.sandbox ? 'on' : 'off',
    SIGNALBOX_SANDBOX_PORT: String(environment.sandboxPort),
    SIGNALBOX_DEMO: environment.demo ? 'on' : 'off',
  }
  return (service) => ({
    ...service,
    kind: 'service',
    prepare: (): Promise<ChildSpec> =>
      Promise.resolve({
        name: service.name,
        command: process.execPath,
        args: ['--disable-warning=ExperimentalWarning', ...heapOf(options.variables), entryPoints[service.name]],
        env,
        readyText: OWN_READY,
        stopSignal: 'SIGTERM',
        graceMs: 3500,
      }),
  })
}

/**
 * Four times what the largest of them has alive. Where V8 may take gigabytes it lets a heap grow to four times what is
 * alive before it collects, below that to half as much again: on one machine with everything else, that is the better trade.
 */
const HEAP_MB = 1024
/** Half of V8's own choice for what is young; a process that answers now and then keeps three times as much for ever. */
const YOUNG_MB = 8

/** Whoever says it otherwise has reasons. */
const heapOf = ({ NODE_OPTIONS = '' }: NodeJS.ProcessEnv): string[] =>
  Object.entries({ 'max-old-space-size': HEAP_MB, 'max-semi-space-size': YOUNG_MB }).flatMap(([option, mb]) =>
    NODE_OPTIONS.includes(option) ? [] : [`--${option}=${mb}`],
  )

// Other people's programs get no secrets of ours, and a home of their own: the Temporal CLI would read its owner's settings.
function plainEnvironment(folder: DataFolder): Record<string, string | undefined> {
  const { PATH, USER, TMPDIR, LANG } = process.env
  return { PATH, USER, TMPDIR, LANG, HOME: folder.path, LC_MESSAGES: 'C' }
}
