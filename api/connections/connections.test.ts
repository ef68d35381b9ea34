import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSandbox } from '../../nodes/sandbox/start.ts'
import type { RunningSandbox } from '../../nodes/sandbox/host.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { tellSandbox } from '../../test/helpers/sandbox-control.ts'
import { openVault } from './vault.ts'
import { ConnectionStore } from './connection-store.ts'
import { SANDBOX_CLIENT } from './oauth-apps.ts'
import { address } from './oauth-grant.ts'

let sandbox: RunningSandbox
let api: TestApi
let home: TestWorkspace
let owner: Record<string, string>
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, dataDir: null })
  api = await startTestApi({ sandboxUrl: sandbox.url })
  home = await api.workspace('home')
  owner = await home.signIn()
})
afterAll(async () => {
  await api.close()
  await sandbox.close()
})

const call = (name: string, payload: object, headers = owner) =>
  api.server.inject({ method: 'POST', url: `/trpc/connections.${name}`, headers, payload })
const list = async (workspace = home) => (await workspace.rest('GET', '/v1/connections')).json().data
const named = async (slug: string) => (await list()).find((row: { slug: string }) => row.slug === slug)
const control = (path: string, body?: object) => tellSandbox(sandbox, path, body)

/** What a person does on the vendor's page. @returns the path of our callback */
async function decide(url: string, decision: 'allow' | 'deny'): Promise<string> {
  const page = await (await fetch(url)).text()
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1] ?? ''
  const hidden = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  const unescape = (text = '') =>
    text
      .replace(/&#(x?)(\w+);/g, (_, hex: string, code: string) =>
        String.fromCharCode(Number.parseInt(code, hex ? 16 : 10)),
      )
      .replaceAll('&amp;', '&')
      .replaceAll('&quot;', '"')
  const form = new URLSearchParams([
    ...hidden.map(([, name, value]) => [unescape(name), unescape(value)] as [string, string]),
    ['decision', decision],
  ])
  const answer = await fetch(unescape(action), { method: 'POST', body: form, redirect: 'manual' })
  const back = new URL(answer.headers.get('location') ?? '')
  return `${back.pathname}${back.search}`
}

async function connect(app: string, slug: string): Promise<string> {
  const { url } = (await call('authorize', { app, slug })).json().result.data
  const answer = await api.server.inject({ url: await decide(url, 'allow'), headers: { cookie: owner.cookie } })
  expect(answer.statusCode).toBe(303)
  expect(answer.headers.location).toBe(`/connections?connected=${slug}`)
  return (await named(slug)).id
}

async function vendorToken(app: string): Promise<string> {
  const { data } = (await (await control(`/${app}/tokens`)).json()) as { data: Record<string, string> }
  return data['accessToken'] ?? data['access_token'] ?? data['token'] ?? ''
}

