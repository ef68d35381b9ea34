import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { postgresUrl } from '../embedded/postgres.ts'
import { withPostgres } from '../embedded/temporary-postgres.ts'
import { readEnvironment } from '../environment.ts'
import { UserError } from '../supervise/user-error.ts'
import type { OwnSandboxes } from './sandbox-snapshot.ts'

const DATABASE = 'signalbox'

export interface Installation {
  url: string
  /** SIGNALBOX_SECRET, or what npm start keeps in the data folder; null: neither is there. */
  secret: string | null
  /** The sandboxes that belong to the database; null: none do. */
  sandboxes: OwnSandboxes | null
}

/**
 * Works on the installation's database: the one that SIGNALBOX_DATABASE_URL names, else the embedded one of the data
 * folder, which is started for the time of the work where Signalbox does not run.
 * @throws UserError when there is none
 */
export async function withDatabase<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir, secret, sandbox, sandboxPort } = readEnvironment(process.env, {
    sandbox: false,
    demo: false,
  })
  const own: OwnSandboxes = { dataDir, port: sandboxPort }
  // Beside a database of somebody's own there are sandboxes only where the environment says so.
  if (databaseUrl !== null) return work({ url: databaseUrl, secret, sandboxes: sandbox ? own : null })
  const cluster = join(dataDir, 'postgres')
  if (!existsSync(join(cluster, 'PG_VERSION')))
    throw new UserError(
      `There is no database in ${dataDir}. Set SIGNALBOX_DATABASE_URL or SIGNALBOX_DATA_DIR, or run npm start first.`,
    )
  const password = readKept(dataDir, 'postgres-password')
  const installation = (port: number): Installation => ({
    url: postgresUrl({ port, password }, DATABASE),
    secret: secret ?? (existsSync(join(dataDir, 'secret')) ? readKept(dataDir, 'secret') : null),
    sandboxes: own,
  })
  const running = runningPort(dataDir)
  if (running !== null && (await answers(installation(running).url))) return work(installation(running))
  // A folder of its own for pid files: the supervisor's are not ours to touch.
  const server = { dataDir: cluster, password, durable: true, pids: join(dataDir, 'cli-pids') }
  return withPostgres(server, (port) => work(installation(port)))
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
