import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { SubjectRef } from '../define.ts'
import { createOpportunity } from './create-opportunity.action.ts'
import { actionContext, faultOf, type SandboxSetup, setUpSandbox, subjectRef } from './sandbox-setup.ts'

let setup: SandboxSetup
let account: SubjectRef
beforeEach(async () => {
  setup = await setUpSandbox()
  account = subjectRef('account', { name: 'Northwind', externalId: 'nw-1' })
})
afterEach(() => setup.host.close())

const intendedAt = new Date('2026-01-15T23:30:00Z')

async function context(
  more: Partial<z.output<typeof createOpportunity.input>> = {},
  subjects: SubjectRef[] = [account],
) {
  const input = { account: account.id, name: 'Expansion', stage: 'Prospecting', closeInDays: 30, amount: 2400, ...more }
  return actionContext({ input, client: await setup.client(), subjects, key: 'run-1:opp:1', intendedAt })
}

describe('an opportunity', () => {
  it('is created on the linked account in one call once the object is known', async () => {
    const { Id } = await setup.put('Account', { Name: 'Northwind' })
    account.links['salesforce'] = Id
    const run = await context()
    const { output, externalId } = await createOpportunity.run(run)
    expect(createOpportunity.output.parse(output)).toMatchObject({
      accountId: Id,
      closeDate: '2026-02-14',
      amount: 2400,
    })
    expect(output.url).toBe(`${setup.host.url}/salesforce/${externalId}`)
    const [stored] = await setup.records('Opportunity')
    expect(stored).toMatchObject({
      Id: externalId,
      AccountId: Id,
      Name: 'Expansion',
      StageName: 'Prospecting',
      CloseDate: '2026-02-14',
      Amount: 2400,
      Signalbox_Key__c: 'run-1:opp:1',
    })
    expect(await setup.calls()).toEqual([
      'POST /services/data/v66.0/sobjects/Opportunity',
      'GET /services/data/v66.0/sobjects/Opportunity/describe',
    ])
  })

  it('is made once however often the step runs, and a repeat leaves alone what a person changed since', async () => {
    const first = await createOpportunity.run(await context())
    const client = await setup.client()
    await client.upsert({
      object: 'Opportunity',
      externalIdField: 'Signalbox_Key__c',
      externalId: 'run-1:opp:1',
      values: { StageName: 'Negotiation/Review', Amount: 9000 },
    })
    const second = await createOpportunity.run(await context())
    expect(second.externalId).toBe(first.externalId)
    const stored = await setup.records('Opportunity')
    expect(stored).toHaveLength(1)
    expect(stored[0]).toMatchObject({ StageName: 'Negotiation/Review', Amount: 9000 })
  })

  it('is made once when the answer is lost after the work', async () => {
    await createOpportunity.run(await context({}, [account]))
    await setup.fault({ match: { method: 'POST', path: '/services/data' }, when: 'after', drop: true, times: 1 })
    const run = { ...(await context()), key: 'run-2:opp:1' }
    expect((await faultOf(createOpportunity.run(run))).code).toBe('OUTCOME_UNKNOWN')
    const { externalId } = await createOpportunity.run(run)
    const stored = await setup.records('Opportunity')
    expect(stored.map((record) => record['Signalbox_Key__c'])).toEqual(['run-1:opp:1', 'run-2:opp:1'])
    expect(stored[1]).toMatchObject({ Id: externalId })
  })

  it('is one when two attempts run at the same time', async () => {
    const runs = await Promise.all([context(), context()])
    const [first, second] = await Promise.all(runs.map((run) => createOpportunity.run(run)))
    expect(first?.externalId).toBe(second?.externalId)
    expect(await setup.records('Opportunity')).toHaveLength(1)
    expect(await setup.records('Account')).toHaveLength(1)
  })

  it('waits for a person, with nothing written, where the key field is not installed', async () => {
    await setup.control('POST', '/fields', { object: 'Opportunity', name: 'Signalbox_Key__c', hidden: true })
    const fault = await faultOf(createOpportunity.run(await context()))
    expect(fault.code).toBe('CONFIGURATION')
    expect(fault.fix).toContain('Install the key field')
    expect(fault.fix).toContain('Object Manager > Opportunity > Fields: add Text(255) "Signalbox_Key__c"')
    expect(await setup.records('Account')).toEqual([])
    await setup.control('POST', '/fields', { object: 'Opportunity', name: 'Signalbox_Key__c', hidden: false })
    await createOpportunity.run(await context())
    expect(await setup.records('Opportunity')).toHaveLength(1)
  })

  it("tells the vendor's refusal of a value in its own words", async () => {
    const fault = await faultOf(createOpportunity.run(await context({ ownerId: '0058d00000AbCdE' })))
    expect(fault).toMatchObject({ code: 'INVALID_INPUT', vendor: { code: 'INVALID_CROSS_REFERENCE_KEY' } })
  })

  it('comes again soon when the account is locked by another write', async () => {
    const body = [
      { errorCode: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access to this record', fields: [] },
    ]
    await setup.fault({ match: { path: '/sobjects/Opportunity$' }, status: 400, body, times: 1 })
    const run = await context()
    expect((await faultOf(createOpportunity.run(run))).code).toBe('VENDOR_BUSY')
    await createOpportunity.run(run)
    expect(await setup.records('Opportunity')).toHaveLength(1)
  })
})

describe('its account', () => {
  it('is created under a key of its own where there is none, and linked', async () => {
    const { output } = await createOpportunity.run(await context())
    const [stored, ...others] = await setup.records('Account')
    expect(others).toEqual([])
    expect(stored).toMatchObject({
      Name: 'Northwind',
      AccountNumber: 'nw-1',
      Signalbox_Key__c: `account:${account.id}`,
    })
    expect([output.accountId, account.links['salesforce']]).toEqual([stored?.['Id'], stored?.['Id']])
  })

  it('is found by its external id before its name', async () => {
    await setup.put('Account', { Name: 'Northwind' })
    const byNumber = await setup.put('Account', { Name: 'Northwind Traders Ltd', AccountNumber: 'NW-1' })
    const { output } = await createOpportunity.run(await context())
    expect(output.accountId).toBe(byNumber.Id)
  })

  it('is found by its exact name, quotes and backslashes and all', async () => {
    account = subjectRef('account', { name: "O'Neil \\' & Sons" })
    const named = await setup.put('Account', { Name: "O'Neil \\' & Sons" })
    await setup.put('Account', { Name: 'Neil' })
    const { output } = await createOpportunity.run(await context())
    expect(output.accountId).toBe(named.Id)
  })

  it('is for a person to tell where several have the name', async () => {
    const first = await setup.put('Account', { Name: 'Northwind' })
    const second = await setup.put('Account', { Name: 'northwind' })
    const fault = await faultOf(createOpportunity.run(await context()))
    expect(fault.code).toBe('INVALID_INPUT')
    expect(fault.message).toContain(`${first.Id}, ${second.Id}`)
    expect(await setup.records('Opportunity')).toEqual([])
  })

  it('is not the namesake that was made for another account of ours', async () => {
    const other = subjectRef('account', { name: 'Northwind' })
    account = subjectRef('account', { name: 'Northwind' })
    await createOpportunity.run({ ...(await context({ account: other.id }, [other])), key: 'run-0:opp:1' })
    await createOpportunity.run(await context())
    expect(new Set((await setup.records('Opportunity')).map((record) => record['AccountId'])).size).toBe(2)
  })

  it('cannot be created without a name', async () => {
    account = subjectRef('account', { externalId: 'nw-1' })
    const fault = await faultOf(createOpportunity.run(await context()))
    expect(fault).toMatchObject({
      code: 'INVALID_INPUT',
      fix: 'Give the account a name, or link it to a Salesforce account.',
    })
  })
})

it.each([
  ['a close date in the past', { closeInDays: -1 }],
  ['half a day', { closeInDays: 1.5 }],
  ['a name beyond what Salesforce takes', { name: 'n'.repeat(121) }],
  ['an owner that is no user', { ownerId: '00Q8d00000AbCdE' }],
])('refuses %s before any call', (_name, wrong) => {
  const input = { account: 'a', name: 'n', stage: 's', closeInDays: 1, ...wrong }
  expect(createOpportunity.input.safeParse(input).success).toBe(false)
})
