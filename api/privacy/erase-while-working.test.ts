import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { newId } from '../db/new-id.ts'
import { uploadImport } from '../imports/upload-import.ts'
import { createIdentityHash } from './identity-hash.ts'
import { type ErasureDeps, workErasures } from './work-erasures.ts'

let w: TestWorkspace
let user = ''
let n = 0
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())
beforeEach(() => {
  n += 1
  user = `user-${n}-of-the-test`
})

const DAY = 86_400_000
const rows = <T extends object>(text: string, values: unknown[] = []) =>
  w.opened.pool.query<T>(text, values).then((result) => result.rows)
const contactId = async (externalId = user): Promise<string> =>
  (await rows<{ id: string }>('SELECT id FROM contacts WHERE external_id = $1', [externalId]))[0]?.id ?? ''
const sendAll = async (...messages: Parameters<TestWorkspace['send']>) => {
  await w.send(...messages)
  await w.dispatch()
}

const deps = (more: Partial<ErasureDeps> = {}): ErasureDeps => ({
  pool: w.opened.pool,
  directory: { alone: (_name, work) => work() },
  runs: { command: async () => undefined, missing: async (runs) => runs, deleteHistories: async () => 0 },
  hash: createIdentityHash('test'),
  clock: () => w.clock.now,
  ...more,
})

async function ask(id: string): Promise<void> {
  await w.opened.db
    .insertInto('erasures')
    .values({
      workspace_id: w.id,
      id: newId(w.clock.now),
      contact_id: id,
      subject_hash: Buffer.from(id),
      suppress: false,
      status: 'running',
      part: 'start',
      requested_by: 'owner',
      requested_at: new Date(w.clock.now),
    })
    .execute()
}

/** Deletes until it comes to a part, and ends there. */
async function killedAt(part: string): Promise<void> {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const reached = (at: string): void => {
    if (at === part) throw new Error('killed')
  }
  await workErasures(deps({ reached }))
  log.mockRestore()
}

describe('while a person is deleted', () => {
  it('a batch that has their message and waits for them makes nobody of it', async () => {
    await sendAll({ type: 'identify', userId: user, traits: { plan: 'pro' } })
    const id = await contactId()
    await w.send({ type: 'identify', userId: user, traits: { email: 'once@more.example' } })
    const erasing = await w.opened.pool.connect()
    try {
      await erasing.query('BEGIN')
      await erasing.query('SELECT 1 FROM contacts WHERE id = $1 FOR UPDATE', [id])
      const working = w.dispatch()
      await vi.waitFor(async () => expect(await rows('SELECT 1 FROM pg_locks WHERE NOT granted')).not.toEqual([]))
      await erasing.query(`DELETE FROM events_pending WHERE body ->> 'userId' = $1`, [user])
      await erasing.query('DELETE FROM identities WHERE contact_id = $1', [id])
      await erasing.query('DELETE FROM contacts WHERE id = $1', [id])
      await erasing.query('COMMIT')
      await working
    } finally {
      erasing.release()
    }
    expect(await rows('SELECT 1 FROM contacts WHERE external_id = $1', [user])).toEqual([])
    expect(await rows('SELECT 1 FROM identities WHERE value = $1', [user])).toEqual([])
  })

  it('a file that is still being uploaded is broken off, whoever may be in what is to come', async () => {
    await sendAll({ type: 'identify', userId: user, traits: { email: `${user}@people.example` } })
    const id = await contactId()
    const many = (from: number): Buffer =>
      Buffer.from(Array.from({ length: 20_000 }, (_, i) => `p${from + i}@example.com,${i}\n`).join(''))
    const end = { '': Buffer.from('last@example.com,1\n'), 'and another piece': many(40_000) }
    for (const [rest, last] of Object.entries(end)) {
      await ask(id)
      // The file's pieces come one after another, and the deletion between them.
      const file = async function* () {
        yield Buffer.concat([Buffer.from(`email,seats\n${user}@people.example,1\n`), many(0)])
        await vi.waitFor(async () => expect(await rows('SELECT 1 FROM import_chunks')).not.toEqual([]))
        await workErasures(deps())
        yield last
      }
      const scoped = { db: w.opened.db, workspaceId: w.id, now: w.clock.now }
      const upload = { name: 'a.csv', kind: 'contacts' as const, createdBy: 'x' }
      await expect(uploadImport(scoped, upload, Readable.from(file())), rest).rejects.toMatchObject({
        code: 'UPLOAD_BROKEN_OFF',
      })
      expect(await rows('SELECT 1 FROM imports')).toEqual([])
      expect(await rows('SELECT 1 FROM import_chunks')).toEqual([])
    }
  })

  it('whoever they are merged into meanwhile is the same person, and goes too', async () => {
    const cookie = `cookie-${n}-of-the-test`
    await sendAll({ type: 'identify', anonymousId: cookie, traits: { email: `${user}@people.example` } })
    const [first] = await rows<{ id: string }>('SELECT contact_id AS id FROM identities WHERE value = $1', [cookie])
    const id = first?.id ?? ''
    await ask(id)
    await killedAt('end')
    // Now it turns out who it is.
    await sendAll({ type: 'identify', userId: user })
    await sendAll({ type: 'identify', userId: user, anonymousId: cookie, traits: { secret: 'blue-heron' } })
    const winner = await contactId()
    expect(await rows('SELECT merged_into FROM contacts WHERE id = $1', [id])).toEqual([{ merged_into: winner }])
    await workErasures(deps())
    expect(await rows('SELECT 1 FROM contacts WHERE id = ANY ($1)', [[id, winner]])).toEqual([])
    expect(await rows('SELECT 1 FROM identities WHERE value = ANY ($1)', [[user, cookie]])).toEqual([])
    expect(await rows(`SELECT 1 FROM events WHERE body::text LIKE '%blue-heron%'`)).toEqual([])
  })

  it('nothing comes true for them any more', async () => {
    const rule = { not: { event: 'Login', count: { op: 'gte' as const, value: 1 }, within: 'P7D' } }
    await w.audience('signal', 'quiet', { rule })
    await w.playbook('wake-up', { trigger: { type: 'trigger.signal', input: { signal: 'quiet', edge: 'set' } } })
    await sendAll({ type: 'track', userId: user, event: 'Login' })
    const id = await contactId()
    await ask(id)
    // The contact is gone, and what was worked out for them not yet.
    await killedAt('memberships')
    expect(await rows('SELECT 1 FROM audience_members WHERE subject_id = $1', [id])).not.toEqual([])
    expect(await w.pass(8 * DAY)).toEqual([])
    await workErasures(deps())
    expect(await rows('SELECT 1 FROM erasures WHERE status <> $1', ['done'])).toEqual([])
    expect(await rows('SELECT 1 FROM audience_edges WHERE subject_id = $1', [id])).toEqual([])
  })
})
