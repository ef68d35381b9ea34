import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { Analytics } from '@segment/analytics-node'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { type OpenedDatabase, openDatabase } from '../db/database.ts'
import { onPool } from '../db/sql.ts'
import { problem } from '../problem.ts'
import { createIngest } from './ingest.ts'
import { createIdentityHash } from '../privacy/identity-hash.ts'
import { trackingRoutes } from './tracking-routes.ts'

const NOW = Date.parse('2026-03-02T10:00:00Z')
const workspaceId = randomUUID()
let database: TestDatabase
let opened: OpenedDatabase
let server: FastifyInstance
let now = NOW

beforeAll(async () => {
  database = await createTestDatabase()
  opened = openDatabase(database.url)
  const ingest = createIngest({ q: onPool(opened.pool), clock: () => now, hash: createIdentityHash('test') })
  server = Fastify()
  await server.register(
    trackingRoutes({
      ingest,
      authenticate: (request) => {
        const basic = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString()
        if (request.headers.authorization === 'Bearer key' || basic === 'key:') return { workspaceId }
        throw problem(401, 'KEY_UNKNOWN', 'Send a write key.')
      },
    }),
  )
})
afterAll(async () => {
  await server.close()
  await opened.close()
  await database.drop()
})
beforeEach(async () => {
  now = NOW
  await opened.db.deleteFrom('events').execute()
  await opened.db.deleteFrom('event_ids').execute()
})

const post = (path: string, payload: unknown, headers: Record<string, string> = {}) =>
  server.inject({
    method: 'POST',
    url: path,
    payload: Buffer.isBuffer(payload) || typeof payload === 'string' ? payload : JSON.stringify(payload),
    headers: { 'content-type': 'application/json', authorization: 'Bearer key', ...headers },
  })
const stored = () => opened.db.selectFrom('events').selectAll().orderBy('seq').execute()

