import { createHmac } from 'node:crypto'
import Fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { call, control, openIntercom, records, startIntercom } from '../../../test/helpers/intercom.ts'
import type { OpenedConnection } from '../../define.ts'
import type { RunningSandbox } from '../../sandbox/host.ts'

let sandbox: RunningSandbox
let connection: OpenedConnection
let clock: number

beforeEach(async () => {
  clock = Date.parse('2026-03-02T12:00:00Z')
  sandbox = await startIntercom(() => clock)
  connection = await openIntercom(sandbox)
})
afterEach(() => sandbox.close())

interface Answer {
  status: number
  headers: Headers
  // The tests know what they asked for.
  body: ReturnType<typeof JSON.parse>
}

async function api(...[method, path, body]: [string, string, unknown?]): Promise<Answer> {
  const response = await call(connection, method, path, body)
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}
const contact = async (body: object) => (await api('POST', '/contacts', body)).body
const code = ({ status, body }: Answer) => [status, body.errors[0].code]

describe('sign-in', () => {
  const form = (fields: object) => ({
    method: 'POST',
    redirect: 'manual' as const,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields as { [name: string]: string }),
  })
  const ask = { client_id: 'app-1', redirect_uri: 'http://localhost:4000/oauth/intercom?x=1', state: 'st8' }
  const decide = async (decision: string) => {
    const response = await fetch(`${sandbox.url}/intercom/oauth/decision`, form({ ...ask, decision }))
    return new URL(response.headers.get('location') ?? '')
  }
  const exchange = (fields: object) => api('POST', '/auth/eagle/token', fields)

  it('asks a person, and gives a code that becomes a token once', async () => {
    const page = await fetch(`${sandbox.url}/intercom/oauth?${new URLSearchParams(ask)}`)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toMatch(/<form method="post".*value="st8".*Deny.*Allow/s)
    const target = await decide('allow')
    expect([target.searchParams.get('state'), target.searchParams.get('x')]).toEqual(['st8', '1'])
    const grant = { code: target.searchParams.get('code'), client_id: 'app-1', client_secret: 's1' }
    const { status, body } = await exchange(grant)
    expect(status).toBe(200)
    expect(body).toEqual({ token_type: 'Bearer', token: body.access_token, access_token: expect.any(String) })
    connection.credentials.accessToken = body.access_token
    expect((await api('GET', '/me')).body).toMatchObject({ type: 'admin', app: { id_code: 'sb0xsand', region: 'US' } })
    expect(code(await exchange(grant))).toEqual([401, 'unauthorized'])
  })

  it('comes back with an error when the person denies', async () => {
    const target = await decide('deny')
    expect([target.searchParams.get('error'), target.searchParams.get('code')]).toEqual(['access_denied', null])
  })

  it('holds a client to the secret of its first exchange, and a code to its client', async () => {
    const fresh = async () => (await decide('allow')).searchParams.get('code')
    await exchange({ code: await fresh(), client_id: 'app-1', client_secret: 's1' })
    expect((await exchange({ code: await fresh(), client_id: 'app-1', client_secret: 'other' })).status).toBe(401)
    expect((await exchange({ code: await fresh(), client_id: 'app-2', client_secret: 's1' })).status).toBe(401)
    const late = await fresh()
    clock += 11 * 60_000
    expect((await exchange({ code: late, client_id: 'app-1', client_secret: 's1' })).status).toBe(401)
  })

  it('says on the page what is missing in the address, and shows no markup of others', async () => {
    const bad = await fetch(`${sandbox.url}/intercom/oauth?client_id=a&redirect_uri=javascript:alert(1)`)
    expect(bad.status).toBe(400)
    expect(await bad.text()).toContain('redirect_uri')
    const tricky = await fetch(`${sandbox.url}/intercom/oauth?${new URLSearchParams({ ...ask, state: '"><script>' })}`)
    expect(await tricky.text()).not.toContain('<script>')
  })
})

