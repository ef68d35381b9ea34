import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  cookiesOf,
  PASSWORD,
  PUBLIC_URL,
  startTestApi,
  type TestApi,
  type TestWorkspace,
} from '../../test/helpers/api.ts'
import { addPerson, resetPassword } from './people.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
})
afterAll(() => api.close())

const signIn = (email: string, password: string, headers: Record<string, string> = { origin: PUBLIC_URL }) =>
  api.server.inject({ method: 'POST', url: '/auth/sign-in/email', headers, payload: { email, password } })

const person = async (email: string) =>
  addPerson(api.database.db, api.clock.now, {
    workspaceId: home.id,
    email,
    name: 'Ada',
    password: PASSWORD,
    role: 'owner',
  })

describe('sign-in', () => {
  it('gives a session cookie that no script can read, and says who is there', async () => {
    await person('ada@example.com')
    const answer = await signIn('Ada@Example.com', PASSWORD)
    expect(answer.statusCode).toBe(200)
    const [cookie] = answer.cookies
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
    const me = await api.server.inject({ url: '/trpc/session.me', headers: { cookie: cookiesOf(answer) } })
    expect(me.json().result.data).toMatchObject({
      user: { email: 'ada@example.com', name: 'Ada' },
      workspace: { slug: 'home', timeZone: 'UTC' },
      role: 'owner',
      sandbox: false,
    })
  })

  it('says the same for a wrong password and an unknown e-mail', async () => {
    await person('bea@example.com')
    const wrong = await signIn('bea@example.com', 'not the password')
    const unknown = await signIn('nobody@example.com', 'not the password')
    expect(wrong.statusCode).toBe(401)
    expect(wrong.json()).toMatchObject({ code: 'SIGN_IN_FAILED', detail: expect.stringContaining('reset-password') })
    expect({ ...unknown.json(), instance: '' }).toEqual({ ...wrong.json(), instance: '' })
  })

  it('is closed to sign-up and to every other path of the library', async () => {
    for (const path of ['sign-up/email', 'request-password-reset', 'reset-password', 'update-user', 'delete-user']) {
      const answer = await api.server.inject({
        method: 'POST',
        url: `/auth/${path}`,
        headers: { origin: PUBLIC_URL },
        payload: {},
      })
      expect(answer.statusCode, path).toBe(404)
    }
  })

  it('lets nobody guess on and on for one e-mail, and leaves others alone', async () => {
    await person('eve@example.com')
    const statuses: number[] = []
    for (let i = 0; i < 11; i++) {
      const answer = await api.server.inject({
        method: 'POST',
        url: '/auth/sign-in/email',
        headers: { origin: PUBLIC_URL },
        remoteAddress: `10.0.0.${i}`,
        payload: { email: 'eve@example.com', password: `guess ${i}` },
      })
      statuses.push(answer.statusCode)
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429])
    const right = await signIn('eve@example.com', PASSWORD)
    expect(right.statusCode).toBe(429)
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(0)
    await person('fay@example.com')
    expect((await signIn('fay@example.com', PASSWORD)).statusCode).toBe(200)
  })

  it('lets nobody guess on and on from one address', async () => {
    const guess = (i: number) =>
      api.server.inject({
        method: 'POST',
        url: '/auth/sign-in/email',
        headers: { origin: PUBLIC_URL },
        remoteAddress: '10.9.9.9',
        payload: { email: `guess-${i}@example.com`, password: 'guess guess' },
      })
    const statuses: number[] = []
    for (let i = 0; i < 21; i++) statuses.push((await guess(i)).statusCode)
    expect(statuses.slice(0, 20)).toEqual(Array<number>(20).fill(401))
    expect(statuses[20]).toBe(429)
  })

  it('ends the session at sign-out', async () => {
    const headers = await home.signIn()
    const me = () => api.server.inject({ url: '/trpc/session.me', headers })
    expect((await me()).statusCode).toBe(200)
    expect((await api.server.inject({ method: 'POST', url: '/auth/sign-out', headers, payload: {} })).statusCode).toBe(
      200,
    )
    expect((await me()).statusCode).toBe(401)
  })

  it('takes the new password after a reset, and ends the sessions from before', async () => {
    await person('gil@example.com')
    const headers = { cookie: cookiesOf(await signIn('gil@example.com', PASSWORD)) }
    await resetPassword(api.database.db, api.clock.now, { email: 'GIL@example.com', password: 'another password' })
    expect((await api.server.inject({ url: '/trpc/session.me', headers })).statusCode).toBe(401)
    expect((await signIn('gil@example.com', PASSWORD)).statusCode).toBe(401)
    expect((await signIn('gil@example.com', 'another password')).statusCode).toBe(200)
  })

  it('refuses a reset to a short password, and for nobody', async () => {
    const reset = (email: string, password: string) =>
      resetPassword(api.database.db, api.clock.now, { email, password })
    await expect(reset('gil@example.com', 'short')).rejects.toThrow(/8 to 256/)
    await expect(reset('who@example.com', 'long enough')).rejects.toThrow(/Nobody signs in with who@example.com/)
  })
})