describe('a sign-in at the vendor', () => {
  it.each(['intercom', 'salesforce'])('connects %s, names who we are there, and shows no token', async (app) => {
    await connect(app, `${app}-oauth`)
    const row = await named(`${app}-oauth`)
    expect(row).toMatchObject({ app, status: 'open', fault: null, sandbox: true, heldRuns: 0 })
    expect(row.identity).toEqual(expect.any(String))
    const opened = await api.connections.open(home.id, `${app}-oauth`)
    if (opened.state !== 'open') throw new Error(opened.state)
    const { accessToken = '' } = opened.connection.credentials
    expect(accessToken.length).toBeGreaterThan(8)
    for (const seen of [JSON.stringify(await list()), api.log.join('\n')]) expect(seen).not.toContain(accessToken)
    const { rows } = await api.database.pool.query('SELECT sealed FROM connections')
    for (const { sealed } of rows as Array<{ sealed: Buffer }>) expect(sealed.includes(accessToken)).toBe(false)
  })

  it('works once only, and in the session that began it only', async () => {
    const { url } = (await call('authorize', { app: 'salesforce', slug: 'once' })).json().result.data
    const path = await decide(url, 'allow')
    const other = await home.signIn()
    const elsewhere = await api.server.inject({ url: path, headers: { cookie: other.cookie } })
    expect(elsewhere.headers.location).toContain('problem=OAUTH_STATE')
    // A try from elsewhere used the state up: it cannot be tried again and again.
    const late = await api.server.inject({ url: path, headers: { cookie: owner.cookie } })
    expect(late.headers.location).toContain('problem=OAUTH_STATE')
    expect(await named('once')).toBeUndefined()
  })

  it('leads nowhere but to our own page, whatever the request says', async () => {
    for (const path of [
      '/oauth/callback/salesforce?state=x&code=y&redirect=https://evil.example',
      '/oauth/callback/https:%2F%2Fevil.example?state=x',
      '/oauth/callback/salesforce?state=',
    ]) {
      const answer = await api.server.inject({ url: path, headers: { cookie: owner.cookie } })
      expect(answer.statusCode).toBe(303)
      expect(answer.headers.location).toMatch(/^\/connections\?problem=OAUTH_STATE&/)
    }
    const signedOut = await api.server.inject({ url: '/oauth/callback/salesforce?state=x&code=y' })
    expect(signedOut.headers.location).toMatch(/^\/connections\?problem=UNAUTHENTICATED&/)
  })

  it('says that the person did not agree', async () => {
    const { url } = (await call('authorize', { app: 'salesforce', slug: 'denied' })).json().result.data
    const answer = await api.server.inject({ url: await decide(url, 'deny'), headers: { cookie: owner.cookie } })
    expect(answer.headers.location).toContain('problem=OAUTH_REFUSED')
    expect(await named('denied')).toBeUndefined()
  })

  it('is too late after 15 minutes', async () => {
    const { url } = (await call('authorize', { app: 'salesforce', slug: 'late' })).json().result.data
    const path = await decide(url, 'allow')
    api.clock.now += 15 * 60_000 + 1
    const answer = await api.server.inject({ url: path, headers: { cookie: owner.cookie } })
    expect(answer.headers.location).toContain('problem=OAUTH_STATE')
  })

  it('wants the client of the real vendor first', async () => {
    const answer = await call('authorize', { app: 'salesforce', slug: 'real', sandbox: false })
    expect(answer.json().error.data.problem).toMatchObject({ code: 'OAUTH_APP_MISSING' })
    await call('setOauthApp', { app: 'salesforce', clientId: 'the-client', clientSecret: 'the-secret' })
    const { url } = (await call('authorize', { app: 'salesforce', slug: 'real', sandbox: false })).json().result.data
    const target = new URL(url)
    expect(target.origin).toBe('https://login.salesforce.com')
    expect(Object.fromEntries(target.searchParams)).toMatchObject({
      client_id: 'the-client',
      redirect_uri: 'http://localhost:4000/oauth/callback/salesforce',
      code_challenge_method: 'S256',
      response_type: 'code',
    })
    expect(url).not.toContain('the-secret')
  })
})

describe('the address people have the app open at', () => {
  const twin = 'http://127.0.0.1:4000'

  it('is where the sandbox sends them back to', async () => {
    const headers = { ...owner, origin: twin }
    const { url } = (await call('authorize', { app: 'intercom', slug: 'twin' }, headers)).json().result.data
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(`${twin}/oauth/callback/intercom`)
    const back = await api.server.inject({ url: await decide(url, 'allow'), headers: { cookie: owner.cookie } })
    expect(back.headers.location).toBe('/connections?connected=twin')
  })

  it('is left for the public one before a real vendor is asked, since a vendor knows no other', async () => {
    await call('setOauthApp', { app: 'salesforce', clientId: 'the-client', clientSecret: 'the-secret' })
    const wish = { app: 'salesforce', slug: 'public', name: 'Salesforce EMEA', sandbox: false }
    const { url } = (await call('authorize', wish, { ...owner, origin: twin })).json().result.data
    expect(url).toBe('http://localhost:4000/connections?begin=salesforce&slug=public&name=Salesforce+EMEA')
    const there = (await call('authorize', wish)).json().result.data
    expect(new URL(there.url).searchParams.get('redirect_uri')).toBe('http://localhost:4000/oauth/callback/salesforce')
  })

  it('is told apart where nobody is signed in: the answer says so, and nothing is connected', async () => {
    const { url } = (await call('authorize', { app: 'salesforce', slug: 'lost' })).json().result.data
    const answer = await api.server.inject({ url: await decide(url, 'allow') })
    const { searchParams } = new URL(answer.headers.location ?? '', 'http://localhost:4000')
    expect(searchParams.get('problem')).toBe('UNAUTHENTICATED')
    expect(searchParams.get('detail')).toMatch(/not signed in at the address that the vendor sends people back to/)
    expect(await named('lost')).toBeUndefined()
  })
})