describe('every call', () => {
  it('needs a token that is known', async () => {
    connection.credentials.accessToken = 'made-up'
    const { status, body } = await api('GET', '/me')
    expect(status).toBe(401)
    expect(body).toEqual({
      type: 'error.list',
      request_id: expect.any(String),
      errors: [{ code: 'unauthorized', message: 'Access Token Invalid' }],
    })
  })

  it('takes known versions only, and JSON only', async () => {
    const get = (headers: { [name: string]: string }) =>
      fetch(`${sandbox.url}/intercom/me`, {
        headers: { authorization: `Bearer ${connection.credentials.accessToken}`, ...headers },
      })
    expect((await get({ 'intercom-version': '2.16' })).headers.get('intercom-version')).toBe('2.16')
    expect((await get({ 'intercom-version': '9.9' })).status).toBe(400)
    expect((await get({ accept: 'text/html' })).status).toBe(406)
  })

  it('counts against the window of 10 s and says so in its headers', async () => {
    await control(sandbox, 'POST', 'limits', { calls: 2, perMs: 10_000 })
    const answers = [await api('GET', '/me'), await api('GET', '/me'), await api('GET', '/me')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['1', '0', '0'])
    expect(answers[2]?.headers.get('x-ratelimit-reset')).toBe(String(clock / 1000 + 10))
    clock += 10_000
    expect((await api('GET', '/me')).status).toBe(200)
  })

  it('has 404 for what is not there, and 400 for what is no JSON', async () => {
    expect(code(await api('GET', '/nothing'))).toEqual([404, 'not_found'])
    const response = await fetch(`${sandbox.url}/intercom/contacts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${connection.credentials.accessToken}` },
      body: '{"name":',
    })
    expect(response.status).toBe(400)
  })
})

describe('contacts', () => {
  it('come back in the shape of the API', async () => {
    const made = await contact({ external_id: 'u1', email: 'a@x.io', name: 'A', avatar: 'https://x.io/a.png' })
    expect(made).toMatchObject({
      type: 'contact',
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      role: 'user',
      avatar: { type: 'avatar', image_url: 'https://x.io/a.png' },
      created_at: clock / 1000,
      tags: { type: 'list', data: [], total_count: 0, has_more: false },
    })
    expect(Object.keys(made)).not.toContain('_born')
    expect((await api('GET', '/contacts/find_by_external_id/u1')).body.id).toBe(made.id)
  })

  it('refuse doubles with the id of the first, in the words clients look for', async () => {
    const first = await contact({ external_id: 'u1', email: 'a@x.io' })
    const double = await api('POST', '/contacts', { external_id: 'u1' })
    expect(double.status).toBe(409)
    expect(double.body.errors).toEqual([
      { code: 'conflict', message: `A contact matching those details already exists with id=${first.id}` },
    ])
    await api('POST', `/contacts/${first.id}/archive`)
    const archived = await api('POST', '/contacts', { email: 'a@x.io' })
    expect(archived.body.errors[0].message).toBe(
      `An archived contact matching those details already exists with id=${first.id}`,
    )
  })

  it('may share an e-mail as leads, or as users with external ids of their own', async () => {
    for (const body of [{ role: 'lead' }, { role: 'lead' }, { external_id: 'u1' }, { external_id: 'u2' }])
      expect((await api('POST', '/contacts', { ...body, email: 'a@x.io' })).status).toBe(200)
  })

  it.each([
    { name: 'an unknown field', body: { email: 'a@x.io', test: 1 }, code: 'bad_request' },
    { name: 'a user without identity', body: { role: 'user' }, code: 'parameter_not_found' },
    { name: 'a lead with an external id', body: { role: 'lead', external_id: 'x' }, code: 'parameter_invalid' },
    { name: 'an unknown owner', body: { email: 'a@x.io', owner_id: 99 }, code: 'parameter_invalid' },
    { name: 'no e-mail at all', body: { email: 'not-an-email' }, code: 'parameter_invalid' },
    { name: 'an unknown attribute', body: { email: 'a@x.io', custom_attributes: { x: 1 } }, code: 'parameter_invalid' },
  ])('refuse $name', async ({ body, code: expected }) => {
    expect(code(await api('POST', '/contacts', body))).toEqual([400, expected])
  })

  it('hold attributes to their type, and merge them by name', async () => {
    await api('POST', '/data_attributes', { name: 'plan', model: 'contact', data_type: 'string' })
    await api('POST', '/data_attributes', { name: 'seats', model: 'contact', data_type: 'integer' })
    const { id } = await contact({ email: 'a@x.io', custom_attributes: { plan: 'pro' } })
    expect((await api('PUT', `/contacts/${id}`, { custom_attributes: { seats: 'many' } })).status).toBe(400)
    const { body } = await api('PUT', `/contacts/${id}`, { custom_attributes: { seats: 5 } })
    expect(body.custom_attributes).toEqual({ plan: 'pro', seats: 5 })
  })

  it('answer 410 with the survivor after a merge', async () => {
    const user = await contact({ external_id: 'u1', email: 'a@x.io' })
    const stranger = await contact({ role: 'lead', email: 'b@x.io' })
    const lead = await contact({ role: 'lead', email: 'a@x.io' })
    const merge = (from: string) => api('POST', '/contacts/merge', { from, into: user.id })
    expect(code(await merge(stranger.id))).toEqual([400, 'invalid_merge'])
    expect((await merge(lead.id)).body.id).toBe(user.id)
    const gone = await api('GET', `/contacts/${lead.id}`)
    expect(gone.status).toBe(410)
    expect(gone.headers.get('link')).toBe(`</contacts/${user.id}>; rel="canonical"`)
  })
})

