import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { createIdentityHash } from '../privacy/identity-hash.ts'

let api: TestApi
let w: TestWorkspace

beforeAll(async () => {
  api = await startTestApi()
  w = await api.workspace('acme')
})
afterAll(async () => {
  await api.close()
})

const stored = async (messageId: string) =>
  api.database.db.selectFrom('events').selectAll().where('message_id', '=', messageId).executeTakeFirst()

describe('what a workspace does not want', () => {
  it('an ignored event is kept as refused, and its sender is told so with status 200', async () => {
    expect((await w.rest('PATCH', '/v1/settings/events/Mouse%20Moved', { ignored: true })).statusCode).toBe(200)
    const answer = await w.rest('POST', '/v1/track', { userId: 'u', event: 'Mouse Moved', messageId: 'i1' })
    expect([answer.statusCode, answer.json().refused[0].code]).toEqual([200, 'EVENT_IGNORED'])
    expect(await stored('i1')).toMatchObject({ status: 'refused', name: 'Mouse Moved' })
    await w.rest('POST', '/v1/track', { userId: 'u', event: 'Paid', messageId: 'i2' })
    expect(await stored('i2')).toMatchObject({ status: 'pending' })

    const list = (await w.rest('GET', '/v1/settings/events')).json()
    expect(
      list.data.map(({ name, ignored, count }: { name: string; ignored: boolean; count: number }) => [
        name,
        ignored,
        count,
      ]),
    ).toEqual([
      ['Mouse Moved', true, 1],
      ['Paid', false, 1],
    ])
    await w.rest('PATCH', '/v1/settings/events/Mouse%20Moved', { ignored: false })
    await w.rest('POST', '/v1/track', { userId: 'u', event: 'Mouse Moved', messageId: 'i3' })
    expect(await stored('i3')).toMatchObject({ status: 'pending' })
  })

  it('a blocked property is left out and named, of contacts and of accounts by themselves', async () => {
    await w.rest('PATCH', '/v1/settings/properties/contact/ssn', { blocked: true })
    await w.rest('PATCH', '/v1/settings/properties/account/iban', { blocked: true })
    const answer = await w.rest('POST', '/v1/batch', {
      batch: [
        { type: 'identify', userId: 'u', traits: { ssn: '1', plan: 'team' }, messageId: 'b1' },
        { type: 'group', userId: 'u', groupId: 'a', traits: { iban: '2', ssn: 'kept' }, messageId: 'b2' },
        { type: 'track', userId: 'u', event: 'Paid', context: { traits: { ssn: '3' } }, messageId: 'b3' },
      ],
    })
    expect(answer.json()).toEqual({
      success: true,
      blocked: [
        { index: 0, properties: ['ssn'] },
        { index: 1, properties: ['iban'] },
        { index: 2, properties: ['ssn'] },
      ],
    })
    expect((await stored('b1'))?.body).toMatchObject({ traits: { plan: 'team' }, blockedTraits: ['ssn'] })
    expect(JSON.stringify((await stored('b1'))?.body)).not.toContain('"1"')
    expect((await stored('b2'))?.body).toMatchObject({ traits: { ssn: 'kept' }, blockedTraits: ['iban'] })
    expect((await stored('b3'))?.body).toMatchObject({ context: { traits: {} } })
  })

  it('nothing of a person who was deleted is kept, under any of their names', async () => {
    const hash = createIdentityHash('test')
    for (const identity of [
      { kind: 'user_id', value: 'gone' },
      { kind: 'email', value: 'gone@example.com' },
      { kind: 'vendor_id', value: 'intercom:gone-77' },
    ])
      await api.database.db
        .insertInto('suppressed_identities')
        .values({ workspace_id: w.id, hash: hash(w.id, identity), created_at: new Date() })
        .execute()
    api.deps.ingest.forgetSettings(w.id)
    const outside = (messageId: string, externalId: object) => ({
      type: 'track',
      userId: 'new',
      event: 'Paid',
      messageId,
      context: { externalIds: [externalId] },
    })
    const answer = await w.rest('POST', '/v1/batch', {
      batch: [
        { type: 'track', userId: 'gone', event: 'Paid', messageId: 's1' },
        { type: 'identify', userId: 'new', traits: { email: 'Gone@Example.com' }, messageId: 's2' },
        { type: 'alias', userId: 'new', previousId: 'gone', messageId: 's3' },
        { type: 'track', userId: 'here', event: 'Paid', messageId: 's4' },
        { type: 'identify', userId: 'new', traits: { email: ' gone@example.com ' }, messageId: 's6' },
        outside('s7', { id: 'gone-77', type: 'Intercom', collection: 'users', encoding: 'none' }),
        outside('s8', { id: 'Gone@example.com', type: 'email' }),
      ],
    })
    expect(answer.statusCode).toBe(200)
    const { refused } = answer.json()
    expect(refused.map((r: { index: number; code: string }) => [r.index, r.code])).toEqual([
      [0, 'SUPPRESSED'],
      [1, 'SUPPRESSED'],
      [2, 'SUPPRESSED'],
      [4, 'SUPPRESSED'],
      [5, 'SUPPRESSED'],
      [6, 'SUPPRESSED'],
    ])
    expect(answer.body).not.toMatch(/s1|s2|s3|s6|s7|s8|gone/i)
    expect(await stored('s4')).toBeDefined()
    for (const id of ['s1', 's2', 's3', 's6', 's7', 's8']) expect(await stored(id)).toBeUndefined()
    const single = await w.rest('POST', '/v1/track', { userId: 'gone', event: 'Paid', messageId: 's5' })
    expect([single.statusCode, single.json().success]).toEqual([200, true])
  })

  it('masks are changed by owners, the rest by editors, nothing by viewers', async () => {
    const change = async (role: 'owner' | 'editor' | 'viewer', body: object) =>
      (
        await api.server.inject({
          method: 'PATCH',
          url: '/v1/settings/properties/contact/salary',
          headers: await w.signIn(role),
          payload: body,
        })
      ).statusCode
    expect(await change('editor', { maskedBelow: 'owner' })).toBe(403)
    expect(await change('owner', { maskedBelow: 'owner' })).toBe(200)
    expect(await change('editor', { description: 'A year' })).toBe(200)
    expect(await change('viewer', { blocked: true })).toBe(403)
    const { data } = (await w.rest('GET', '/v1/settings/properties')).json()
    expect(data.find(({ name }: { name: string }) => name === 'salary')).toMatchObject({
      maskedBelow: 'owner',
      blocked: false,
      description: 'A year',
    })
  })
})

