import { randomUUID } from 'node:crypto'
import { startChild, watchOrphans } from '../supervise/child.ts'
import { UserError } from '../supervise/user-error.ts'
import { freePort } from './free-port.ts'
import { POSTGRES_READY, preparePostgres } from './postgres.ts'

const GRACE_MS = 10_000

/**
 * Starts Postgres on a cluster of its own for the time of some work, and ends it whatever comes of that. The cluster is
 * made where it is not there.
 * @param server.pids a folder for pid files that nobody else uses
 * @throws UserError with its last words when it does not start
 */
export async function withPostgres<T>(
  server: { dataDir: string; password: string; durable: boolean; pids: string },
  work: (port: number) => Promise<T>,
): Promise<T> {
  const prepared = await preparePostgres(server)
  const port = await freePort()
  const folder = { pids: server.pids, run: randomUUID() }
  const watcher = watchOrphans(folder)
  const lines: string[] = []
  const child = startChild(
    {
      name: 'postgres',
      command: prepared.command,
      args: prepared.args(port),
      as: prepared.as,
      env: process.env,
      readyText: POSTGRES_READY,
      stopSignal: 'SIGINT',
      graceMs: GRACE_MS,
    },
    folder,
    (line) => lines.push(line),
  )
  try {
    const ended = await Promise.race([child.ready.then(() => null), child.exited])
    if (ended !== null) throw new UserError(`Postgres did not start on ${server.dataDir}: ${lines.slice(-3).join(' ')}`)
    return await work(port)
  } finally {
    await child.stop()
    watcher.stop()
  }
}