describe('search', () => {
  const search = (body: object) => api('POST', '/contacts/search', body)
  const find = async (query: object) => (await search({ query })).body.data.map((one: { name: string }) => one.name)

  it('finds by field, in groups, and by tag', async () => {
    const a = await contact({ external_id: 'u1', email: 'a@x.io', name: 'Ada' })
    await contact({ external_id: 'u2', email: 'b@x.io', name: 'Bob' })
    await contact({ role: 'lead', email: 'a@x.io', name: 'Lead' })
    const { body: tag } = await api('POST', '/tags', { name: 'vip' })
    await api('POST', `/contacts/${a.id}/tags`, { id: tag.id })
    const email = { field: 'email', operator: '=', value: 'A@x.io' }
    expect((await find(email)).toSorted()).toEqual(['Ada', 'Lead'])
    expect(await find({ operator: 'AND', value: [email, { field: 'role', operator: '=', value: 'user' }] })).toEqual([
      'Ada',
    ])
    expect(await find({ field: 'name', operator: '~', value: 'bo' })).toEqual(['Bob'])
    expect(await find({ field: 'tag_id', operator: '=', value: tag.id })).toEqual(['Ada'])
    expect((await find({ field: 'external_id', operator: 'IN', value: ['u1', 'u2'] })).toSorted()).toEqual([
      'Ada',
      'Bob',
    ])
  })

  it('takes dates as whole days', async () => {
    await contact({ email: 'a@x.io', name: 'today' })
    const noon = clock / 1000
    expect(await find({ field: 'created_at', operator: '=', value: noon - 3600 })).toEqual(['today'])
    expect(await find({ field: 'created_at', operator: '>', value: noon - 3600 })).toEqual([])
    expect(await find({ field: 'created_at', operator: '>', value: noon - 86_400 })).toEqual(['today'])
    expect((await search({ query: { field: 'created_at', operator: '>=', value: noon } })).status).toBe(400)
  })

  it('shows a new contact only after the lag', async () => {
    await control(sandbox, 'POST', 'settings', { searchLagMs: 5_000 })
    await contact({ email: 'a@x.io', name: 'new' })
    const query = { field: 'email', operator: '=', value: 'a@x.io' }
    expect(await find(query)).toEqual([])
    clock += 5_000
    expect(await find(query)).toEqual(['new'])
  })

  it('pages by cursor to the last, and refuses foreign ones', async () => {
    for (const n of [1, 2, 3]) await contact({ email: `${n}@x.io` })
    const query = { field: 'email', operator: '$', value: '@x.io' }
    const first = (await search({ query, pagination: { per_page: 2 } })).body
    expect([first.data.length, first.total_count, first.pages.total_pages]).toEqual([2, 3, 2])
    const after = first.pages.next.starting_after
    const second = (await search({ query, pagination: { per_page: 2, starting_after: after } })).body
    expect([second.data.length, second.pages.next]).toEqual([1, undefined])
    expect(code(await search({ query, pagination: { starting_after: 'x' } }))).toEqual([400, 'client_error'])
    expect(code(await search({ query, sort: { order: 'up' } }))).toEqual([400, 'invalid_sort_order'])
  })

  it.each([
    {
      name: 'three levels',
      query: { operator: 'AND', value: [{ operator: 'OR', value: [{ operator: 'AND', value: [] }] }] },
    },
    {
      name: '16 filters',
      query: { operator: 'OR', value: Array(16).fill({ field: 'name', operator: '=', value: 'x' }) },
    },
    { name: 'an unknown field', query: { field: 'shoe_size', operator: '=', value: 1 } },
    { name: 'an unknown operator', query: { field: 'name', operator: 'LIKE', value: 'x' } },
  ])('refuses $name', async ({ query }) => {
    expect(code(await search({ query }))).toEqual([400, 'parameter_invalid'])
  })
})

