import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { jsonItems } from './json-items.ts'

let api: TestApi
let w: TestWorkspace

beforeAll(async () => {
  api = await startTestApi()
  w = await api.workspace('acme')
})
afterAll(async () => {
  await api.close()
})
beforeEach(async () => {
  await api.database.db.deleteFrom('events').execute()
  await api.database.db.deleteFrom('event_ids').execute()
})

const bulk = async (kind: string, payload: string | Buffer, headers: Record<string, string> = {}) =>
  api.server.inject({
    method: 'POST',
    url: `/v1/bulk/${kind}`,
    payload,
    headers: { authorization: `Bearer ${await w.key()}`, 'content-type': 'application/json', ...headers },
  })
const stored = () => api.database.db.selectFrom('events').selectAll().orderBy('seq').execute()

describe('a bulk call', () => {
  it('takes a list or lines, plain or packed, and answers for each item that is refused', async () => {
    const items = [
      { userId: 'u1', event: 'Paid', properties: { amount: 3, note: 'a, ] } " b' } },
      { event: 'Paid' },
      { userId: 'u2', event: 'Paid', amount: 3 },
      { anonymousId: 'x', event: 'Seen', timestamp: '2026-01-02T03:04:05Z', groupId: 'a1' },
      { userId: 'u3', event: 'Big', properties: { x: 'x'.repeat(40_000) } },
    ]
    const expected = [
      [1, 'SUBJECT_MISSING'],
      [2, 'MESSAGE_INVALID'],
      [4, 'MESSAGE_TOO_LARGE'],
    ]
    const list = JSON.stringify(items, null, 1)
    const lines = items.map((item) => JSON.stringify(item)).join('\n')
    for (const [payload, headers] of [
      [list, {}],
      [`${lines}\n`, { 'content-type': 'application/x-ndjson' }],
      [gzipSync(lines), { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' }],
    ] as const) {
      const answer = await bulk('events', payload, headers)
      expect(answer.statusCode, answer.body).toBe(200)
      const { items: count, taken, refused } = answer.json()
      expect([count, taken]).toEqual([5, 2])
      expect(refused.map((r: { index: number; code: string }) => [r.index, r.code])).toEqual(expected)
    }
    const rows = await stored()
    expect(rows).toHaveLength(6)
    expect(rows[1]).toMatchObject({ name: 'Seen', body: { context: { groupId: 'a1' } } })
    expect(rows[1]?.occurred_at).toEqual(new Date('2026-01-02T03:04:05Z'))
  })

  it('with an Idempotency-Key counts each item once, however often it comes', async () => {
    const payload = JSON.stringify(
      Array.from({ length: 2_500 }, (_, i) => ({ userId: `u${i}`, email: `u${i}@example.com`, groupId: `a${i % 7}` })),
    )
    for (let i = 0; i < 2; i++) {
      const answer = await bulk('contacts', payload, { 'idempotency-key': 'nightly-1' })
      expect(answer.json()).toEqual({ items: 2_500, taken: 2_500, refused: [] })
    }
    const rows = await stored()
    expect(rows.filter(({ kind }) => kind === 'identify')).toHaveLength(2_500)
    expect(rows.filter(({ kind }) => kind === 'group')).toHaveLength(2_500)
  })

  it('that breaks off says what was taken, and can be sent again whole', async () => {
    const items = Array.from({ length: 1_500 }, (_, i) => ({ groupId: `a${i}`, name: `Account ${i}` }))
    const whole = JSON.stringify(items)
    const broken = await bulk('accounts', whole.slice(0, -20), { 'idempotency-key': 'k' })
    expect([broken.statusCode, broken.json().code]).toEqual([400, 'MALFORMED_JSON'])
    expect(broken.json().detail).toContain('1000 items were taken')
    expect((await bulk('accounts', whole, { 'idempotency-key': 'k' })).json()).toMatchObject({ taken: 1_500 })
    expect(await stored()).toHaveLength(1_500)
  })

  it('over 10,000 items is refused', async () => {
    const answer = await bulk('accounts', '{"groupId":"a"}\n'.repeat(10_001))
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
  })
})

it('items are cut alike wherever the body is divided', async () => {
  const body = Buffer.from(
    ' [ {"a":"]}\\"é"} ,[1,[2]], "x,y" , 5 ,{"long":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}] \n',
  )
  for (let at = 0; at < body.length; at++) {
    const parts = [body.subarray(0, at), body.subarray(at)]
    const items: unknown[] = []
    for await (const item of jsonItems(stream(parts), 30))
      items.push('text' in item ? JSON.parse(item.text) : 'too long')
    expect(items).toEqual([{ a: ']}"é' }, [1, [2]], 'x,y', 5, 'too long'])
  }
})

async function* stream(parts: Buffer[]): AsyncGenerator<Buffer> {
  yield* parts
}
