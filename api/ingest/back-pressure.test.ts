import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Analytics } from '@segment/analytics-node'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { type OpenedDatabase, openDatabase } from '../db/database.ts'
import { onPool } from '../db/sql.ts'
import { createIdentityHash } from '../privacy/identity-hash.ts'
import { createIngest, type Ingest } from './ingest.ts'
import { trackingRoutes } from './tracking-routes.ts'

const BOUNDS = { rows: 40, bytes: 256 * 1024, ageMs: 400 }
const workspaceId = randomUUID()

let database: TestDatabase
let opened: OpenedDatabase
let server: FastifyInstance
let ingest: Ingest
let host: string

beforeEach(async () => {
  database = await createTestDatabase()
  opened = openDatabase(database.url, { max: 6 })
  ingest = createIngest({
    q: onPool(opened.pool),
    clock: Date.now,
    hash: createIdentityHash('test'),
    bounds: BOUNDS,
  })
  server = Fastify()
  await server.register(trackingRoutes({ ingest, authenticate: () => ({ workspaceId }) }))
  host = await server.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await server.close()
  await opened.close()
  await database.drop()
})

const track = (n: number, filler = 0) =>
  fetch(`${host}/v1/track`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId: `u${n}`, event: 'Sent', messageId: `m${n}`, properties: { x: 'x'.repeat(filler) } }),
  })

const stored = async () =>
  (await opened.db.selectFrom('events').select('message_id').execute()).map((row) => row.message_id).sort()

/** Holds the table as a migration or a runaway statement would, until the returned function is called. */
async function lockEvents(): Promise<() => Promise<void>> {
  const client = await opened.pool.connect()
  await client.query('BEGIN')
  await client.query('LOCK TABLE events IN ACCESS EXCLUSIVE MODE')
  return async () => {
    await client.query('COMMIT')
    client.release()
  }
}

describe('while the database takes nothing', () => {
  it('what waits stays bounded, the rest is told to come back, and all that was acknowledged is there once', async () => {
    await track(-1)
    const unlock = await lockEvents()
    const waiting: Array<Promise<Response>> = []
    for (let n = 0; n < 300; n++) waiting.push(track(n))
    let most = 0
    for (let arrived = 0; arrived < 300; await sleep(10)) {
      const { rows, refused: away } = ingest.load()
      most = Math.max(most, rows)
      arrived = rows + away.slow + away.stuck
    }
    // Nothing committed for a second: that is no longer slow.
    while (ingest.load().ageMs < 1_000) await sleep(10)
    const late = await track(1000)
    expect(late.status).toBe(503)
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await late.json()).toMatchObject({ code: 'INGEST_BUSY' })
    await unlock()

    const answers = await Promise.all(waiting)
    const acknowledged = answers.flatMap(({ status }, n) => (status === 200 ? [`m${n}`] : []))
    const refused = answers.filter(({ status }) => status === 429 || status === 503)
    expect(acknowledged.length + refused.length).toBe(300)
    expect(refused.length).toBeGreaterThan(150)
    expect(refused.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true)
    expect(await stored()).toEqual(['m-1', ...acknowledged].sort())
    expect(ingest.load()).toMatchObject({ rows: 0, bytes: 0, ageMs: 0, bodyBytes: 0 })
    const { slow, stuck } = ingest.load().refused
    expect(slow + stuck).toBe(refused.length + 1)
    expect((await track(2000)).status).toBe(200)
    // Those that were let in together before the bound was reached have bodies of their own bound.
    expect(most).toBeLessThanOrEqual(BOUNDS.rows + BOUNDS.bytes / 4096)
  })

  it('a few large bodies are turned away by their size, before they are read', async () => {
    await track(-1)
    const unlock = await lockEvents()
    const answers = Array.from({ length: 30 }, (_, n) => track(n, 30_000))
    await sleep(200)
    expect(ingest.load().bodyBytes).toBeLessThan(BOUNDS.bytes + 64 * 1024)
    await unlock()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.filter((status) => status !== 200).length).toBeGreaterThan(15)
    expect(await stored()).toHaveLength(1 + statuses.filter((status) => status === 200).length)
  })

  it('Segment’s own library sends again until everything is in', async () => {
    const analytics = new Analytics({ writeKey: 'key', host, flushInterval: 10, flushAt: 5, httpRequestTimeout: 2_000 })
    analytics.on('error', () => undefined)
    const unlock = await lockEvents()
    for (let n = 0; n < 200; n++) analytics.track({ userId: `u${n}`, event: 'Sent', messageId: `m${n}` })
    await sleep(1_500)
    await unlock()
    await analytics.closeAndFlush({ timeout: 30_000 })
    expect(new Set(await stored()).size).toBe(200)
    expect(await stored()).toHaveLength(200)
  })
})

it('a database that is away is answered with 503 and Retry-After', async () => {
  const away = openDatabase('postgres://nobody@127.0.0.1:1/nothing')
  const deps = { q: onPool(away.pool), clock: Date.now, hash: createIdentityHash('test') }
  const other = Fastify()
  await other.register(trackingRoutes({ ingest: createIngest(deps), authenticate: () => ({ workspaceId }) }))
  const answer = await other.inject({ method: 'POST', url: '/v1/track', payload: { userId: 'u', event: 'Sent' } })
  expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([503, 'INGEST_BUSY', '5'])
  await other.close()
  await away.close()
})