describe('another address of the vendor’s', () => {
  it('stands for sign-in and tokens at Salesforce, and for the sign-in page alone at Intercom, as they have it', async () => {
    const base = 'https://test.salesforce.com'
    await call('setOauthApp', { app: 'salesforce', clientId: 'c', clientSecret: 's', base })
    const eu = 'https://app.eu.intercom.com'
    await call('setOauthApp', { app: 'intercom', clientId: 'c', clientSecret: 's', base: eu })
    const begin = async (app: string) =>
      new URL((await call('authorize', { app, slug: 'a-base', sandbox: false })).json().result.data.url)
    expect((await begin('salesforce')).origin).toBe(base)
    expect((await begin('intercom')).href).toContain(`${eu}/oauth?`)
    const { catalog } = await import('../../nodes/catalog.ts')
    const tokensAt = (app: string, own: string) => {
      const connector = catalog.connectors.find((one) => one.app === app)
      if (connector === undefined) throw new Error(app)
      return address('token', { connector, oauthApp: { clientId: 'c', clientSecret: 's', base: own, standIn: false } })
    }
    expect(tokensAt('salesforce', base)).toBe(`${base}/services/oauth2/token`)
    expect(tokensAt('intercom', eu)).toBe('https://api.intercom.io/auth/eagle/token')
  })
})

describe('Intercom’s region', () => {
  it('sets the address of the API, after a sign-in and at every check', async () => {
    await control('/intercom/settings', { region: 'EU' })
    const id = await connect('intercom', 'regional')
    expect((await named('regional')).settings).toEqual({ baseUrl: 'https://api.eu.intercom.io' })
    await control('/intercom/settings', { region: 'AU' })
    expect((await call('check', { id })).json().result.data).toMatchObject({ fault: null })
    expect((await named('regional')).settings).toEqual({ baseUrl: 'https://api.au.intercom.io' })
    // It goes on leading to the stand-in all the same.
    const opened = await api.connections.open(home.id, 'regional')
    if (opened.state !== 'open') throw new Error(opened.state)
    expect(opened.connection.settings['baseUrl']).toBe(`${sandbox.url}/intercom`)
    await control('/intercom/settings', { region: 'US' })
  })
})

describe('the key field', () => {
  const read = async (id: string, headers = owner) =>
    api.server.inject({
      url: `/trpc/connections.keyField?input=${encodeURIComponent(JSON.stringify({ id }))}`,
      headers,
    })

  it('is installed with one call, which tells what it did, and is said to be there from then on', async () => {
    await control('/salesforce/fields', { object: 'Opportunity', name: 'Signalbox_Key__c', absent: true })
    const id = await connect('salesforce', 'keyed')
    expect((await read(id)).json().result.data.data[0]).toEqual({ object: 'Opportunity', state: 'missing', ask: null })
    const installed = (await call('installKeyField', { id })).json().result.data.data
    expect(installed.map(({ object, outcome }: { object: string; outcome: string }) => [object, outcome])).toEqual([
      ['Opportunity', 'installed'],
      ['Account', 'already'],
      ['Contact', 'already'],
      ['Lead', 'already'],
    ])
    expect((await read(id)).json().result.data.data[0]).toMatchObject({ state: 'there' })
    const audit = await api.database.db
      .selectFrom('audit')
      .select('target')
      .where('action', '=', 'connection.key-field')
      .execute()
    expect(audit).toEqual([{ target: 'keyed' }])
  })

  it('is for Salesforce connections that work, and for owners', async () => {
    const { id: intercom } = await named('regional')
    expect((await call('installKeyField', { id: intercom })).json().error.data.problem.detail).toMatch(
      /no Salesforce connection/,
    )
    const { id } = await named('keyed')
    const viewer = await home.signIn('viewer')
    expect((await call('installKeyField', { id }, viewer)).statusCode).toBe(403)
    const fault: Fault = { code: 'QUOTA_EXHAUSTED', who: 'user', message: 'All calls are used.', fix: 'Wait.' }
    await api.connections.pause(home.id, id, fault)
    expect((await call('installKeyField', { id })).json().error.data.problem).toMatchObject({
      code: 'CONNECTION_REFUSED',
      detail: 'All calls are used. Wait.',
    })
  })
})

it('tells where the stand-ins are that new connections lead to, and never keeps their address', async () => {
  const answer = await api.server.inject({ url: '/trpc/connections.sandboxes', headers: owner })
  expect(answer.json().result.data.data).toEqual([
    { app: 'intercom', address: `${sandbox.url}/intercom` },
    { app: 'salesforce', address: `${sandbox.url}/salesforce` },
  ])
  const credentials = { accessToken: await vendorToken('salesforce') }
  const settings = { instanceUrl: `${sandbox.url}/salesforce` }
  await call('createToken', { app: 'salesforce', slug: 'kept', name: 'Kept', credentials, settings })
  expect((await named('kept')).settings).toEqual({})
})

