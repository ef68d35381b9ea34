import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../test/helpers/api.ts'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { firstStart } from '../first-start.ts'
import { restoreBackup } from './restore-backup.ts'
import { tablesInOrder } from './table-order.ts'
import { writeBackup } from './write-backup.ts'

let api: TestApi
let folder: string
let file: string
const targets: TestDatabase[] = []
const about = { version: 'test', now: Date.UTC(2026, 2, 2) }

beforeAll(async () => {
  api = await startTestApi()
  folder = mkdtempSync(join(tmpdir(), 'signalbox-backup-'))
  file = join(folder, 'backup.gz')
  const home = await api.workspace('home')
  await home.signIn()
  await home.rest('POST', '/v1/track', {
    userId: 'u1',
    event: 'Größe “x”\n\t',
    properties: { tiny: 0.1 + 0.2, deep: { a: [1, null] } },
  })
  await home.rest('PUT', '/v1/playbooks/p', {
    name: 'P',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      { id: 'end', type: 'flow.exit', input: { reason: 'Done' } },
    ],
    edges: [['start', 'end']],
  })
  expect((await home.rest('POST', '/v1/playbooks/p/publish')).statusCode).toBe(200)
  await writeBackup(api.databaseUrl, file, about)
})
afterAll(async () => {
  await api.close()
  for (const target of targets) await target.drop()
  rmSync(folder, { recursive: true })
})

let target: TestDatabase
beforeEach(async () => {
  target = await createTestDatabase()
  targets.push(target)
})

async function contents(url: string): Promise<Record<string, string[]>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const all: Record<string, string[]> = {}
    for (const table of await tablesInOrder(client)) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM "${table}" AS t ORDER BY 1`)
      all[table] = rows.map(({ row }) => row)
    }
    return all
  } finally {
    await client.end()
  }
}

it('brings every row of every table back as it was', async () => {
  const { createdAt, rows } = await restoreBackup(target.url, file, { force: false })
  expect(createdAt).toBe('2026-03-02T00:00:00.000Z')
  expect(rows).toBeGreaterThan(8)
  const [before, after] = [await contents(api.databaseUrl), await contents(target.url)]
  expect(Object.keys(before).length).toBeGreaterThan(20)
  expect(after).toEqual(before)
})

it('goes on counting where the backup stopped', async () => {
  await restoreBackup(target.url, file, { force: false })
  const client = new pg.Client({ connectionString: target.url })
  await client.connect()
  const { rows } = await client.query(
    `INSERT INTO events (workspace_id, id, message_id, kind, lane, subject_key, body, occurred_at, received_at)
     SELECT workspace_id, gen_random_uuid(), 'next', kind, lane, subject_key, body, occurred_at, received_at FROM events
     RETURNING seq > (SELECT max(seq) FROM events) AS later`,
  )
  await client.end()
  expect(rows).toEqual([{ later: true }])
})

it('may be read by its owner alone, and does not hold the secret', () => {
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(gunzipSync(readFileSync(file)).toString()).not.toContain('a passphrase of at least')
})

it('refuses a database with data, and replaces it only when told to', async () => {
  const given = { adminEmail: null, adminPassword: null, apiKey: null, demo: false }
  const { openDatabase } = await import('../db/database.ts')
  const { db, close } = openDatabase(target.url)
  await firstStart(db, Date.now(), given)
  await close()
  await expect(restoreBackup(target.url, file, { force: false })).rejects.toThrow(/--force/)
  await restoreBackup(target.url, file, { force: true })
  expect(await contents(target.url)).toEqual(await contents(api.databaseUrl))
})

it('refuses a database on which Signalbox runs', async () => {
  await expect(restoreBackup(api.databaseUrl, file, { force: true })).rejects.toThrow(/Stop it/)
})

it('refuses a file that was cut off, or is something else, and changes nothing', async () => {
  const before = await contents(target.url)
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')
  const variants = {
    cut: gzipSync(`${lines.slice(0, -1).join('\n')}\n`),
    'a row short': gzipSync(`${[...lines.slice(0, 1), ...lines.slice(2)].join('\n')}\n`),
    'half a gzip': readFileSync(file).subarray(0, 300),
    'no gzip': Buffer.from('hello'),
    'something else': gzipSync('{"hello":"world"}\n'),
  }
  for (const [name, bytes] of Object.entries(variants)) {
    const path = join(folder, 'variant.gz')
    writeFileSync(path, bytes)
    await expect(restoreBackup(target.url, path, { force: false }), name).rejects.toThrow(/backup/)
  }
  await expect(restoreBackup(target.url, join(folder, 'none.gz'), { force: false })).rejects.toThrow(/cannot be read/)
  expect(await contents(target.url)).toEqual(before)
})

it('refuses a backup of a newer version', async () => {
  const text = gunzipSync(readFileSync(file)).toString()
  const path = join(folder, 'newer.gz')
  writeFileSync(path, gzipSync(text.replace('"0001-initial"', '"0001-initial","9999-future"')))
  await expect(restoreBackup(target.url, path, { force: false })).rejects.toThrow(/newer Signalbox.*9999-future/)
})

it('leaves the database as it was when loading fails halfway', async () => {
  const { openDatabase } = await import('../db/database.ts')
  const { db, close } = openDatabase(target.url)
  await firstStart(db, Date.now(), { adminEmail: null, adminPassword: null, apiKey: null, demo: false })
  await close()
  const before = await contents(target.url)
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')
  const broken = lines.map((line) =>
    line.startsWith('events\t') ? line.replace('"kind":"track"', '"kind":"nonsense"') : line,
  )
  const path = join(folder, 'broken.gz')
  writeFileSync(path, gzipSync(`${broken.join('\n')}\n`))
  await expect(restoreBackup(target.url, path, { force: true })).rejects.toThrow(/violates check constraint/)
  expect(await contents(target.url)).toEqual(before)
})