describe('tags', () => {
  it('are made once for a name in any case, renamed, and taken off with a second time 404', async () => {
    const { id } = await contact({ email: 'a@x.io' })
    const { body: tag } = await api('POST', '/tags', { name: 'VIP' })
    expect((await api('POST', '/tags', { name: 'vip' })).body).toEqual(tag)
    expect((await api('POST', '/tags', { id: tag.id, name: 'Best' })).body.name).toBe('Best')
    expect((await api('POST', `/contacts/${id}/tags`, { id: tag.id })).body).toMatchObject({ id: tag.id, name: 'Best' })
    expect(code(await api('POST', `/contacts/${id}/tags`, { id: '99' }))).toEqual([404, 'tag_not_found'])
    expect((await api('DELETE', `/contacts/${id}/tags/${tag.id}`)).status).toBe(200)
    expect(code(await api('DELETE', `/contacts/${id}/tags/${tag.id}`))).toEqual([404, 'tag_not_found'])
  })
})

describe('events', () => {
  it('answer 202 without a body, and are kept once per contact, name and second', async () => {
    await contact({ external_id: 'u1', email: 'a@x.io' })
    const event = { event_name: 'Trial-Started', created_at: clock / 1000, user_id: 'u1', metadata: { plan: 'pro' } }
    expect(await api('POST', '/events', event)).toMatchObject({ status: 202, body: null })
    expect((await api('POST', '/events', { ...event, event_name: 'trial-started' })).status).toBe(202)
    expect((await api('POST', '/events', { ...event, created_at: clock / 1000 + 1 })).status).toBe(202)
    expect(await records(sandbox, 'events')).toHaveLength(2)
    const { body } = await api('GET', '/events?type=user&email=a@x.io&summary=true')
    expect(body.events).toMatchObject([{ name: 'Trial-Started', count: 2 }])
  })

  it('keep ten names of metadata', async () => {
    await contact({ external_id: 'u1' })
    const metadata = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`k${n}`, n]))
    await api('POST', '/events', { event_name: 'e', created_at: clock / 1000, user_id: 'u1', metadata })
    expect(Object.keys((await records(sandbox, 'events'))[0]?.metadata ?? {})).toHaveLength(10)
  })

  it('refuse an unknown contact, and a time in anything but whole seconds', async () => {
    const event = { event_name: 'e', created_at: clock / 1000, user_id: 'nobody' }
    expect(code(await api('POST', '/events', event))).toEqual([404, 'not_found'])
    expect((await api('POST', '/events', { ...event, created_at: 'now' })).status).toBe(400)
  })
})

