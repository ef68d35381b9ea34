import { afterEach, beforeEach, expect, it } from 'vitest'
import type { z } from 'zod'
import { actionContext, faultOf, type SandboxSetup, setUpSandbox } from './sandbox-setup.ts'
import { upsertRecord } from './upsert-record.action.ts'

let setup: SandboxSetup
beforeEach(async () => {
  setup = await setUpSandbox()
})
afterEach(() => setup.host.close())

async function run(more: Partial<z.output<typeof upsertRecord.input>> = {}) {
  const input = {
    object: 'Contact',
    externalIdField: 'Signalbox_Key__c',
    externalId: 'user-7',
    values: { LastName: 'Ng', Email: 'ng@northwind.example' },
    ...more,
  }
  return upsertRecord.run(actionContext({ input, client: await setup.client(), subjects: [] }))
}

it('creates the record, and updates it the second time', async () => {
  const first = await run()
  const second = await run({ values: { LastName: 'Ng', Title: 'CTO', Email: null } })
  expect(upsertRecord.output.parse(first.output)).toMatchObject({ object: 'Contact', created: true })
  expect(second.output).toMatchObject({ id: first.output.id, created: false })
  expect(await setup.records('Contact')).toMatchObject([
    { Id: first.externalId, LastName: 'Ng', Title: 'CTO', Email: null, Signalbox_Key__c: 'user-7' },
  ])
})

it('makes one record of two attempts when the first answer is lost', async () => {
  await setup.fault({ match: { method: 'PATCH' }, when: 'after', status: 500, times: 1 })
  expect((await faultOf(run())).code).toBe('OUTCOME_UNKNOWN')
  await run()
  expect(await setup.records('Contact')).toHaveLength(1)
})

it('says how to mend a field that is no external id', async () => {
  const fault = await faultOf(run({ externalIdField: 'Title' }))
  expect(fault).toMatchObject({ code: 'CONFIGURATION', vendor: { code: 'NOT_FOUND' } })
  expect(fault.fix).toContain('External ID')
})

it('hands an ambiguous match to a person', async () => {
  await setup.put('Contact', { LastName: 'One', Legacy_Id__c: 'L-1' })
  await setup.put('Contact', { LastName: 'Two', Legacy_Id__c: 'L-1' })
  const fault = await faultOf(run({ externalIdField: 'Legacy_Id__c', externalId: 'l-1' }))
  expect(fault).toMatchObject({ code: 'DUPLICATE', vendor: { code: 'DUPLICATE_EXTERNAL_ID' } })
})

it('names the records that a duplicate rule found', async () => {
  await setup.control('POST', '/duplicate-rules', { object: 'Contact', field: 'Email', action: 'block' })
  const existing = await setup.put('Contact', { LastName: 'Ng', Email: 'ng@northwind.example' })
  const fault = await faultOf(run())
  expect(fault.code).toBe('DUPLICATE')
  expect(fault.message).toContain(existing.Id)
})

it.each([
  ['the external id', { signalbox_key__c: 'x' }],
  ['the id', { Id: '003000000000001' }],
  ['what the SDK would take for the type', { type: 'Lead' }],
  ['attributes', { attributes: 'x' }],
  ['a name that is none', { 'Last Name': 'x' }],
])('refuses values that set %s, with no call made', async (_name, values) => {
  expect((await faultOf(run({ values }))).code).toBe('INVALID_INPUT')
  expect(await setup.calls()).toEqual([])
})

it('writes a field that is called Type', async () => {
  await run({ object: 'Account', values: { Name: 'Acme', Type: 'Partner' } })
  expect(await setup.records('Account')).toMatchObject([{ Name: 'Acme', Type: 'Partner' }])
})

it.each(['../query', 'Contact/x', 'a b', ''])('takes no path for an object: %j', (object) => {
  expect(upsertRecord.input.shape.object.safeParse(object).success).toBe(false)
})
