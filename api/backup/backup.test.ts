import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseSnapshot, readSnapshotOf } from '../../nodes/sandbox/snapshot.ts'
import { startSandbox } from '../../nodes/sandbox/start.ts'
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
const about = { version: 'test', now: Date.UTC(2026, 2, 2), sandbox: null }

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
  const { createdAt, rows } = await restoreBackup(target.url, file, { force: false, sandboxDir: null })
  expect(createdAt).toBe('2026-03-02T00:00:00.000Z')
  expect(rows).toBeGreaterThan(8)
  const [before, after] = [await contents(api.databaseUrl), await contents(target.url)]
  expect(Object.keys(before).length).toBeGreaterThan(20)
  expect(after).toEqual(before)
})

it('goes on counting where the backup stopped', async () => {
  await restoreBackup(target.url, file, { force: false, sandboxDir: null })
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
  await expect(restoreBackup(target.url, file, { force: false, sandboxDir: null })).rejects.toThrow(/--force/)
  await restoreBackup(target.url, file, { force: true, sandboxDir: null })
  expect(await contents(target.url)).toEqual(await contents(api.databaseUrl))
})

it('refuses a database on which Signalbox runs', async () => {
  await expect(restoreBackup(api.databaseUrl, file, { force: true, sandboxDir: null })).rejects.toThrow(/Stop it/)
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
    await expect(restoreBackup(target.url, path, { force: false, sandboxDir: null }), name).rejects.toThrow(/backup/)
  }
  await expect(restoreBackup(target.url, join(folder, 'none.gz'), { force: false, sandboxDir: null })).rejects.toThrow(
    /cannot be read/,
  )
  expect(await contents(target.url)).toEqual(before)
})

it('refuses a backup of a newer version', async () => {
  const text = gunzipSync(readFileSync(file)).toString()
  const path = join(folder, 'newer.gz')
  writeFileSync(path, gzipSync(text.replace('"0001-initial"', '"0001-initial","9999-future"')))
  await expect(restoreBackup(target.url, path, { force: false, sandboxDir: null })).rejects.toThrow(
    /newer Signalbox.*9999-future/,
  )
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
  await expect(restoreBackup(target.url, path, { force: true, sandboxDir: null })).rejects.toThrow(
    /violates check constraint/,
  )
  expect(await contents(target.url)).toEqual(before)
})

describe('the sandboxes’ records', () => {
  const contact = { email: 'ada@example.com' }
  const contactsAt = async (url: string) => {
    const answer = await fetch(`${url}/_sandbox/intercom/records/contacts`)
    return ((await answer.json()) as { data: Array<{ id: string; email: string }> }).data
  }
  let from: string
  let backup: string
  let kept: Array<{ id: string; email: string }>
  let token: string
  beforeAll(async () => {
    from = join(folder, 'from')
    backup = join(folder, 'with-sandbox.gz')
    const sandbox = await startSandbox({ port: 0, dataDir: from })
    const control = (path: string, body: object) =>
      fetch(`${sandbox.url}/_sandbox/intercom${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    for (let n = 0; n < 3; n += 1) await control('/records/contacts', { email: `${n}-${contact.email}` })
    token = ((await (await control('/tokens', {})).json()) as { data: { accessToken: string } }).data.accessToken
    kept = await contactsAt(sandbox.url)
    const answered = await (await fetch(`${sandbox.url}/_sandbox/snapshot`)).text()
    const pages = parseSnapshot(answered, from)
    expect(parseSnapshot(answered, folder)).toBeNull()
    await sandbox.close()
    expect(readSnapshotOf(from)).toEqual(pages)
    const { records } = await writeBackup(api.databaseUrl, backup, { ...about, sandbox: pages })
    expect(records).toBeGreaterThan(3)
  })

  it('come back with the database, with the grants by which connections reach them', async () => {
    const to = join(folder, 'to')
    const { records } = await restoreBackup(target.url, backup, { force: false, sandboxDir: to })
    expect(records).toBeGreaterThan(3)
    expect(await contents(target.url)).toEqual(await contents(api.databaseUrl))
    const sandbox = await startSandbox({ port: 0, dataDir: to })
    try {
      expect(await contactsAt(sandbox.url)).toEqual(kept)
      const found = await fetch(`${sandbox.url}/intercom/contacts/${kept[0]?.id ?? ''}`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(found.status).toBe(200)
      expect(await (await fetch(`${sandbox.url}/_sandbox/snapshot`)).text()).toContain(`"${realpathSync(to)}"`)
    } finally {
      await sandbox.close()
    }
  })

  it('are left out, and said to be, where no sandboxes belong to the database', async () => {
    expect(await restoreBackup(target.url, backup, { force: false, sandboxDir: null })).toMatchObject({
      records: 'left',
    })
  })

  it('replace others only when told to, and not while those are in use', async () => {
    const to = join(folder, 'taken')
    const sandbox = await startSandbox({ port: 0, dataDir: to })
    const before = await contents(target.url)
    await expect(restoreBackup(target.url, backup, { force: false, sandboxDir: to })).rejects.toThrow(/--force/)
    await expect(restoreBackup(target.url, backup, { force: true, sandboxDir: to })).rejects.toThrow(/Stop Signalbox/)
    expect(await contents(target.url)).toEqual(before)
    await sandbox.close()
    await restoreBackup(target.url, backup, { force: true, sandboxDir: to })
    const again = await startSandbox({ port: 0, dataDir: to })
    expect(await contactsAt(again.url)).toEqual(kept)
    await again.close()
  }, 30_000)

  it('stay as they are when the database cannot be restored', async () => {
    const to = join(folder, 'kept')
    await (await startSandbox({ port: 0, dataDir: to })).close()
    const before = readSnapshotOf(to)
    await expect(restoreBackup(api.databaseUrl, backup, { force: true, sandboxDir: to })).rejects.toThrow(/Stop it/)
    expect(readSnapshotOf(to)).toEqual(before)
    expect(readdirSync(to)).not.toContain('sandbox.restoring')
  })
})
