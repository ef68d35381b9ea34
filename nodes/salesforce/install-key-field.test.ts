import { afterEach, beforeEach, expect, it } from 'vitest'
import { FaultError } from '../fault.ts'
import { installKeyField, KEYED_OBJECTS, keyFieldStatus } from './install-key-field.ts'
import { KEY_FIELD } from './key-field.ts'
import { type SandboxSetup, setUpSandbox } from './sandbox-setup.ts'

let setup: SandboxSetup
beforeEach(async () => {
  setup = await setUpSandbox()
})
afterEach(() => setup.host.close())

const without = (object: string) =>
  setup.control('POST', '/fields', { object, name: KEY_FIELD, absent: true }) as Promise<unknown>
const states = async () => (await keyFieldStatus(await setup.client())).map(({ state }) => state)
const outcomes = async () =>
  Object.fromEntries((await installKeyField(await setup.client())).map(({ object, outcome }) => [object, outcome]))

it('installs the field on an org that never had it, so that a second copy is refused by Salesforce itself', async () => {
  for (const object of KEYED_OBJECTS) await without(object)
  expect(await states()).toEqual(['missing', 'missing', 'missing', 'missing'])
  expect(await outcomes()).toEqual({
    Opportunity: 'installed',
    Account: 'installed',
    Contact: 'installed',
    Lead: 'installed',
  })
  expect(await states()).toEqual(['there', 'there', 'there', 'there'])
  const client = await setup.client()
  await client.create('Account', { Name: 'Northwind', [KEY_FIELD]: 'run:step:1' })
  const again = client.create('Account', { Name: 'Northwind', [KEY_FIELD]: 'run:step:1' })
  await expect(again).rejects.toThrow(/DUPLICATE_VALUE/)
})

it('changes nothing where it is there already', async () => {
  expect(new Set(Object.values(await outcomes()))).toEqual(new Set(['already']))
  expect(await setup.records('PermissionSet')).toEqual([])
  expect((await setup.calls()).filter((call) => call.startsWith('POST'))).toEqual([])
})

it('gives the connected user a field that is there and hidden, and makes one permission set for all of them', async () => {
  for (const object of ['Lead', 'Contact'])
    await setup.control('POST', '/fields', { object, name: KEY_FIELD, hidden: true })
  expect(await outcomes()).toMatchObject({ Opportunity: 'already', Contact: 'installed', Lead: 'installed' })
  expect(await setup.records('PermissionSet')).toHaveLength(1)
  expect(await setup.records('PermissionSetAssignment')).toHaveLength(1)
  await without('Account')
  expect(await outcomes()).toMatchObject({ Account: 'installed', Lead: 'already' })
  expect(await setup.records('PermissionSet')).toHaveLength(1)
})

it('says what to ask an administrator when the connected user may not change the org, and leaves the org as it was', async () => {
  await without('Opportunity')
  await setup.control('POST', '/permissions', { customizeApplication: false })
  const [opportunity, account] = await installKeyField(await setup.client())
  expect(account).toMatchObject({ object: 'Account', outcome: 'already' })
  expect(opportunity).toMatchObject({ object: 'Opportunity', outcome: 'refused' })
  expect(opportunity?.ask).toMatch(/INSUFFICIENT_ACCESS/)
  expect(opportunity?.ask).toMatch(/"Customize Application"/)
  expect(opportunity?.ask).toMatch(/Object Manager > Opportunity > Fields: Text\(255\) "Signalbox_Key__c"/)
  expect(await states()).toEqual(['missing', 'there', 'there', 'there'])
  await setup.control('POST', '/permissions', { customizeApplication: true })
  expect(await outcomes()).toMatchObject({ Opportunity: 'installed' })
})

it('leaves a field of this name that is not unique to an administrator', async () => {
  await without('Lead')
  const { accessToken = '', instanceUrl = '' } = setup.connection.credentials
  const made = await fetch(`${instanceUrl}/services/data/v66.0/tooling/sobjects/CustomField`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      FullName: `Lead.${KEY_FIELD}`,
      Metadata: { type: 'Text', label: 'Signalbox Key', length: 255, externalId: true, unique: false },
    }),
  })
  expect(made.status).toBe(201)
  await setup.control('POST', '/fields', { object: 'Lead', name: KEY_FIELD, hidden: false })
  const lead = (await installKeyField(await setup.client())).at(-1)
  expect(lead).toMatchObject({ object: 'Lead', outcome: 'unsuitable', ask: expect.stringContaining('Unique') })
})

it('fails like any call when the connection itself does not work', async () => {
  await without('Opportunity')
  await setup.fault({ match: { method: 'POST', path: '/services/data/v66.0/tooling' }, rate: 1, status: 503 })
  const error: unknown = await installKeyField(await setup.client()).catch((thrown: unknown) => thrown)
  expect(error instanceof FaultError && error.fault.code).toBe('VENDOR_UNAVAILABLE')
})

it('does not see a field before a permission set gives it, as in Salesforce', async () => {
  await without('Opportunity')
  const client = await setup.client()
  const field = { object: 'Opportunity', name: KEY_FIELD, label: 'Signalbox Key', length: 255, description: '' }
  await client.createTextField({ ...field, externalId: true, unique: true })
  expect(await states()).toEqual(['missing', 'there', 'there', 'there'])
  await expect(client.createTextField({ ...field, externalId: true, unique: true })).rejects.toThrow(
    /There is already a field named Signalbox_Key on Opportunity/,
  )
})
