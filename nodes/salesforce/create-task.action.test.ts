import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { SubjectRef } from '../define.ts'
import { createTask } from './create-task.action.ts'
import { actionContext, faultOf, type SandboxSetup, setUpSandbox, subjectRef } from './sandbox-setup.ts'

let setup: SandboxSetup
let contact: SubjectRef
let account: SubjectRef
beforeEach(async () => {
  setup = await setUpSandbox()
  contact = subjectRef('contact', { email: "o'neil@northwind.example" })
  account = subjectRef('account', { name: 'Northwind' })
})
afterEach(() => setup.host.close())

type Input = z.output<typeof createTask.input>

async function context(more: Partial<Input> = {}, key = 'run-1:task:1') {
  const input = { contact: contact.id, subject: 'Call about the renewal', ...more }
  return actionContext({ input, client: await setup.client(), subjects: [contact, account], key })
}

const look = async (run: Awaited<ReturnType<typeof context>>) => {
  const found = await createTask.readBack?.look(run)
  if (!found) throw new Error('createTask has no read-back')
  return found
}

describe('a task', () => {
  it('is put on the contact and the account, with the marker as the last line', async () => {
    const person = await setup.put('Contact', { LastName: "O'Neil", Email: "o'neil@northwind.example" })
    const company = await setup.put('Account', { Name: 'Northwind' })
    const run = await context({ account: account.id, description: 'Ask about seats.', dueInDays: 3 })
    const { output, externalId } = await createTask.run({ ...run, intendedAt: new Date('2026-01-30T10:00:00Z') })
    expect(createTask.output.parse(output)).toMatchObject({
      whoId: person.Id,
      whatId: company.Id,
      dueDate: '2026-02-02',
    })
    expect(await setup.records('Task')).toMatchObject([
      {
        Id: externalId,
        WhoId: person.Id,
        WhatId: company.Id,
        ActivityDate: '2026-02-02',
        Status: 'Not Started',
        Description: 'Ask about seats.\n\nSignalbox run-1:task:1',
      },
    ])
    expect([contact.links['salesforce'], account.links['salesforce']]).toEqual([person.Id, company.Id])
  })

  it('goes to the open lead where there is no contact, and never to a converted one', async () => {
    await setup.put('Lead', { LastName: 'Old', Company: 'X', Email: "o'neil@northwind.example", IsConverted: true })
    expect((await faultOf(createTask.run(await context()))).code).toBe('NOT_FOUND')
    const open = await setup.put('Lead', { LastName: 'New', Company: 'X', Email: "o'neil@northwind.example" })
    const { output } = await createTask.run(await context())
    expect(output.whoId).toBe(open.Id)
    expect((await faultOf(createTask.run(await context({ account: account.id })))).code).toBe('INVALID_INPUT')
  })

  it('is refused where it would hang on nothing', async () => {
    expect((await faultOf(createTask.run(await context({ contact: undefined })))).code).toBe('INVALID_INPUT')
    const onAccount = await context({ contact: undefined, account: account.id })
    expect((await faultOf(createTask.run(onAccount))).code).toBe('NOT_FOUND')
    expect(await setup.records('Task')).toEqual([])
  })

  it('is refused where several contacts share the address, naming them', async () => {
    const one = await setup.put('Contact', { LastName: 'One', Email: "o'neil@northwind.example" })
    const two = await setup.put('Contact', { LastName: 'Two', Email: "O'Neil@northwind.example" })
    const fault = await faultOf(createTask.run(await context()))
    expect(fault.code).toBe('INVALID_INPUT')
    expect(fault.message).toContain(`${one.Id}, ${two.Id}`)
  })
})

describe('the read-back', () => {
  beforeEach(async () => {
    const { Id } = await setup.put('Contact', { LastName: "O'Neil", Email: "o'neil@northwind.example" })
    contact.links['salesforce'] = Id
  })

  it('waits for the ten minutes in which Salesforce may still be working', () => {
    expect(createTask.readBack?.notBeforeMs).toBe(600_000)
  })

  it('finds the task whose answer was lost, and answers what the first attempt would have', async () => {
    await setup.fault({ match: { method: 'POST' }, when: 'after', drop: true, times: 1 })
    const run = await context({ description: 'Ask about seats.' })
    expect((await faultOf(createTask.run(run))).code).toBe('OUTCOME_UNKNOWN')
    const [task] = await setup.records('Task')
    expect(await look(run)).toMatchObject({
      landed: true,
      result: { externalId: task?.['Id'], output: { id: task?.['Id'], subject: 'Call about the renewal' } },
    })
  })

  it('finds nothing when the call did not land, whatever else is on the contact', async () => {
    await createTask.run(await context({}, 'run-1:task:2'))
    await createTask.run(await context({}, 'run-1:task:11'))
    await setup.fault({ match: { method: 'POST' }, when: 'before', drop: true, times: 1 })
    const run = await context()
    expect((await faultOf(createTask.run(run))).code).toBe('OUTCOME_UNKNOWN')
    expect(await look(run)).toEqual({ landed: false })
  })

  it('still finds it after a person has written below it, handed it on, or thrown it away', async () => {
    const run = await context()
    const { externalId = '' } = await createTask.run(run)
    const [, other] = await setup.records('User')
    const token = setup.connection.credentials['accessToken']
    const url = `${setup.host.url}/salesforce/services/data/v66.0/sobjects/Task/${externalId}`
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const change = { OwnerId: other?.['Id'], Description: `Signalbox ${run.key}\r\nCalled, no answer.` }
    expect((await fetch(url, { method: 'PATCH', headers, body: JSON.stringify(change) })).status).toBe(204)
    expect(await look(run)).toMatchObject({ landed: true, result: { externalId } })
    expect((await fetch(url, { method: 'DELETE', headers: { authorization: headers.authorization } })).status).toBe(204)
    expect(await look(run)).toMatchObject({ landed: true, result: { externalId } })
  })
})
