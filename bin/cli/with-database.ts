import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../embedded/free-port.ts'
import { POSTGRES_READY, postgresUrl, preparePostgres } from '../embedded/postgres.ts'
import { readEnvironment } from '../environment.ts'
import { startChild, watchOrphans } from '../supervise/child.ts'
import { UserError } from '../supervise/user-error.ts'

const DATABASE = 'signalbox'

export interface Installation {
  url: string
  /** SIGNALBOX_SECRET, or what npm start keeps in the data folder; null: neither is there. */
  secret: string | null
}

/**
 * Works on the installation's database: the one that SIGNALBOX_DATABASE_URL names, else the embedded one of the data
 * folder, which is started for the time of the work where Signalbox does not run.
 * @throws UserError when there is none
 */
export async function withDatabase<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir, secret } = readEnvironment(process.env, { sandbox: false, demo: false })
  if (databaseUrl !== null) return work({ url: databaseUrl, secret })
  const cluster = join(dataDir, 'postgres')
  if (!existsSync(join(cluster, 'PG_VERSION')))
    throw new UserError(
      `There is no database in ${dataDir}. Set SIGNALBOX_DATABASE_URL or SIGNALBOX_DATA_DIR, or run npm start first.`,
    )
  const password = readKept(dataDir, 'postgres-password')
  const installation = (port: number): Installation => ({
    url: postgresUrl({ port, password }, DATABASE),
    secret: secret ?? (existsSync(join(dataDir, 'secret')) ? readKept(dataDir, 'secret') : null),
  })
  const running = runningPort(dataDir)
  if (running !== null && (await answers(installation(running).url))) return work(installation(running))
  return withOwnServer({ dataDir, cluster, password }, (port) => work(installation(port)))
}

const readKept = (dataDir: string, name: string): string => readFileSync(join(dataDir, name), 'utf8').trim()

function runningPort(dataDir: string): number | null {
  const path = join(dataDir, 'ports.json')
  if (!existsSync(path)) return null
  const { postgres } = JSON.parse(readFileSync(path, 'utf8')) as { postgres?: number }
  return postgres ?? null
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 })
  try {
    await client.connect()
    await client.end()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false
    throw error
  }
}

async function withOwnServer<T>(
  folder: { dataDir: string; cluster: string; password: string },
  work: (port: number) => Promise<T>,
): Promise<T> {
  const prepared = await preparePostgres({ dataDir: folder.cluster, password: folder.password, durable: true })
  const port = await freePort()
  // A folder of its own for pid files: the supervisor's are not ours to touch.
  const runFolder = { pids: join(folder.dataDir, 'cli-pids'), run: randomUUID() }
  const watcher = watchOrphans(runFolder)
  const lines: string[] = []
  const server = startChild(
    {
      name: 'postgres',
      command: prepared.command,
      args: prepared.args(port),
      as: prepared.as,
      env: process.env,
      readyText: POSTGRES_READY,
      stopSignal: 'SIGINT',
      graceMs: 10_000,
    },
    runFolder,
    (line) => lines.push(line),
  )
  try {
    const ended = await Promise.race([server.ready.then(() => null), server.exited])
    if (ended !== null) throw new UserError(`Postgres did not start on ${folder.cluster}: ${lines.slice(-3).join(' ')}`)
    return await work(port)
  } finally {
    await server.stop()
    watcher.stop()
  }
}
