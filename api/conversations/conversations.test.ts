import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { dispatchAll } from '../../test/helpers/dispatch.ts'
import { createIdentityHash } from '../privacy/identity-hash.ts'
import { SANDBOX_CLIENT } from '../connections/oauth-apps.ts'
import { newId } from '../db/new-id.ts'
import { putConversation } from './put-conversation.ts'

let api: TestApi
let home: TestWorkspace
let away: TestWorkspace
beforeAll(async () => {
  // Nothing of it is called here: its client's secret signs.
  api = await startTestApi({ sandboxUrl: 'http://127.0.0.1:9' })
  home = await api.workspace('home')
  away = await api.workspace('away')
  await send(
    { type: 'identify', userId: 'ada', traits: { email: 'ada@example.com', name: 'Ada' } },
    { type: 'group', userId: 'ada', groupId: 'acme', traits: { name: 'Acme' } },
  )
})
afterAll(() => api.close())

const send = async (...batch: object[]) => {
  await home.rest('POST', '/v1/batch', { batch })
  await dispatchAll(api.database, api.clock)
}
const put = (id: string, body: object, app = 'intercom') =>
  home.rest('PUT', `/v1/conversations/${app}/${encodeURIComponent(id)}`, body)
const at = (minute: number) => `2026-03-02T09:${String(minute).padStart(2, '0')}:00.000Z`
const message = (externalId: string, minute: number, body = externalId) => ({
  externalId,
  author: { kind: 'contact', name: 'Ada' },
  body,
  at: at(minute),
})

