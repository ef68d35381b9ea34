import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SandboxSetup, setUpSandbox } from '../sandbox-setup.ts'

let setup: SandboxSetup
let oauth: string
beforeEach(async () => {
  setup = await setUpSandbox()
  oauth = `${setup.host.url}/salesforce/services/oauth2`
})
afterEach(() => setup.host.close())

const verifier = randomBytes(48).toString('base64url')
const asked = {
  response_type: 'code',
  client_id: 'signalbox',
  redirect_uri: 'http://127.0.0.1:4000/oauth/callback?app=salesforce',
  scope: 'api refresh_token id',
  state: 's & t',
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
}

const post = (path: string, form: { [name: string]: string }) =>
  fetch(`${oauth}${path}`, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' })
const decide = async (decision: string, more: object = {}) =>
  new URL((await post('/authorize', { ...asked, ...more, decision })).headers.get('location') ?? '')
const token = async (form: { [name: string]: string }) => {
  const response = await post('/token', form)
  return { status: response.status, body: await response.json() }
}
const redeem = (code: string, more: object = {}) =>
  token({
    grant_type: 'authorization_code',
    code,
    client_id: asked.client_id,
    redirect_uri: asked.redirect_uri,
    code_verifier: verifier,
    ...more,
  })
const refresh = (refresh_token: string) =>
  token({ grant_type: 'refresh_token', refresh_token, client_id: asked.client_id })
const query = (access: string) =>
  fetch(`${setup.host.url}/salesforce/services/data/v66.0/query?q=SELECT+Id+FROM+User`, {
    headers: { authorization: `Bearer ${access}` },
  })

describe('the consent page', () => {
  it('names the app and what it asks for, and carries the request in its form', async () => {
    const response = await fetch(`${oauth}/authorize?${new URLSearchParams({ ...asked, client_id: '<b>app</b>' })}`)
    const page = await response.text()
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page).toContain('&#60;b&#62;app&#60;/b&#62;')
    expect(page).not.toContain('<b>app')
    expect(page).toContain(`name="code_challenge" value="${asked.code_challenge}"`)
    expect(page).toMatch(/value="allow"[\s\S]*value="deny"/)
  })

  it('sends the person back with a code and the state, keeping what the address had', async () => {
    const back = await decide('allow')
    expect(back.origin + back.pathname).toBe('http://127.0.0.1:4000/oauth/callback')
    expect([back.searchParams.get('app'), back.searchParams.get('state')]).toEqual(['salesforce', 's & t'])
    expect(back.searchParams.get('code')).toMatch(/^aPrx/)
  })

  it('sends the person back with access_denied when they deny', async () => {
    const back = await decide('deny')
    expect([back.searchParams.get('error'), back.searchParams.get('code')]).toEqual(['access_denied', null])
  })

  it.each([
    [{ redirect_uri: 'javascript:alert(1)' }, 'redirect_uri_mismatch'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ client_id: '' }, 'invalid_request'],
  ])('refuses %j on the page itself, for the address back cannot be trusted', async (wrong, error) => {
    const response = await fetch(`${oauth}/authorize?${new URLSearchParams({ ...asked, ...wrong })}`)
    expect([response.status, (await response.text()).includes(error)]).toEqual([400, true])
  })
})

describe('the token endpoint', () => {
  const code = async (more: object = {}) => (await decide('allow', more)).searchParams.get('code') ?? ''

  it('gives tokens for a code with its verifier, without saying how long they live', async () => {
    const { status, body } = await redeem(await code())
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual([
      'access_token',
      'id',
      'instance_url',
      'issued_at',
      'refresh_token',
      'scope',
      'signature',
      'token_type',
    ])
    expect(body).toMatchObject({
      instance_url: `${setup.host.url}/salesforce`,
      token_type: 'Bearer',
      scope: asked.scope,
    })
    expect((await query(body.access_token)).status).toBe(200)
    const identity = await fetch(body.id, { headers: { authorization: `Bearer ${body.access_token}` } })
    expect(await identity.json()).toMatchObject({ username: 'admin@sandbox.example' })
  })

  it.each([
    { name: 'a wrong verifier', more: { code_verifier: 'x' }, refusal: ['invalid_grant', 'invalid code verifier'] },
    {
      name: 'another address',
      more: { redirect_uri: 'http://evil.example' },
      refusal: ['redirect_uri_mismatch', 'redirect_uri must match configuration'],
    },
    {
      name: 'another client',
      more: { client_id: 'other' },
      refusal: ['invalid_client_id', 'client identifier invalid'],
    },
    {
      name: 'another grant type',
      more: { grant_type: 'password' },
      refusal: ['unsupported_grant_type', 'grant type not supported'],
    },
  ])('refuses a code with $name', async ({ more, refusal: [error, error_description] }) => {
    expect(await redeem(await code(), more)).toEqual({ status: 400, body: { error, error_description } })
  })

  it('takes the client from a Basic header too', async () => {
    const form = {
      grant_type: 'authorization_code',
      code: await code(),
      redirect_uri: asked.redirect_uri,
      code_verifier: verifier,
    }
    const response = await fetch(`${oauth}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('signalbox:secret').toString('base64')}` },
      body: new URLSearchParams(form),
    })
    expect(response.status).toBe(200)
  })

  it('takes a code once', async () => {
    const once = await code()
    await redeem(once)
    expect((await redeem(once)).body.error).toBe('invalid_grant')
  })

  it('rotates the refresh token: the new one works, the old one is dead', async () => {
    const first = (await redeem(await code())).body
    const second = await refresh(first.refresh_token)
    expect(second.status).toBe(200)
    expect(second.body.refresh_token).not.toBe(first.refresh_token)
    expect(await refresh(first.refresh_token)).toEqual({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'expired access/refresh token' },
    })
    expect((await refresh(second.body.refresh_token)).status).toBe(200)
  })

  it('ends a grant by revoke, and all grants or all sessions by the control path', async () => {
    const first = (await redeem(await code())).body
    expect((await post('/revoke', { token: first.refresh_token })).status).toBe(200)
    expect((await query(first.access_token)).status).toBe(401)

    const second = (await redeem(await code())).body
    await setup.control('POST', '/expire', { what: 'access' })
    expect((await query(second.access_token)).status).toBe(401)
    const third = (await refresh(second.refresh_token)).body
    expect((await query(third.access_token)).status).toBe(200)

    await setup.control('POST', '/expire', { what: 'refresh' })
    expect((await query(third.access_token)).status).toBe(401)
    expect((await refresh(third.refresh_token)).body.error).toBe('invalid_grant')
    expect((await redeem(await code())).status).toBe(200)
  })

  it('lets the oldest of six approvals of one app die', async () => {
    const all = []
    for (let index = 0; index < 6; index += 1) all.push((await redeem(await code())).body)
    expect((await query(all[0].access_token)).status).toBe(401)
    expect((await query(all[1].access_token)).status).toBe(200)
  })

  it('issues a token of choice for the demo, which survives a reset', async () => {
    await setup.control('POST', '/tokens', { accessToken: 'demo-token-1' })
    await setup.control('POST', '/reset')
    expect((await query('demo-token-1')).status).toBe(200)
  })
})

it('answers as Salesforce does without a good token: 401 for data, 403 and two words for identity', async () => {
  const data = await query('nope')
  expect([data.status, await data.json()]).toEqual([
    401,
    [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }],
  ])
  const who = await fetch(`${oauth}/userinfo`, { headers: { authorization: 'Bearer nope' } })
  expect([who.status, await who.text()]).toEqual([403, 'Bad_OAuth_Token'])
})