describe('another site', () => {
  const change = (headers: Record<string, string>) =>
    api.server.inject({
      method: 'POST',
      url: '/trpc/playbooks.create',
      headers,
      payload: { name: 'P', subject: 'contact' },
    })

  it('cannot have the browser change anything with our cookie', async () => {
    const { cookie = '' } = await home.signIn()
    const refused = await change({ cookie, origin: 'https://evil.example' })
    expect(refused.statusCode).toBe(403)
    expect(refused.json().error.data.problem).toMatchObject({ code: 'CROSS_ORIGIN' })
    expect((await change({ cookie, 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403)
    expect((await change({ cookie, origin: 'null' })).statusCode).toBe(403)
    expect((await change({ cookie })).statusCode).toBe(403)
    expect((await change({ cookie, origin: PUBLIC_URL })).statusCode).toBe(200)
    expect((await change({ cookie, origin: 'http://127.0.0.1:4000' })).statusCode).toBe(200)
  })

  it('cannot do it over REST either, nor sign somebody in', async () => {
    const { cookie = '' } = await home.signIn()
    const headers = { cookie, origin: 'https://evil.example' }
    expect((await api.server.inject({ method: 'POST', url: '/v1/playbooks/p/pause', headers })).statusCode).toBe(403)
    expect((await api.server.inject({ method: 'POST', url: '/v1/track', headers, payload: {} })).statusCode).toBe(403)
    expect((await signIn('ada@example.com', PASSWORD, { origin: 'https://evil.example' })).statusCode).toBe(403)
  })
})

describe('keys', () => {
  const list = (key: string) => api.server.inject({ url: '/v1/playbooks', headers: { authorization: `Bearer ${key}` } })

  it('open what their scopes say and nothing else', async () => {
    const reader = await home.key(['playbooks:read'])
    expect((await list(reader)).statusCode).toBe(200)
    const write = await api.server.inject({
      method: 'PUT',
      url: '/v1/playbooks/x',
      headers: { authorization: `Bearer ${reader}` },
      payload: {},
    })
    expect(write.statusCode).toBe(403)
    expect(write.json()).toMatchObject({ code: 'SCOPE_MISSING', detail: expect.stringContaining('playbooks:write') })
    expect((await list(await home.key(['events:write']))).statusCode).toBe(403)
    expect((await list(await home.key(['admin']))).statusCode).toBe(200)
  })

  it('are kept as hashes, shown once, and refused after they are revoked', async () => {
    const headers = await home.signIn()
    const made = await api.server.inject({
      method: 'POST',
      url: '/trpc/keys.create',
      headers,
      payload: { name: 'CI', scopes: ['playbooks:read'] },
    })
    const { id, key } = made.json().result.data
    expect((await list(key)).statusCode).toBe(200)
    const rows = await api.database.db.selectFrom('api_keys').selectAll().where('id', '=', id).execute()
    expect(JSON.stringify(rows)).not.toContain(key)
    const listed = await api.server.inject({ url: '/trpc/keys.list', headers })
    expect(listed.body).toContain('CI')
    expect(listed.body).not.toContain(key)
    await api.server.inject({ method: 'POST', url: '/trpc/keys.revoke', headers, payload: { id } })
    expect((await list(key)).statusCode).toBe(401)
  })

  it('refuses what is no key with what to send', async () => {
    expect((await list('nonsense')).json()).toMatchObject({ status: 401, code: 'KEY_UNKNOWN' })
    const digest = await api.server.inject({ url: '/v1/playbooks', headers: { authorization: 'Digest x' } })
    expect(digest.json()).toMatchObject({ status: 401, code: 'AUTHORIZATION_MALFORMED' })
  })
})

describe('roles', () => {
  it('let a viewer look, an editor edit, and only an owner make keys', async () => {
    const [viewer, editor] = [await home.signIn('viewer'), await home.signIn('editor')]
    const create = (headers: Record<string, string>) =>
      api.server.inject({
        method: 'POST',
        url: '/trpc/playbooks.create',
        headers,
        payload: { name: 'P', subject: 'contact' },
      })
    expect((await api.server.inject({ url: '/trpc/playbooks.list', headers: viewer })).statusCode).toBe(200)
    expect((await create(viewer)).json().error.data.problem).toMatchObject({ status: 403, code: 'ROLE_TOO_LOW' })
    expect((await create(editor)).statusCode).toBe(200)
    expect((await api.server.inject({ url: '/trpc/keys.list', headers: editor })).statusCode).toBe(403)
  })
})

it('logs no password, cookie or key', async () => {
  const text = api.log.join('\n')
  expect(text).toContain('/auth/sign-in/email')
  expect(text).not.toContain(PASSWORD)
  expect(text).not.toContain('session_token')
  expect(text).not.toContain('sbk_')
})
