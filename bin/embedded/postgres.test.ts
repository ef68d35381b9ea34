import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePort, isPortFree } from './free-port.ts'
import { postgresUrl, reachableCopy } from './postgres.ts'
import { withPostgres } from './temporary-postgres.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-postgres-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Starts it, answers one query, and stops it. */
const ask = (dataDir: string, password: string, text: string): Promise<unknown[]> =>
  withPostgres({ dataDir, password, durable: false, pids: join(root, 'pids') }, async (port) => {
    const client = new pg.Client({ connectionString: postgresUrl({ port, password }, 'postgres') })
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  })

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

it('says why it does not start', async () => {
  chmodSync(root, 0o711)
  const dataDir = join(root, 'data')
  await ask(dataDir, 'secret', 'SELECT 1')
  writeFileSync(join(dataDir, 'PG_VERSION'), '9.6\n')
  await expect(ask(dataDir, 'secret', 'SELECT 1')).rejects.toThrow(/did not start on .*data: .*(version|incompatible)/)
})

it('copies its programs out of a folder that its user may not enter, once', () => {
  const native = join(root, 'closed/package/native')
  mkdirSync(join(native, 'bin'), { recursive: true })
  writeFileSync(join(native, '../package.json'), '{"version":"18.0.0"}')
  writeFileSync(join(native, 'bin/postgres'), 'program', { mode: 0o700 })
  symlinkSync('postgres', join(native, 'bin/postmaster'))
  chmodSync(root, 0o755)
  expect(reachableCopy(native, join(root, 'system'))).toBe(native)

  chmodSync(join(root, 'closed'), 0o700)
  const copy = reachableCopy(native, join(root, 'system'))
  expect(copy).toBe(join(root, 'system/postgres-18.0.0'))
  expect(statSync(copy).mode & 0o777).toBe(0o755)
  expect(statSync(join(copy, 'bin/postgres')).mode & 0o777).toBe(0o755)
  expect(readlinkSync(join(copy, 'bin/postmaster'))).toBe('postgres')
  expect(reachableCopy(native, join(root, 'system'))).toBe(copy)
  expect(readdirSync(join(root, 'system'))).toEqual(['postgres-18.0.0'])
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
