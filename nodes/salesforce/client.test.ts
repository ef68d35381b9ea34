import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { salesforceConnector } from './connector.ts'
import { grantOf, refuseInstanceUrl } from './grant.ts'
import { faultOf, type SandboxSetup, setUpSandbox } from './sandbox-setup.ts'
import { soql } from './soql.ts'

let setup: SandboxSetup
beforeEach(async () => {
  setup = await setUpSandbox()
})
afterEach(() => setup.host.close())

const accounts = soql`SELECT Id, Name FROM Account ORDER BY Name`

describe('a call', () => {
  it('goes through the SDK with the pinned version, and draws on the budget once', async () => {
    const client = await setup.client()
    expect(await client.query(accounts)).toEqual([])
    expect(setup.metered()).toBe(1)
    expect(await setup.calls()).toEqual(['GET /services/data/v66.0/query'])
  })

  it('says who we are, which is the check of a connection', async () => {
    const checked = await salesforceConnector.check((await setup.client()) as never, {})
    expect(checked).toMatchObject({
      identity: 'admin@sandbox.example',
      details: { instanceUrl: `${setup.host.url}/salesforce` },
    })
    expect(setup.metered()).toBe(1)
  })

  it('sends no assignment rules along with a write, so that the owner stays', async () => {
    const client = await setup.client()
    await client.create('Account', { Name: 'Acme' })
    await client.upsert({
      object: 'Account',
      externalIdField: 'Signalbox_Key__c',
      externalId: 'k',
      values: { Name: 'B' },
    })
    const [second, first] = (await setup.control('GET', '/requests')) as Array<{ headers: { [name: string]: string } }>
    expect([first?.headers['sforce-auto-assign'], second?.headers['sforce-auto-assign']]).toEqual(['FALSE', 'FALSE'])
  })

  it('keeps an external id in the body, where "a.inc" and "a/b" do no harm', async () => {
    const client = await setup.client()
    const wish = {
      object: 'Account',
      externalIdField: 'Signalbox_Key__c',
      externalId: 'a/b c+d#e.inc',
      values: { Name: 'Acme' },
    }
    const first = await client.upsert(wish)
    const second = await client.upsert(wish)
    expect([first.created, second.created, second.id]).toEqual([true, false, first.id])
    expect(await setup.calls()).toEqual(
      Array(2).fill('PATCH /services/data/v66.0/composite/sobjects/Account/Signalbox_Key__c'),
    )
  })

  it('asks for a description once, and again when it does not do', async () => {
    const client = await setup.client()
    await client.describe('Account')
    await client.describe('Account')
    expect(setup.metered()).toBe(1)
    await client.describe('Account', () => false)
    expect(setup.metered()).toBe(2)
  })
})

describe('an expired session', () => {
  it('is renewed once, and the call made again with the new token', async () => {
    const client = await setup.client()
    await setup.control('POST', '/expire', { what: 'access' })
    expect(await client.query(accounts)).toEqual([])
    expect([setup.refreshed(), setup.metered()]).toEqual([1, 2])
    await client.query(accounts)
    expect([setup.refreshed(), setup.metered()]).toEqual([1, 3])
  })

  it('is renewed for the identity service too, which says 403 instead', async () => {
    const client = await setup.client()
    await setup.control('POST', '/expire', { what: 'access' })
    expect((await client.identity()).username).toBe('admin@sandbox.example')
    expect(setup.refreshed()).toBe(1)
  })

  it('with a dead grant is a fault for a person', async () => {
    const client = await setup.client()
    await setup.control('POST', '/expire', { what: 'refresh' })
    expect((await faultOf(client.query(accounts))).code).toBe('AUTH_EXPIRED')
    expect(setup.refreshed()).toBe(1)
  })

  it('that comes back with a bad token is not renewed for ever', async () => {
    const client = await setup.client({ refresh: async () => setup.connection })
    await setup.control('POST', '/expire', { what: 'access' })
    expect((await faultOf(client.query(accounts))).code).toBe('AUTH_EXPIRED')
    expect(setup.metered()).toBe(2)
  })
})