describe('a conversation', () => {
  it('is made known and changed by the same call, and each message is there once', async () => {
    const first = await put('c-1', {
      contact: { userId: 'ada' },
      title: 'Invoice',
      messages: [message('m-2', 2), message('m-1', 1)],
      updatedAt: at(2),
    })
    expect(first.json()).toMatchObject({
      app: 'intercom',
      externalId: 'c-1',
      contact: { label: 'Ada' },
      account: { label: 'Acme' },
      state: 'open',
      messages: 2,
      openedAt: at(1),
      thread: [{ externalId: 'm-1' }, { externalId: 'm-2' }],
    })
    const bot = { externalId: 'm-3', author: { kind: 'bot' }, body: 'Solved?', at: at(3) }
    const second = await put('c-1', {
      state: 'closed',
      closedAt: at(5),
      rating: 4,
      messages: [message('m-2', 2, 'corrected'), bot],
      updatedAt: at(5),
    })
    expect(second.json()).toMatchObject({ title: 'Invoice', state: 'closed', rating: 4, messages: 3 })
    expect(second.json().thread.map((m: { body: string }) => m.body)).toEqual(['m-1', 'corrected', 'Solved?'])
    // Told late: what was known of it then is old, its message is not.
    const late = await put('c-1', { state: 'open', messages: [message('m-4', 4)], updatedAt: at(4) })
    expect(late.json()).toMatchObject({ state: 'closed', closedAt: at(5), messages: 4 })
    const list = (await home.rest('GET', '/v1/conversations?subject=ada')).json()
    expect(list.data.map((row: { externalId: string }) => row.externalId)).toEqual(['c-1'])
    expect((await home.rest('GET', '/v1/conversations?subject=acme')).json().data).toHaveLength(1)
    expect((await home.rest('GET', '/v1/conversations?subject=nobody')).json().data).toEqual([])
    const viewed = await home.rest('GET', `/v1/conversations/${list.data[0].id}`)
    expect(viewed.json()).toEqual(late.json())
  })

  it('is found by the surest id, never by a shared mailbox', async () => {
    await send(
      { type: 'identify', userId: 'bob', traits: { email: 'bob@example.com' } },
      { type: 'identify', userId: 'eve', traits: { email: 'info@example.com' } },
    )
    const id = (await home.rest('GET', '/v1/contacts/bob')).json().id
    await home.rest('POST', `/v1/contacts/${id}/identities`, { kind: 'vendor_id', value: 'intercom:ic-b' })
    const whose = async (external: string, contact: object) =>
      (await put(external, { contact, openedAt: at(1) })).json().contact?.externalId ?? null
    expect(await whose('w-1', { vendorId: 'ic-b', userId: 'ada', email: 'ada@example.com' })).toBe('bob')
    expect(await whose('w-2', { vendorId: 'unknown', userId: 'ada', email: 'bob@example.com' })).toBe('ada')
    expect(await whose('w-3', { vendorId: 'unknown', email: 'BOB@example.com' })).toBe('bob')
    expect(await whose('w-4', { email: 'info@example.com' })).toBeNull()
  })

  it('of nobody we know finds its contact as soon as one is known', async () => {
    expect((await put('n-1', { contact: { vendorId: 'ic-new' }, openedAt: at(1) })).json().contact).toBeNull()
    const externalIds = [{ id: 'ic-new', type: 'intercom', collection: 'users', encoding: 'none' }]
    await send({ type: 'identify', userId: 'new', context: { externalIds } })
    const { data } = (await home.rest('GET', '/v1/conversations?subject=new')).json()
    expect(data).toMatchObject([{ externalId: 'n-1', contact: { externalId: 'new' } }])
  })

  it('refuses what it cannot keep, with the place', async () => {
    const refusal = async (body: object, app?: string) => (await put('bad', body, app)).json()
    expect(await refusal({})).toMatchObject({ code: 'INPUT_INVALID', problems: [{ path: 'openedAt' }] })
    expect(await refusal({ openedAt: at(1), title: 'a\u0000b' })).toMatchObject({ problems: [{ path: 'title' }] })
    expect(await refusal({ openedAt: at(1), url: 'javascript:alert(1)' })).toMatchObject({
      problems: [{ path: 'url' }],
    })
    expect(await refusal({ openedAt: at(1), rating: 6 })).toMatchObject({ problems: [{ path: 'rating' }] })
    expect(await refusal({ openedAt: at(1), state: 'lost' })).toMatchObject({ problems: [{ path: 'state' }] })
    expect(await refusal({ openedAt: at(1), account: 'nowhere' })).toMatchObject({ status: 404 })
    expect(await refusal({ openedAt: at(1) }, 'Bad App')).toMatchObject({ code: 'INPUT_INVALID' })
    expect((await home.rest('GET', '/v1/conversations?cursor=nonsense')).json()).toMatchObject({
      code: 'CURSOR_INVALID',
    })
  })

  it('is kept with hostile words as they are, and seen in its workspace alone', async () => {
    const body = `'; DROP TABLE conversations; -- <script>alert(1)</script> 💥 \\ {{ x }}`
    const made = (await put(`id/with?odd&chars'"`, { openedAt: at(1), messages: [message('m', 1, body)] })).json()
    expect(made.thread[0].body).toBe(body)
    expect(made.externalId).toBe(`id/with?odd&chars'"`)
    expect((await away.rest('GET', `/v1/conversations/${made.id}`)).statusCode).toBe(404)
    expect((await away.rest('GET', '/v1/conversations')).json().data).toEqual([])
    const same = await away.rest('PUT', '/v1/conversations/intercom/c-1', {
      openedAt: at(1),
      contact: { userId: 'ada' },
    })
    expect(same.json()).toMatchObject({ contact: null, messages: 0 })
  })

  it('goes page by page', async () => {
    for (const n of [1, 2, 3, 4, 5])
      await put(`p-${n}`, { contact: { userId: 'pager' }, openedAt: at(n), updatedAt: at(n) })
    await send({ type: 'identify', userId: 'pager' })
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { data: Array<{ externalId: string }>; nextCursor: string | null } = (
        await home.rest('GET', `/v1/conversations?subject=pager&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).json()
      seen.push(...page.data.map((row) => row.externalId))
      cursor = page.nextCursor
    }
    expect(seen).toEqual(['p-5', 'p-4', 'p-3', 'p-2', 'p-1'])
  })

  it('is one when two calls make it at once', async () => {
    const ctx = { ...api.deps, workspaceId: home.id, now: api.clock.now }
    const calls = Array.from({ length: 4 }, (_, n) =>
      putConversation(ctx, {
        app: 'chat',
        externalId: 'race',
        openedAt: at(1),
        messages: [{ ...message(`m-${n}`, n), author: { kind: 'contact' } }],
      }),
    )
    const views = await Promise.all(calls)
    expect(new Set(views.map((view) => view.id)).size).toBe(1)
    const [{ id } = { id: '' }] = views
    expect((await home.rest('GET', `/v1/conversations/${id}`)).json().messages).toBe(4)
  })
})

describe('a conversation with somebody who was deleted', () => {
  it('is refused under any of their names, and a notification of it is taken and not kept', async () => {
    const hash = createIdentityHash('test')
    const gone = [
      { kind: 'user_id', value: 'gone' },
      { kind: 'email', value: 'gone@example.com' },
      { kind: 'vendor_id', value: 'intercom:ic-gone' },
    ]
    const rows = gone.map((one) => ({ workspace_id: home.id, hash: hash(home.id, one), created_at: new Date() }))
    await api.database.db.insertInto('suppressed_identities').values(rows).execute()
    api.deps.ingest.forgetSettings(home.id)
    for (const contact of [{ userId: 'gone' }, { email: 'Gone@example.com' }, { vendorId: 'ic-gone' }]) {
      const answer = await put('of-gone', { contact, openedAt: at(1) })
      expect([answer.statusCode, answer.json().code]).toEqual([422, 'SUPPRESSED'])
    }
    const told = conversationThere('of-gone', { id: 'ic-gone' })
    expect((await notify(await connection('gone'), told)).statusCode).toBe(200)
    const kept = api.database.db.selectFrom('conversations').select('id').where('external_id', '=', 'of-gone')
    expect(await kept.execute()).toEqual([])
  })
})

describe('notes', () => {
  it('are written on contacts and accounts, changed and removed, each with who wrote it', async () => {
    const made = await home.rest('POST', '/v1/notes', { subject: 'account', subjectId: 'acme', body: 'Renews in May.' })
    expect(made.statusCode).toBe(201)
    const note = made.json()
    expect(note).toMatchObject({ subject: 'account', body: 'Renews in May.', author: 'key test' })
    api.clock.now += 1000
    const changed = (await home.rest('PATCH', `/v1/notes/${note.id}`, { body: 'Renews in June.' })).json()
    expect(changed).toMatchObject({
      ...note,
      body: 'Renews in June.',
      updatedAt: new Date(api.clock.now).toISOString(),
    })
    expect((await home.rest('GET', '/v1/notes?subject=account&subjectId=acme')).json().data).toEqual([changed])
    expect((await away.rest('PATCH', `/v1/notes/${note.id}`, { body: 'mine' })).statusCode).toBe(404)
    expect((await away.rest('DELETE', `/v1/notes/${note.id}`)).statusCode).toBe(404)
    expect((await home.rest('DELETE', `/v1/notes/${note.id}`)).json()).toEqual({ id: note.id })
    expect((await home.rest('DELETE', `/v1/notes/${note.id}`)).statusCode).toBe(404)
    const audit = await api.database.db
      .selectFrom('audit')
      .select('action')
      .where('target', '=', note.id)
      .orderBy('id')
      .execute()
    expect(audit.map((row) => row.action).toSorted()).toEqual(['note.create', 'note.remove', 'note.update'])
  })

  it('refuse what cannot be kept, and those who may only read', async () => {
    const write = (body: string, subjectId = 'ada') =>
      home.rest('POST', '/v1/notes', { subject: 'contact', subjectId, body })
    for (const body of ['', '   ', 'a\u0000b', 'x'.repeat(10_001)]) expect((await write(body)).statusCode).toBe(400)
    expect((await write('hello', 'nobody')).statusCode).toBe(404)
    expect((await home.rest('PATCH', '/v1/notes/no-id', { body: 'x' })).statusCode).toBe(400)
    const reader = await home.key(['data:read'])
    const headers = { authorization: `Bearer ${reader}` }
    const denied = {
      method: 'POST' as const,
      url: '/v1/notes',
      headers,
      payload: { subject: 'contact', subjectId: 'ada', body: 'x' },
    }
    expect((await api.server.inject(denied)).statusCode).toBe(403)
    expect(
      (await api.server.inject({ method: 'GET', url: '/v1/notes?subject=contact&subjectId=ada', headers })).json().data,
    ).toEqual([])
  })
})

describe('Intercom’s webhook', () => {
  it('keeps the conversation beside the event', async () => {
    const id = await connection('intercom')
    const told = conversationThere('900', { id: 'ic-hook', external_id: 'hooked', email: 'hooked@example.com' })
    for (const _ of [1, 2]) expect((await notify(id, told)).statusCode).toBe(200)
    await dispatchAll(api.database, api.clock)
    const { data } = (await home.rest('GET', '/v1/conversations?subject=hooked')).json()
    expect(data).toMatchObject([{ externalId: '900', messages: 1, contact: { externalId: 'hooked' } }])
    const { identities } = (await home.rest('GET', '/v1/contacts/hooked')).json()
    expect(identities).toContainEqual({ kind: 'vendor_id', value: 'intercom:ic-hook' })
  })
})

/** As Intercom tells of a new one. */
const conversationThere = (id: string, contact: { id: string; external_id?: string; email?: string }) => ({
  type: 'conversation',
  id,
  created_at: 1_700_000_000,
  updated_at: 1_700_000_100,
  state: 'open',
  contacts: { contacts: [{ type: 'contact', ...contact }] },
  source: { id: '1', body: '<p>Help</p>', author: { type: 'user', ...contact } },
  conversation_parts: { conversation_parts: [] },
})

function notify(connectionId: string, item: { id: string }) {
  const payload = JSON.stringify({
    type: 'notification_event',
    id: `n-${item.id}`,
    topic: 'conversation.user.created',
    created_at: 1_700_000_000,
    data: { item },
  })
  const signature = `sha1=${createHmac('sha1', SANDBOX_CLIENT.clientSecret).update(payload).digest('hex')}`
  const headers = { 'content-type': 'application/json', 'x-hub-signature': signature }
  return api.server.inject({ method: 'POST', url: `/hooks/${connectionId}`, headers, payload })
}

/** A connection to a sandbox, whose notifications are signed with the sandbox's secret. */
async function connection(slug: string): Promise<string> {
  const id = newId(api.clock.now)
  const at = new Date(api.clock.now)
  const named = { slug, app: 'intercom', name: 'Intercom', sandbox: true }
  await api.database.db
    .insertInto('connections')
    .values({ workspace_id: home.id, id, ...named, sealed: Buffer.alloc(0), created_at: at, updated_at: at })
    .execute()
  return id
}