describe('companies', () => {
  it('are upserted by company_id, attached by id, and listed only with a contact', async () => {
    const { body: made } = await api('POST', '/companies', {
      company_id: 'acct_1',
      name: 'Acme',
      plan: 'pro',
      monthly_spend: 12.9,
    })
    expect(made).toMatchObject({ plan: { type: 'plan', name: 'pro' }, monthly_spend: 12, user_count: 0 })
    const { body: again } = await api('POST', '/companies', { company_id: 'acct_1', size: 50 })
    expect(again).toMatchObject({ id: made.id, name: 'Acme', size: 50 })
    expect((await api('POST', '/companies/list')).body.total_count).toBe(0)
    const { id } = await contact({ email: 'a@x.io' })
    expect(code(await api('POST', `/contacts/${id}/companies`, {}))).toEqual([400, 'parameter_not_found'])
    expect(code(await api('POST', `/contacts/${id}/companies`, { id: 'x' }))).toEqual([404, 'company_not_found'])
    expect((await api('POST', `/contacts/${id}/companies`, { id: made.id })).body.user_count).toBe(1)
    expect((await api('GET', `/companies?company_id=acct_1`)).body.id).toBe(made.id)
    expect((await api('POST', '/companies/list')).body.total_count).toBe(1)
    expect(code(await api('POST', '/companies', { company_id: 'a', nope: 1 }))).toEqual([400, 'bad_request'])
  })
})

it('reads conversations that were put or opened', async () => {
  const { id } = await contact({ email: 'a@x.io' })
  const { body: message } = await api('POST', '/conversations', { from: { type: 'user', id }, body: 'Hi' })
  const { body } = await api('GET', `/conversations/${message.conversation_id}`)
  expect(body).toMatchObject({ type: 'conversation', state: 'open', source: { body: '<p>Hi</p>' } })
  const { body: found } = await api('POST', '/conversations/search', {
    query: { field: 'contact_ids', operator: '=', value: id },
  })
  expect(found.conversations.map((one: { id: string }) => one.id)).toEqual([message.conversation_id])
  expect(code(await api('GET', '/conversations/999'))).toEqual([404, 'conversation_not_found'])
})

it('keeps its grants over a reset, and loses all else', async () => {
  await contact({ email: 'a@x.io' })
  await control(sandbox, 'POST', 'reset')
  expect((await api('GET', '/contacts')).body.total_count).toBe(0)
})

describe('webhooks', () => {
  interface Delivery {
    signature: string
    raw: string
  }
  async function receiver() {
    const deliveries: Delivery[] = []
    const server = Fastify({ forceCloseConnections: true })
    server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    server.route({ method: 'HEAD', url: '/hook', handler: () => '' })
    server.post('/hook', ({ headers, body }) => {
      deliveries.push({ signature: String(headers['x-hub-signature']), raw: String(body) })
      return {}
    })
    return {
      deliveries,
      url: `${await server.listen({ port: 0, host: '127.0.0.1' })}/hook`,
      close: () => server.close(),
    }
  }

  it('are signed with the client secret over the raw body', async () => {
    const { deliveries, url, close } = await receiver()
    await control(sandbox, 'POST', 'webhooks', {
      url,
      secret: 'shh',
      topics: ['contact.user.created', 'contact.user.tag.created'],
    })
    const { id } = await contact({ external_id: 'u1' })
    await api('PUT', `/contacts/${id}`, { name: 'A' })
    const { body: tag } = await api('POST', '/tags', { name: 'vip' })
    await api('POST', `/contacts/${id}/tags`, { id: tag.id })
    await expect.poll(() => deliveries.length).toBe(2)
    const [first, second] = deliveries
    expect(first?.signature).toBe(
      `sha1=${createHmac('sha1', 'shh')
        .update(first?.raw ?? '')
        .digest('hex')}`,
    )
    expect(JSON.parse(first?.raw ?? '')).toMatchObject({
      type: 'notification_event',
      app_id: 'sb0xsand',
      topic: 'contact.user.created',
      delivery_attempts: 1,
      data: { item: { type: 'contact', id } },
    })
    expect(JSON.parse(second?.raw ?? '').data.item).toMatchObject({ type: 'contact_tag', tag: { name: 'vip' } })
    await close()
  })

  it('are refused for an address that does not answer', async () => {
    await expect(control(sandbox, 'POST', 'webhooks', { url: `${sandbox.url}/nope`, secret: 's' })).rejects.toThrow(
      'must answer HEAD with 200',
    )
  })
})