describe('a single call', () => {
  it('is committed before it is answered', async () => {
    const answer = await post('/v1/track', {
      userId: 'u1',
      event: 'Trial Started',
      messageId: 'm1',
      properties: { a: 1 },
    })
    expect([answer.statusCode, answer.json()]).toEqual([200, { success: true }])
    expect(await stored()).toMatchObject([
      { message_id: 'm1', kind: 'track', name: 'Trial Started', status: 'pending', subject_key: 'u:u1' },
    ])
  })

  it('is taken once however often its message id comes', async () => {
    const message = { userId: 'u1', event: 'Paid', messageId: 'same' }
    await Promise.all([1, 2, 3].map(() => post('/v1/track', message)))
    await post('/v1/track', message)
    expect(await stored()).toHaveLength(1)
  })

  it('corrects the sender’s clock by what it showed when the message was sent', async () => {
    await post('/v1/track', {
      userId: 'u1',
      event: 'Late',
      timestamp: '2026-03-02T11:30:00Z',
      sentAt: '2026-03-02T12:00:00Z',
    })
    expect((await stored())[0]?.occurred_at).toEqual(new Date('2026-03-02T09:30:00Z'))
  })

  it.each([
    ['/v1/track', { event: 'x' }, 'SUBJECT_MISSING'],
    ['/v1/track', { userId: 'u' }, 'NAME_MISSING'],
    ['/v1/track', { userId: 7, event: 'x' }, 'MESSAGE_INVALID'],
    ['/v1/track', { userId: 'u', event: 'x', properties: [] }, 'MESSAGE_INVALID'],
    ['/v1/track', { userId: 'u', event: 'x', properties: { a: 'nul\u0000' } }, 'MESSAGE_INVALID'],
    ['/v1/track', { userId: 'u', event: 'x', properties: { a: '\ud800' } }, 'MESSAGE_INVALID'],
    ['/v1/track', { userId: 'u', event: 'x', timestamp: 'yesterday' }, 'TIMESTAMP_INVALID'],
    ['/v1/track', { userId: 'u', event: 'x', timestamp: '2026-03-04T10:00:00Z' }, 'TIMESTAMP_INVALID'],
    ['/v1/group', { userId: 'u' }, 'SUBJECT_MISSING'],
    ['/v1/alias', { userId: 'u' }, 'SUBJECT_MISSING'],
    ['/v1/identify', 'no json', 'MALFORMED_JSON'],
    ['/v1/identify', '[]', 'MESSAGE_INVALID'],
  ])('%s with %j is refused with its code and a remedy', async (path, body, code) => {
    const answer = await post(path, body)
    expect([answer.statusCode, answer.json().code]).toEqual([400, code])
    expect(answer.json().detail).toMatch(/\w+/)
    expect(await stored()).toEqual([])
  })

  it('keeps text that only looks like an escape', async () => {
    expect(
      (await post('/v1/track', { userId: 'u', event: 'x', properties: { a: '\\u0000 \\ud800' } })).statusCode,
    ).toBe(200)
    expect((await stored())[0]?.body).toMatchObject({ properties: { a: '\\u0000 \\ud800' } })
  })

  it('over 32 KB is refused as too large', async () => {
    const answer = await post('/v1/track', { userId: 'u', event: 'x', properties: { a: 'x'.repeat(33_000) } })
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  it('without a key is refused', async () => {
    expect((await post('/v1/track', { userId: 'u', event: 'x' }, { authorization: 'Bearer no' })).statusCode).toBe(401)
  })
})

describe('a batch', () => {
  it('is taken although some of its messages are bad, and those are kept with their reasons', async () => {
    const answer = await post('/v1/batch', {
      batch: [
        { type: 'track', userId: 'u', event: 'Good', messageId: 'a' },
        { type: 'track', userId: 'u', messageId: 'b' },
        { type: 'dance', userId: 'u' },
        { type: 'track', userId: 'u', event: 'nul \u0000', messageId: 'c' },
        null,
        { type: 'track', userId: 'u', event: 'Big', properties: { a: 'ü'.repeat(17_000) } },
        { type: 'identify', userId: 'u', traits: { mrr: 3 }, messageId: 'd' },
      ],
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.json().refused.map((r: { index: number; code: string }) => [r.index, r.code])).toEqual([
      [1, 'NAME_MISSING'],
      [2, 'TYPE_UNKNOWN'],
      [3, 'MESSAGE_INVALID'],
      [4, 'MESSAGE_INVALID'],
      [5, 'MESSAGE_TOO_LARGE'],
    ])
    expect((await stored()).map((row) => row.status)).toEqual([
      'pending',
      'refused',
      'refused',
      'refused',
      'refused',
      'refused',
      'pending',
    ]) // prettier-ignore
  })

  it('refuses what is nested too deep for the database', async () => {
    const ingest = createIngest({ q: onPool(opened.pool), clock: () => now, hash: createIdentityHash('test') })
    const deep = `${'['.repeat(60)}1${']'.repeat(60)}`
    const answer = await ingest.acceptBatch(
      { workspaceId },
      {
        batch: [
          { type: 'track', userId: 'u', event: 'ok', properties: { deep: JSON.parse(deep) } },
          { type: 'track', userId: 'u', event: 'deeper', properties: { deep: JSON.parse(`[[[[[${deep}]]]]]`) } },
        ],
      },
    )
    expect(answer.refused?.map((r) => r.index)).toEqual([1])
  })

  it('may come gzipped, and a bomb is stopped at the limit', async () => {
    const batch = { batch: [{ type: 'track', userId: 'u', event: 'Zipped', messageId: 'z' }] }
    const good = await post('/v1/batch', gzipSync(JSON.stringify(batch)), { 'content-encoding': 'gzip' })
    expect(good.json()).toEqual({ success: true })
    const bomb = await post('/v1/batch', gzipSync(Buffer.alloc(5_000_000, 32)), { 'content-encoding': 'gzip' })
    expect(bomb.statusCode).toBe(413)
    const broken = await post('/v1/batch', Buffer.from('plain'), { 'content-encoding': 'gzip' })
    expect(broken.json().code).toBe('GZIP_INVALID')
    expect(await stored()).toHaveLength(1)
  })

  it('that is none is refused', async () => {
    expect((await post('/v1/batch', { userId: 'u' })).json().code).toBe('BATCH_INVALID')
  })
})

it('takes what Segment’s own library sends when only its host is changed', async () => {
  now = Date.now()
  const host = await server.listen({ host: '127.0.0.1', port: 0 })
  const analytics = new Analytics({ writeKey: 'key', host, flushInterval: 10 })
  analytics.identify({ userId: 'ada', traits: { email: 'ada@example.com' } })
  analytics.group({ userId: 'ada', groupId: 'acme', traits: { mrr: 120 } })
  analytics.track({ userId: 'ada', event: 'Signed Up', properties: { plan: 'team' } })
  await analytics.closeAndFlush({ timeout: 5000 })
  expect((await stored()).map((row) => [row.kind, row.status])).toEqual([
    ['identify', 'pending'],
    ['group', 'pending'],
    ['track', 'pending'],
  ])
})
