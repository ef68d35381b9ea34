import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrateToLatest } from '../../api/db/migrate.ts'
import { freePort } from '../../bin/embedded/free-port.ts'
import { POSTGRES_READY, postgresUrl, preparePostgres } from '../../bin/embedded/postgres.ts'
import { TEMPORAL_READY, temporalArgs } from '../../bin/embedded/temporal.ts'
import { temporalBinary } from '../../bin/embedded/temporal-binary.ts'
import { type Child, type ChildSpec, startChild, watchOrphans } from '../../bin/supervise/child.ts'

const START_LIMIT_MS = 60_000
const DATABASE = 'bench'

/** Postgres, Temporal and the sandboxes as `npm start` runs them, durable and on the disk, without the product. */
export interface Servers {
  databaseUrl: string
  temporalAddress: string
  namespace: string
  sandboxUrl: string
  pids: { postgres: number; temporal: number; sandbox: number }
  close(): Promise<void>
}

/** @throws Error with what it printed, when one of them does not start */
export async function startServers(): Promise<Servers> {
  const root = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  // The postgres user, when the bench runs as root, has to pass through.
  chmodSync(root, 0o711)
  const folder = { pids: join(root, 'pids'), run: randomUUID() }
  for (const part of ['pids', 'temporal', 'sandbox']) mkdirSync(join(root, part))
  const watcher = watchOrphans(folder)
  const children: Child[] = []
  const start = async (spec: Omit<ChildSpec, 'graceMs'>): Promise<number> => {
    const lines: string[] = []
    const child = startChild({ ...spec, graceMs: 5000 }, folder, (line) => lines.push(line))
    children.push(child)
    await readyOf(child, { name: spec.name, lines })
    return child.pid
  }
  const close = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
    watcher.stop()
    rmSync(root, { recursive: true, force: true })
  }
  try {
    const [postgres, temporal, sandbox] = await Promise.all([
      startPostgres(join(root, 'postgres'), start),
      startTemporal(join(root, 'temporal', 'temporal.db'), start),
      startSandboxes(join(root, 'sandbox'), start),
    ])
    return {
      databaseUrl: postgres.url,
      temporalAddress: temporal.address,
      namespace: 'default',
      sandboxUrl: sandbox.url,
      pids: { postgres: postgres.pid, temporal: temporal.pid, sandbox: sandbox.pid },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Start = (spec: Omit<ChildSpec, 'graceMs'>) => Promise<number>

async function startPostgres(dataDir: string, start: Start): Promise<{ url: string; pid: number }> {
  const password = 'bench'
  const postgres = await preparePostgres({ dataDir, password, durable: true })
  const port = await freePort()
  const { command, as } = postgres
  const args = postgres.args(port)
  const pid = await start({
    name: 'postgres',
    command,
    args,
    as,
    env: process.env,
    readyText: POSTGRES_READY,
    stopSignal: 'SIGINT',
  })
  const admin = new pg.Client({ connectionString: postgresUrl({ port, password }, 'postgres') })
  await admin.connect()
  try {
    await admin.query(`CREATE DATABASE ${DATABASE}`)
  } finally {
    await admin.end()
  }
  const url = postgresUrl({ port, password }, DATABASE)
  await migrateToLatest(url)
  return { url, pid }
}

async function startTemporal(dbFilename: string, start: Start): Promise<{ address: string; pid: number }> {
  const command = await temporalBinary('temporal')
  const port = await freePort()
  const args = temporalArgs({ port, namespace: 'default', dbFilename })
  const env = process.env
  const pid = await start({
    name: 'temporal',
    command,
    args,
    env,
    readyText: TEMPORAL_READY,
    stopSignal: 'SIGTERM',
  })
  return { address: `127.0.0.1:${port}`, pid }
}

/** In a process of its own, as in the product: in the bench's own it would share the worker's thread. */
async function startSandboxes(dataDir: string, start: Start): Promise<{ url: string; pid: number }> {
  const port = await freePort()
  const env = { ...process.env, SIGNALBOX_SANDBOX_PORT: String(port), SIGNALBOX_DATA_DIR: dataDir }
  const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../bin/sandbox.ts')]
  const pid = await start({
    name: 'sandbox',
    command: process.execPath,
    args,
    env,
    readyText: 'signalbox:ready',
    stopSignal: 'SIGTERM',
  })
  return { url: `http://127.0.0.1:${port}`, pid }
}

async function readyOf(child: Child, { name, lines }: { name: string; lines: string[] }): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const said = () => lines.slice(-10).join('\n')
  const failed = child.exited.then(({ code, signal }) => {
    throw new Error(`${name} ended (${signal ?? code}) before it answered:\n${said()}`)
  })
  const late = new Promise<never>((_resolve, reject) => {
    const refuse = () => reject(new Error(`${name} did not answer within ${START_LIMIT_MS / 1000} s:\n${said()}`))
    timer = setTimeout(refuse, START_LIMIT_MS)
  })
  try {
    await Promise.race([child.ready, failed, late])
  } finally {
    clearTimeout(timer)
    // It ends later, by `close`, and that is no failure.
    failed.catch(() => undefined)
  }
}