describe('a browser', () => {
  it('may send from any page with a write key in the message, which is not stored', async () => {
    const writeKey = await w.key(['events:write'])
    const answer = await api.server.inject({
      method: 'POST',
      url: '/v1/t',
      headers: { 'content-type': 'text/plain', origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' },
      payload: JSON.stringify({ anonymousId: 'x', event: 'Seen', messageId: 'w1', writeKey }),
    })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(JSON.stringify((await stored('w1'))?.body)).not.toContain(writeKey)
    const asked = await api.server.inject({
      method: 'OPTIONS',
      url: '/v1/t',
      headers: { origin: 'https://shop.example' },
    })
    expect([asked.statusCode, asked.headers['access-control-allow-headers']]).toEqual([
      204,
      'authorization, content-type',
    ])
  })
})

it('a message that another system passed on keeps the time that system gave it', async () => {
  await w.rest('POST', '/v1/track', {
    userId: 'u',
    event: 'Passed on',
    messageId: 'f1',
    originalTimestamp: '2026-01-01T09:00:00Z',
    sentAt: '2026-01-01T09:00:10Z',
    timestamp: '2026-01-01T10:00:00Z',
  })
  expect((await stored('f1'))?.occurred_at).toEqual(new Date('2026-01-01T10:00:00Z'))
})