describe('a pasted token', () => {
  it('is tried before it is kept', async () => {
    const refused = await call('createToken', {
      app: 'intercom',
      slug: 'wrong',
      name: 'Wrong',
      credentials: { accessToken: 'no such token' },
    })
    expect(refused.statusCode).toBe(422)
    expect(refused.json().error.data.problem).toMatchObject({
      code: 'CONNECTION_REFUSED',
      detail: expect.stringContaining('refused this token. Copy it again'),
    })
    expect(await named('wrong')).toBeUndefined()
    const credentials = { accessToken: await vendorToken('intercom') }
    const made = await call('createToken', { app: 'intercom', slug: 'pasted', name: 'Pasted', credentials })
    expect(made.statusCode, made.body).toBe(200)
    expect(await named('pasted')).toMatchObject({ status: 'open', identity: expect.any(String) })
    const twin = await call('createToken', { app: 'intercom', slug: 'pasted', name: 'Pasted', credentials })
    expect(twin.json().error.data.problem).toMatchObject({ code: 'SLUG_TAKEN' })
  })

  it('is refused with the field that is missing', async () => {
    const answer = await call('createToken', { app: 'intercom', slug: 'x', name: 'X', credentials: { token: 'x' } })
    expect(answer.json().error.data.problem.problems.map(({ path }: { path: string }) => path)).toContain(
      'credentials.accessToken',
    )
  })
})

describe('a grant that ends', () => {
  it('is renewed once for all who ask, over processes, and the rotated grant is stored', async () => {
    const id = await connect('salesforce', 'renewed')
    const opened = await api.connections.open(home.id, 'renewed')
    if (opened.state !== 'open') throw new Error(opened.state)
    const before = opened.connection.credentials
    const vault = openVault('a passphrase of at least thirty-two characters')
    const { catalog } = await import('../../nodes/catalog.ts')
    const elsewhere = new ConnectionStore({
      db: api.database.db,
      vault,
      catalog,
      sandboxUrl: sandbox.url,
      clock: Date.now,
    })
    const used = before['accessToken'] ?? ''
    const renewed = await Promise.all(
      [api.connections, elsewhere, api.connections, elsewhere].map((store) => store.refresh(home.id, id, used)),
    )
    const tokens = new Set(renewed.map(({ credentials }) => credentials['accessToken']))
    expect(tokens.size).toBe(1)
    expect(tokens).not.toContain(used)
    expect(renewed[0]?.credentials['refreshToken']).not.toBe(before['refreshToken'])
    // What is stored is what was answered: the next renewal works with the rotated grant.
    const again = await elsewhere.refresh(home.id, id, renewed[0]?.credentials['accessToken'] ?? '')
    expect(again.credentials['accessToken']).not.toBe(renewed[0]?.credentials['accessToken'])
  })

  it('pauses the connection once, says so, and lets held runs go on after a reconnect', async () => {
    const id = await connect('salesforce', 'ending')
    await control('/salesforce/expire', { what: 'refresh' })
    const opened = await api.connections.open(home.id, 'ending')
    if (opened.state !== 'open') throw new Error(opened.state)
    const used = opened.connection.credentials['accessToken'] ?? ''
    const faults = await Promise.all(
      [1, 2, 3].map(() => api.connections.refresh(home.id, id, used).catch((error: unknown) => error)),
    )
    for (const error of faults) expect(error instanceof FaultError && error.fault.code).toBe('AUTH_EXPIRED')
    expect(await named('ending')).toMatchObject({
      status: 'paused',
      fault: { code: 'AUTH_EXPIRED', fix: expect.stringContaining('Reconnect') },
    })
    expect(await api.connections.open(home.id, 'ending')).toMatchObject({ state: 'paused', connectionId: id })
    const { url } = (await call('authorize', { app: 'salesforce', connectionId: id })).json().result.data
    await api.server.inject({ url: await decide(url, 'allow'), headers: { cookie: owner.cookie } })
    expect(await named('ending')).toMatchObject({ id, status: 'open', fault: null })
    expect(await api.connections.open(home.id, 'ending')).toMatchObject({ state: 'open' })
    expect(api.temporal.resumed).toContain(id)
  })

  it('is found by a check', async () => {
    const credentials = { accessToken: await vendorToken('intercom') }
    const made = (await call('createToken', { app: 'intercom', slug: 'checked', name: 'Checked', credentials })).json()
      .result.data
    expect((await call('check', { id: made.id })).json().result.data).toMatchObject({ fault: null })
    await control('/intercom/expire', { what: 'access' })
    expect((await call('check', { id: made.id })).json().result.data).toMatchObject({ fault: { code: 'AUTH_EXPIRED' } })
    expect(await named('checked')).toMatchObject({ status: 'paused' })
    const fresh = {
      app: 'intercom',
      slug: 'checked',
      name: 'Checked',
      credentials: { accessToken: await vendorToken('intercom') },
      connectionId: made.id,
    }
    expect((await call('createToken', fresh)).statusCode).toBe(200)
    expect(await named('checked')).toMatchObject({ status: 'open' })
  })

  it('is not why a used-up quota paused it: a check that works opens it again, with its held runs', async () => {
    const id = await connect('salesforce', 'used-up')
    const fault: Fault = { code: 'QUOTA_EXHAUSTED', who: 'user', message: 'All calls are used.', fix: 'Wait.' }
    await api.connections.pause(home.id, id, fault)
    expect(await named('used-up')).toMatchObject({ status: 'paused' })
    expect((await call('check', { id })).json().result.data).toMatchObject({ fault: null })
    expect(await named('used-up')).toMatchObject({ status: 'open', fault: null })
    expect(api.temporal.resumed).toContain(id)
  })
})

