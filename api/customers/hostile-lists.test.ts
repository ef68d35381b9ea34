import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { writeCursor } from '../db/cursor.ts'

let api: TestApi
let w: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  w = await api.workspace('home')
})
afterAll(() => api.close())

const ID = '019cadfd-8903-7001-89d1-8b27804e3b18'
const cursor = (sort: string, key: string): string =>
  `sort=${encodeURIComponent(sort)}&cursor=${writeCursor([sort, 'key', key, ID])}`

it.each([
  cursor('name', 'a\u0000b'),
  cursor('contact.mrr', '"\\u0000"'),
  cursor('contact.mrr', '{"a":"\\ud800"}'),
  cursor('score.pay', '0x10'),
  cursor('score.pay', ' '),
  cursor('createdAt', '2026-99-99T00:00:00Z'),
  `sort=${encodeURIComponent("contact.'; DROP TABLE contacts; --\u0000")}`,
  `sort=${encodeURIComponent('score.\u0000')}`,
  `columns=${encodeURIComponent('contact.\u0000')}`,
  `search=${encodeURIComponent('a\u0000:* & !b')}`,
  `filter=${encodeURIComponent('{"property":"contact.\\u0000","op":"eq","value":"\\u0000"}')}`,
])('is refused or answered, and never breaks: %s', async (query) => {
  const answer = await w.rest('GET', `/v1/contacts?${query}`)
  expect([200, 400, 422], answer.body).toContain(answer.statusCode)
})

it.each(['/v1/events?name=%00', '/v1/events?subject=%00', '/v1/contacts/%00', '/v1/accounts/a%00b'])(
  'is refused, and never breaks: %s',
  async (url) => {
    const answer = await w.rest('GET', url)
    expect([400, 404], answer.body).toContain(answer.statusCode)
  },
)
