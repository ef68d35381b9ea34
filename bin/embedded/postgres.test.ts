import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startChild, watchOrphans } from '../supervise/child.ts'
import { freePort, isPortFree } from './free-port.ts'
import { POSTGRES_READY, postgresUrl, preparePostgres } from './postgres.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-postgres-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Starts it, answers one query, and stops it. */
async function ask(dataDir: string, password: string, text: string): Promise<unknown[]> {
  const prepared = await preparePostgres({ dataDir, password, durable: false })
  const port = await freePort()
  const folder = { pids: join(root, 'pids'), run: randomUUID() }
  const watcher = watchOrphans(folder)
  const said: string[] = []
  const child = startChild(
    {
      name: 'postgres',
      command: prepared.command,
      args: prepared.args(port),
      as: prepared.as,
      env: process.env,
      readyText: POSTGRES_READY,
      stopSignal: 'SIGINT',
      graceMs: 5000,
    },
    folder,
    (line) => said.push(line),
  )
  const ended = child.exited.then(() => {
    throw new Error(said.join('\n'))
  })
  ended.catch(() => undefined)
  try {
    await Promise.race([child.ready, ended])
    const client = new pg.Client({ connectionString: postgresUrl({ port, password }, 'postgres') })
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  } finally {
    await child.stop()
    watcher.stop()
  }
}

it('runs below a folder that only its owner may enter, also as root, and keeps its data', async () => {
  chmodSync(root, 0o700)
  const dataDir = join(root, 'data')
  await ask(dataDir, 'secret', 'CREATE TABLE stones (id int)')
  const [row] = await ask(
    dataDir,
    'secret',
    `SELECT count(*)::int AS stones, current_setting('server_version') AS version FROM stones`,
  )
  expect(row).toMatchObject({ stones: 0, version: expect.stringMatching(/^18/) })
  expect(statSync(dataDir).mode & 0o777).toBe(0o700)
})

it('asks for its password', async () => {
  chmodSync(root, 0o711)
  const dataDir = join(root, 'data')
  await ask(dataDir, 'secret', 'SELECT 1')
  await expect(ask(dataDir, 'another', 'SELECT 1')).rejects.toThrow(/password authentication failed/)
})

it('makes its folder anew when the first start was killed halfway', async () => {
  chmodSync(root, 0o711)
  mkdirSync(join(root, 'data.new'))
  writeFileSync(join(root, 'data.new', 'PG_VERSION'), '18\n')
  expect(await ask(join(root, 'data'), 'secret', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

it('finds ports that are free, and sees one that is not', async () => {
  const port = await freePort()
  expect(await isPortFree(port)).toBe(true)
  const { createServer } = await import('node:net')
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  expect(await isPortFree(port)).toBe(false)
  await new Promise((resolve) => server.close(resolve))
})