describe('a failure', () => {
  it('of the vendor is not repeated by the SDK, not even a read', async () => {
    const client = await setup.client()
    await setup.fault({ match: { method: 'GET' }, status: 503 })
    expect((await faultOf(client.query(accounts))).code).toBe('VENDOR_UNAVAILABLE')
    expect(setup.metered()).toBe(1)
  })

  it.each([
    ['500', { status: 500 }, 'OUTCOME_UNKNOWN'],
    ['503', { status: 503 }, 'VENDOR_UNAVAILABLE'],
    ['429 with a time', { status: 429, headers: { 'retry-after': '3' } }, 'RATE_LIMITED'],
    ['a dropped connection', { drop: true }, 'OUTCOME_UNKNOWN'],
    ['an answer lost after the work', { when: 'after', drop: true }, 'OUTCOME_UNKNOWN'],
    ['silence', { delayMs: 2_000 }, 'OUTCOME_UNKNOWN'],
    ['a page instead of an answer', { status: 200, body: 'Welcome to our proxy' }, 'OUTCOME_UNKNOWN'],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9' } }, 'CONFIGURATION'],
  ])('on a write: %s', async (_name, rule, expected) => {
    const client = await setup.client({ timeoutMs: 300 })
    await setup.fault({ match: { method: 'POST' }, ...rule })
    expect((await faultOf(client.create('Account', { Name: 'Acme' }))).code).toBe(expected)
    expect(setup.metered()).toBe(1)
  })

  it('to connect is one that certainly did not land', async () => {
    const client = await setup.client()
    await setup.host.close()
    expect((await faultOf(client.create('Account', { Name: 'Acme' }))).code).toBe('VENDOR_UNAVAILABLE')
  })

  it('never tells the token, even when the vendor echoes it', async () => {
    const token = setup.connection.credentials['accessToken'] ?? ''
    const client = await setup.client()
    await setup.fault({ status: 400, body: [{ errorCode: 'X', message: `bad ${token}` }] })
    const fault = await faultOf(client.create('Account', { Name: 'Acme' }))
    expect(JSON.stringify(fault)).toContain('bad [token]')
    expect(JSON.stringify(fault)).not.toContain(token)
  })

  it('of a record inside a collection is told as one', async () => {
    const client = await setup.client()
    const wish = { object: 'Account', externalIdField: 'Signalbox_Key__c', externalId: 'k', values: { Nope: 'x' } }
    expect(await faultOf(client.upsert(wish))).toMatchObject({
      code: 'INVALID_INPUT',
      vendor: { code: 'INVALID_FIELD' },
    })
  })

  it('of the daily allowance is told apart from that of the moment', async () => {
    const client = await setup.client()
    await setup.control('POST', '/limits', { calls: 1, perMs: 86_400_000 })
    await client.query(accounts)
    expect((await faultOf(client.query(accounts))).code).toBe('QUOTA_EXHAUSTED')
  })

  it('ends with its step when the step is cancelled', async () => {
    const stop = new AbortController()
    const client = await setup.client({ signal: stop.signal })
    await setup.fault({ delayMs: 5_000 })
    const call = faultOf(client.create('Account', { Name: 'Acme' }))
    setTimeout(() => stop.abort(), 50)
    expect((await call).code).toBe('OUTCOME_UNKNOWN')
  })
})

describe('the address of an org', () => {
  it.each([
    'https://acme.my.salesforce.com',
    'https://acme--uat.sandbox.my.salesforce.com',
    'http://127.0.0.1:4010/salesforce',
  ])('may be %s', (address) => expect(refuseInstanceUrl(address)).toBeNull())
  it.each([
    'acme',
    'http://acme.my.salesforce.com',
    'ftp://acme.my.salesforce.com',
    'https://acme.lightning.force.com',
    'https://user@acme.my.salesforce.com',
    'https://acme.my.salesforce.com?x=1',
  ])('may not be %s', (address) => expect(refuseInstanceUrl(address)).toMatch(/[.:]$/))

  it('comes from the settings for a pasted token, and loses its last slash', () => {
    const pasted = {
      id: '1',
      app: 'salesforce',
      credentials: { accessToken: 't' },
      settings: { instanceUrl: 'https://a.my.salesforce.com/' },
    }
    expect(grantOf(pasted)).toEqual({ accessToken: 't', instanceUrl: 'https://a.my.salesforce.com' })
    expect(() => grantOf({ ...pasted, settings: {} })).toThrow('has no instance address')
    expect(() => grantOf({ ...pasted, credentials: {} })).toThrow('has no access token')
  })
})
