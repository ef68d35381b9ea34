import { randomUUID } from 'node:crypto'
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { freePort } from '../../bin/embedded/free-port.ts'
import { POSTGRES_READY, postgresUrl, preparePostgres } from '../../bin/embedded/postgres.ts'
import { TEMPORAL_READY, temporalArgs } from '../../bin/embedded/temporal.ts'
import { temporalBinary } from '../../bin/embedded/temporal-binary.ts'
import { type Child, type ChildSpec, type RunFolder, startChild, watchOrphans } from '../../bin/supervise/child.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the superuser, to the database `postgres` of the test run's own server. */
    postgresUrl: string
    /** Of the test run's own Temporal development server. */
    temporalAddress: string
    /** Path of the time-skipping test server's executable. */
    testServerPath: string
  }
}

const PREFIX = 'signalbox-test-'
const START_LIMIT_MS = 60_000
/** The database that every test database is a copy of. */
const TEMPLATE = 'signalbox_template'

let stopAll: (() => Promise<void>) | undefined

/** Starts one Postgres and one Temporal development server for the whole test run, and builds the template database. */
export async function setup(project: TestProject): Promise<void> {
  removeStaleFolders()
  const root = mkdtempSync(join(memoryFolder(), `${PREFIX}${process.pid}-`))
  // The postgres user, when the tests run as root, has to pass through.
  chmodSync(root, 0o711)
  const folder = { pids: join(root, 'pids'), run: randomUUID() }
  const watcher = watchOrphans(folder)
  const started: Child[] = []
  stopAll = async () => {
    await Promise.all(started.map((child) => child.stop()))
    watcher.stop()
    rmSync(root, { recursive: true, force: true })
  }
  const postgres = async () => {
    const url = await startPostgres(root, folder, started)
    await buildTemplate(url)
    return url
  }
  const [url, address, testServer] = await Promise.all([
    postgres(),
    startTemporal(folder, started),
    temporalBinary('temporal-test-server'),
  ])
  project.provide('postgresUrl', url)
  project.provide('temporalAddress', address)
  project.provide('testServerPath', testServer)
}

/** Ends both servers and removes their data. */
export async function teardown(): Promise<void> {
  await stopAll?.()
}

async function startPostgres(root: string, folder: RunFolder, started: Child[]): Promise<string> {
  const password = 'test'
  const postgres = await preparePostgres({ dataDir: join(root, 'postgres'), password, durable: false })
  const port = await freePort()
  await start(
    {
      name: 'postgres',
      command: postgres.command,
      args: postgres.args(port),
      as: postgres.as,
      env: process.env,
      readyText: POSTGRES_READY,
      stopSignal: 'SIGINT',
      graceMs: 5000,
    },
    folder,
    started,
  )
  return postgresUrl({ port, password }, 'postgres')
}

async function startTemporal(folder: RunFolder, started: Child[]): Promise<string> {
  const command = await temporalBinary('temporal')
  const port = await freePort()
  const args = temporalArgs({ port, namespace: 'default', dbFilename: null })
  await start(
    {
      name: 'temporal',
      command,
      args,
      env: process.env,
      readyText: TEMPORAL_READY,
      stopSignal: 'SIGTERM',
      graceMs: 3000,
    },
    folder,
    started,
  )
  return `127.0.0.1:${port}`
}

async function start(spec: ChildSpec, folder: RunFolder, started: Child[]): Promise<void> {
  const lines: string[] = []
  const child = startChild(spec, folder, (line) => lines.push(line))
  started.push(child)
  const failed = child.exited.then(({ code, signal }) => {
    throw new Error(`${spec.name} ended (${signal ?? code}) before it answered:\n${lines.slice(-10).join('\n')}`)
  })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const message = `${spec.name} did not answer within ${START_LIMIT_MS / 1000} s`
    timer = setTimeout(() => reject(new Error(message)), START_LIMIT_MS)
  })
  try {
    await Promise.race([child.ready, failed, late])
  } finally {
    clearTimeout(timer)
    // It will end later, by teardown, and that is no failure.
    failed.catch(() => undefined)
  }
}

async function buildTemplate(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    await admin.query(`CREATE DATABASE ${TEMPLATE}`)
    const migrations = join(import.meta.dirname, '../../api/db/migrate.ts')
    if (!existsSync(migrations)) return
    const { migrateToLatest }: { migrateToLatest: (url: string) => Promise<void> } = await import(
      pathToFileURL(migrations).href
    )
    const template = new URL(adminUrl)
    template.pathname = `/${TEMPLATE}`
    await migrateToLatest(template.href)
    // Connections to a template would make every copy of it fail.
    await admin.query(`ALTER DATABASE ${TEMPLATE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`)
  } finally {
    await admin.end()
  }
}

function memoryFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}

// A test run that was killed left its data; the folder's name says whose it was.
function removeStaleFolders(): void {
  const parent = memoryFolder()
  for (const entry of readdirSync(parent)) {
    const pid = Number(entry.startsWith(PREFIX) ? entry.slice(PREFIX.length).split('-')[0] : Number.NaN)
    if (Number.isInteger(pid) && pid > 0 && !existsSync(`/proc/${pid}`) && existsSync('/proc/self')) {
      rmSync(join(parent, entry), { recursive: true, force: true })
    }
  }
}