it('does not open, list or change another workspace’s connection', async () => {
  const id = (await list())[0].id
  const other = await api.workspace('other')
  const headers = await other.signIn()
  expect(await list(other)).toEqual([])
  for (const [name, payload] of [
    ['check', { id }],
    ['remove', { id }],
    ['setBudget', { id, budget: null }],
    ['authorize', { app: 'salesforce', connectionId: id }],
  ] as const)
    expect((await call(name, payload, headers)).statusCode, name).toBe(404)
  expect(await api.connections.open(other.id, 'salesforce-oauth')).toEqual({ state: 'missing' })
  await expect(api.connections.refresh(other.id, id, 'x')).rejects.toThrow(/CONNECTION_MISSING/)
})

it('cannot be removed while a playbook that is on uses it', async () => {
  const id = await connect('intercom', 'used')
  await home.rest('PUT', '/v1/playbooks/user', {
    name: 'User',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      {
        id: 'tag',
        type: 'intercom.tagContact@1',
        connection: 'used',
        input: { contact: '{{ contact.id }}', tag: 'x' },
      },
    ],
    edges: [['start', 'tag']],
  })
  expect((await home.rest('POST', '/v1/playbooks/user/publish')).statusCode).toBe(200)
  expect((await call('remove', { id })).json().error.data.problem).toMatchObject({
    code: 'CONNECTION_IN_USE',
    detail: expect.stringContaining('User'),
  })
  await home.rest('POST', '/v1/playbooks/user/archive')
  expect((await call('remove', { id })).statusCode).toBe(200)
  expect(await named('used')).toBeUndefined()
})

describe('a vendor’s webhook', () => {
  const notification = {
    type: 'notification_event',
    id: 'notif_1',
    topic: 'contact.user.created',
    created_at: 1_700_000_000,
    data: {
      type: 'notification_event_data',
      item: { type: 'contact', id: '66f0', external_id: 'u-1', email: 'a@example.com' },
    },
  }
  const send = (path: string, body: string, secret = SANDBOX_CLIENT.clientSecret) =>
    api.server.inject({
      method: 'POST',
      url: path,
      headers: {
        'content-type': 'application/json',
        'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
      },
      payload: body,
    })

  it('is kept as an event once, if its signature fits', async () => {
    const id = await connect('intercom', 'hooked')
    expect((await api.server.inject({ method: 'HEAD', url: `/hooks/${id}` })).statusCode).toBe(200)
    const body = JSON.stringify(notification)
    expect((await send(`/hooks/${id}`, body)).statusCode).toBe(200)
    expect((await send(`/hooks/${id}`, body)).statusCode).toBe(200)
    const rows = await api.database.db
      .selectFrom('events')
      .select(['name', 'message_id'])
      .where('workspace_id', '=', home.id)
      .execute()
    expect(rows).toEqual([{ name: 'intercom.contact.user.created', message_id: 'intercom:notif_1' }])
  })

  it('is refused otherwise, in the same words for every reason', async () => {
    const id = (await named('hooked')).id
    const body = JSON.stringify(notification)
    const answers = [
      await send(`/hooks/${id}`, body, 'another secret'),
      await api.server.inject({ method: 'POST', url: `/hooks/${id}`, payload: body }),
      await send('/hooks/00000000-0000-7000-8000-000000000000', body),
      await send('/hooks/nothing', body),
    ]
    for (const answer of answers) expect(answer.json()).toMatchObject({ status: 401, code: 'SIGNATURE_WRONG' })
  })
})
