import { describe, expect, it } from 'vitest'
import { connectorContract } from '../../test/contract/connector.ts'
import { call, control, openIntercom, records, startIntercom } from '../../test/helpers/intercom.ts'
import { clientEnvironment, faultOf } from '../../test/helpers/step-context.ts'
import { refuseAddress } from './address.ts'
import { intercomConnector } from './connector.ts'

const EMAIL = 'ada@example.com'
const person = { role: 'user', external_id: 'u1', email: EMAIL, name: 'Ada' }

connectorContract('Intercom', {
  connector: intercomConnector,
  start: async () => {
    const sandbox = await startIntercom()
    await control(sandbox, 'POST', 'records/contacts', person)
    return sandbox
  },
  connect: openIntercom,
  read: { run: (client) => client.contactByExternalId('u1'), method: 'GET', path: '/contacts/find_by_external_id' },
  write: {
    run: (client) => client.createContact({ externalId: 'u2', email: 'two@example.com' }),
    method: 'POST',
    path: '^/contacts$',
  },
  count: async (sandbox) => {
    const contacts = await records(sandbox, 'contacts')
    return contacts.filter((contact) => contact.external_id === 'u2').length
  },
  limited: {
    answer: {
      status: 429,
      headers: { 'retry-after': '7' },
      body: { type: 'error.list', errors: [{ code: 'rate_limit_exceeded', message: 'Exceeded rate limit' }] },
    },
    code: 'RATE_LIMITED',
    retryAfterMs: { least: 7_000, most: 7_000 },
  },
})

async function client() {
  const sandbox = await startIntercom()
  const connection = await openIntercom(sandbox)
  return { sandbox, connection, client: await intercomConnector.client(connection, clientEnvironment()) }
}

describe('the Intercom client', () => {
  it('treats a lost search as a read, though it is a POST', async () => {
    const { sandbox, client: intercom } = await client()
    await control(sandbox, 'POST', 'faults', { match: { path: '/contacts/search' }, when: 'after', drop: true })
    expect(await faultOf(intercom.contactsByEmail(EMAIL))).toMatchObject({ code: 'VENDOR_UNAVAILABLE' })
    await sandbox.close()
  })

  it('waits for the end of the window when the limit itself refuses', async () => {
    const { sandbox, client: intercom } = await client()
    await control(sandbox, 'POST', 'limits', { calls: 1, perMs: 10_000 })
    await intercom.identity()
    const fault = await faultOf(intercom.identity())
    expect(fault).toMatchObject({ code: 'RATE_LIMITED', vendor: { status: 429, code: 'rate_limit_exceeded' } })
    expect(fault.retryAfterMs).toBeGreaterThan(0)
    expect(fault.retryAfterMs).toBeLessThanOrEqual(10_000)
    await sandbox.close()
  })

  it('follows a merged contact to its survivor, for reads and writes', async () => {
    const { sandbox, connection, client: intercom } = await client()
    const user = await control(sandbox, 'POST', 'records/contacts', person)
    const lead = await control(sandbox, 'POST', 'records/contacts', { role: 'lead', email: EMAIL })
    await call(connection, 'POST', '/contacts/merge', { from: lead.data.id, into: user.data.id })
    expect((await intercom.contact(lead.data.id)).id).toBe(user.data.id)
    expect(await intercom.tagContact(lead.data.id, 'vip')).toMatchObject({ contactId: user.data.id })
    await sandbox.close()
  })

  it('takes the contact an archived double names, and brings it back', async () => {
    const { sandbox, connection, client: intercom } = await client()
    const { data } = await control(sandbox, 'POST', 'records/contacts', person)
    await call(connection, 'POST', `/contacts/${data.id}/archive`)
    const made = await intercom.createContact({ externalId: 'u1', name: 'Ada Byron' })
    expect(made).toMatchObject({ id: data.id, name: 'Ada Byron' })
    expect(await intercom.contactByExternalId('u1')).toMatchObject({ id: data.id })
    await sandbox.close()
  })

  it('makes a tag again that was deleted since it learnt the id', async () => {
    const { sandbox, connection, client: intercom } = await client()
    const { data } = await control(sandbox, 'POST', 'records/contacts', person)
    const first = await intercom.tagContact(data.id, 'vip')
    await call(connection, 'DELETE', `/tags/${first.tagId}`)
    const second = await intercom.tagContact(data.id, 'vip')
    expect(second.tagId).not.toBe(first.tagId)
    await sandbox.close()
  })

  it('refuses a connection without a token or with a foreign address, naming what to mend', async () => {
    const bare = { id: 'c', app: 'intercom', credentials: {}, settings: {} }
    expect(await faultOf(intercomConnector.client(bare, clientEnvironment()))).toMatchObject({ code: 'CONFIGURATION' })
    const foreign = { ...bare, credentials: { accessToken: 't' }, settings: { baseUrl: 'https://example.com' } }
    const fault = await faultOf(intercomConnector.client(foreign, clientEnvironment()))
    expect(fault.message).toContain('api.eu.intercom.io')
  })
})

describe('the API address', () => {
  it.each(['https://api.intercom.io', 'https://api.eu.intercom.io/', 'http://127.0.0.1:4010/intercom'])(
    'takes %s',
    (address) => expect(refuseAddress(address)).toBeNull(),
  )
  it.each([
    'http://api.intercom.io',
    'https://api.intercom.io.evil.example',
    'intercom',
    'https://u:p@api.intercom.io',
  ])('refuses %s', (address) => expect(refuseAddress(address)).not.toBeNull())
})
