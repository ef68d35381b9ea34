import { Connection } from '@jsforce/jsforce-node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startSandboxHost } from '../../sandbox/host.ts'
import { type Body, type SandboxSetup, setUpSandbox } from '../sandbox-setup.ts'
import { salesforceSandbox } from './salesforce-sandbox.ts'

/** Through the vendor's client as it comes, with its own transport. */
let setup: SandboxSetup
let sdk: Connection
beforeEach(async () => {
  setup = await setUpSandbox()
  const { accessToken = '', instanceUrl = '' } = setup.connection.credentials
  sdk = new Connection({ accessToken, instanceUrl, version: '66.0' })
})
afterEach(() => setup.host.close())

type Headers = { [name: string]: string }
type Rest = { body?: unknown; headers?: Headers }

const call = async (method: string, path: string, { body, headers = {} }: Rest = {}) => {
  const response = await fetch(`${setup.host.url}/salesforce${path}`, {
    method,
    headers: {
      authorization: `Bearer ${setup.connection.credentials['accessToken']}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}
const get = (path: string) => call('GET', `/services/data/v66.0${path}`)
const post = (path: string, body: unknown, headers: Headers = {}) =>
  call('POST', `/services/data/v66.0${path}`, { body, headers })
const patch = (path: string, body: unknown) => call('PATCH', `/services/data/v66.0${path}`, { body })

describe('one record', () => {
  it('is created, read, changed and deleted by the SDK', async () => {
    const saved = await sdk.sobject('Account').create({ Name: 'Acme', NumberOfEmployees: 12 })
    const id = saved.id ?? ''
    expect(id).toMatch(/^001\w{15}$/)
    expect(await sdk.sobject('Account').retrieve(id)).toMatchObject({
      attributes: { type: 'Account', url: `/services/data/v66.0/sobjects/Account/${id}` },
      Name: 'Acme',
      NumberOfEmployees: 12,
      IsDeleted: false,
    })
    await sdk.sobject('Account').update({ Id: id.slice(0, 15), Name: 'Acme Ltd' })
    expect((await sdk.sobject('Account').retrieve(id))['Name']).toBe('Acme Ltd')
    await sdk.sobject('Account').destroy(id)
    await expect(sdk.sobject('Account').retrieve(id)).rejects.toMatchObject({ errorCode: 'ENTITY_IS_DELETED' })
  })

  it('carries times in the form Salesforce writes them, and its usage on every answer', async () => {
    const { headers, status } = await post('/sobjects/Account', { Name: 'Acme' })
    expect([status, headers.get('sforce-limit-info')]).toEqual([201, 'api-usage=1/5000000'])
    const [account] = await setup.records('Account')
    expect(account?.['CreatedDate']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/)
    expect((await get('/limits')).body.DailyApiRequests).toEqual({ Max: 5_000_000, Remaining: 4_999_998 })
  })

  it.each([
    {
      object: 'Lead',
      values: { LastName: 'A' },
      error: {
        errorCode: 'REQUIRED_FIELD_MISSING',
        message: 'Required fields are missing: [Company]',
        fields: ['Company'],
      },
    },
    {
      object: 'Contact',
      values: { LastName: 'A', Foo: 1 },
      error: { errorCode: 'INVALID_FIELD', message: "No such column 'Foo' on sobject of type Contact" },
    },
    {
      object: 'Contact',
      values: { LastName: 'x'.repeat(81) },
      error: {
        errorCode: 'STRING_TOO_LONG',
        message: `Last Name: data value too large: ${'x'.repeat(81)} (max length=80)`,
        fields: ['LastName'],
      },
    },
    {
      object: 'Contact',
      values: { LastName: 'A', Email: 'no' },
      error: { errorCode: 'INVALID_EMAIL_ADDRESS', message: 'Email: invalid email address: no', fields: ['Email'] },
    },
    {
      object: 'Lead',
      values: { LastName: 'A', Company: 'B', Rating: 'Tepid' },
      error: {
        errorCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
        message: 'Rating: bad value for restricted picklist field: Tepid',
        fields: ['Rating'],
      },
    },
    {
      object: 'Contact',
      values: { LastName: 'A', AccountId: '006000000000001' },
      error: {
        errorCode: 'MALFORMED_ID',
        message: 'Account ID: id value of incorrect type: 006000000000001',
        fields: ['AccountId'],
      },
    },
    {
      object: 'Contact',
      values: { LastName: 'A', AccountId: '001000000000001' },
      error: { errorCode: 'INVALID_CROSS_REFERENCE_KEY', message: 'invalid cross reference id', fields: ['AccountId'] },
    },
    {
      object: 'Account',
      values: { Name: 'A', Id: '001000000000001' },
      error: {
        errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE',
        message: 'cannot specify Id in an insert call',
        fields: ['Id'],
      },
    },
  ])('is refused as Salesforce refuses it: $object $values', async ({ object, values, error }) => {
    const { status, body } = await post(`/sobjects/${object}`, values)
    expect([status, body]).toEqual([400, [error]])
    expect(await setup.records(object)).toEqual([])
  })

  it.each([
    ['CloseDate', '2026-02-31'],
    ['CloseDate', 'soon'],
    ['Amount', 'much'],
  ])('is refused for a %s of %s', async (name, value) => {
    const values = { Name: 'O', StageName: 'Prospecting', CloseDate: '2026-01-01', [name]: value }
    const { body } = await post('/sobjects/Opportunity', values)
    expect(body).toMatchObject([{ errorCode: 'JSON_PARSER_ERROR', fields: [name] }])
  })

  it('may have a stage nobody set up, and derives probability and outcome from the ones that are', async () => {
    const base = { Name: 'O', CloseDate: '2026-01-01' }
    await post('/sobjects/Opportunity', { ...base, StageName: 'Closed Won' })
    await post('/sobjects/Opportunity', { ...base, StageName: 'Own Stage' })
    expect(await setup.records('opportunities')).toMatchObject([
      { Probability: 100, IsWon: true, IsClosed: true },
      { Probability: 0, IsWon: false, IsClosed: false },
    ])
  })

  it('cannot be given to a person who has left', async () => {
    const users = await setup.records('User')
    const former = users.find((user) => user['IsActive'] === false)
    const { body } = await post('/sobjects/Account', { Name: 'A', OwnerId: former?.['Id'] })
    expect(body).toMatchObject([{ errorCode: 'INACTIVE_OWNER_OR_USER' }])
  })

  it('that is a converted lead is read-only', async () => {
    const lead = await setup.put('Lead', { LastName: 'A', Company: 'B', IsConverted: true })
    const { status, body } = await patch(`/sobjects/Lead/${lead.Id}`, { LastName: 'C' })
    expect([status, body[0].errorCode]).toEqual([400, 'CANNOT_UPDATE_CONVERTED_LEAD'])
  })

  it('that is a task takes a lead or an account, not both', async () => {
    const lead = await setup.put('Lead', { LastName: 'A', Company: 'B' })
    const account = await setup.put('Account', { Name: 'A' })
    const { body } = await post('/sobjects/Task', { Subject: 'Call', WhoId: lead.Id, WhatId: account.Id })
    expect(body).toMatchObject([{ errorCode: 'FIELD_INTEGRITY_EXCEPTION' }])
  })

  it('is refused by a blocking duplicate rule, and by an alerting one unless the call insists', async () => {
    await setup.put('Contact', { LastName: 'A', Email: 'a@b.io' })
    const twin = { LastName: 'B', Email: 'A@b.io' }
    const insist = { 'sforce-duplicate-rule-header': 'allowSave=true' }
    await setup.control('POST', '/duplicate-rules', { object: 'Contact', field: 'Email', action: 'block' })
    const refused = await post('/sobjects/Contact', twin, insist)
    expect(refused.body[0]).toMatchObject({ errorCode: 'DUPLICATES_DETECTED', duplicateResult: { allowSave: false } })
    await setup.control('POST', '/duplicate-rules', { object: 'Contact', field: 'Email', action: 'alert' })
    expect((await post('/sobjects/Contact', twin)).status).toBe(400)
    expect((await post('/sobjects/Contact', twin, insist)).status).toBe(201)
  })
})

describe('an external id', () => {
  it('creates with 201 and updates with 200, whatever the case of the value', async () => {
    const first = await patch('/sobjects/Contact/Signalbox_Key__c/K%2F1', { LastName: 'A' })
    const second = await patch('/sobjects/Contact/Signalbox_Key__c/k%2F1', { LastName: 'B' })
    expect([first.status, first.body.created, second.status, second.body.created]).toEqual([201, true, 200, false])
    expect(second.body.id).toBe(first.body.id)
    expect(await setup.records('Contact')).toMatchObject([{ LastName: 'B', Signalbox_Key__c: 'K/1' }])
  })

  it('answers 300 with the candidates when several match, and writes nothing', async () => {
    const one = await setup.put('Contact', { LastName: 'A', Legacy_Id__c: 'x' })
    const two = await setup.put('Contact', { LastName: 'B', Legacy_Id__c: 'X' })
    const { status, body } = await patch('/sobjects/Contact/Legacy_Id__c/x', { LastName: 'C' })
    expect([status, body]).toEqual([
      300,
      [one, two].map((contact) => `/services/data/v66.0/sobjects/Contact/${contact.Id}`),
    ])
  })

  it('that is none is 404, in a single call and in a collection', async () => {
    const message = 'Provided external ID field does not exist or is not accessible: Title'
    const single = await patch('/sobjects/Contact/Title/x', { LastName: 'A' })
    const many = await patch('/composite/sobjects/Contact/Title', { records: [] })
    expect([single.status, single.body[0].message]).toEqual([404, message])
    expect([many.status, many.body[0].message]).toEqual([404, message])
  })

  it('is unique: a second insert names the record that has it', async () => {
    const key = { Name: 'A', Signalbox_Key__c: 'k' }
    const first = await post('/sobjects/Account', key)
    const second = await post('/sobjects/Account', key)
    expect(second.body).toMatchObject([
      { errorCode: 'DUPLICATE_VALUE', message: expect.stringContaining(first.body.id.slice(0, 15)) },
    ])
  })

  it('names a parent', async () => {
    const account = await setup.put('Account', { Name: 'A', Signalbox_Key__c: 'acc' })
    await post('/sobjects/Contact', { LastName: 'A', Account: { Signalbox_Key__c: 'ACC' } })
    expect(await setup.records('Contact')).toMatchObject([{ AccountId: account.Id }])
  })

  it('is gone from describe once it is hidden, and back afterwards', async () => {
    const has = async () =>
      (await sdk.describe('Task')).fields
        .concat((await sdk.describe('Lead')).fields)
        .some(({ name }) => name === 'Signalbox_Key__c')
    expect(await has()).toBe(true)
    await setup.control('POST', '/fields', { object: 'Lead', name: 'Signalbox_Key__c', hidden: true })
    expect(await has()).toBe(false)
  })
})

describe('a collection', () => {
  it('answers for each record in order, good and bad', async () => {
    const results = await sdk.create('Account', [{ Name: 'A' }, {}, { Name: 'C' }])
    expect(results).toMatchObject([
      { success: true },
      { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', fields: ['Name'] }] },
      { success: true },
    ])
    expect(await setup.records('Account')).toHaveLength(2)
  })

  it('writes all or nothing when told so', async () => {
    const results = await sdk.create('Account', [{ Name: 'A' }, {}], { allOrNone: true })
    expect(results).toMatchObject([
      { success: false, errors: [{ statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK' }] },
      { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] },
    ])
    expect(await setup.records('Account')).toEqual([])
  })

  it('fails every row that shares an external id with another of the same call', async () => {
    const rows = ['k', 'K', 'j'].map((key) => ({ Name: 'A', Signalbox_Key__c: key }))
    const results = await sdk.upsert('Account', rows, 'Signalbox_Key__c')
    expect(results.map(({ success }) => success)).toEqual([false, false, true])
    expect(results[0]).toMatchObject({
      errors: [{ statusCode: 'DUPLICATE_VALUE', message: 'Duplicate external id specified: k' }],
    })
  })

  it('updates and deletes many at once', async () => {
    const saved = await sdk.create('Account', [{ Name: 'A' }, { Name: 'B' }])
    const ids = saved.map(({ id }) => id ?? '')
    await sdk.update(
      'Account',
      ids.map((Id) => ({ Id, Phone: '1' })),
    )
    expect((await setup.records('Account')).map((account) => account['Phone'])).toEqual(['1', '1'])
    expect((await sdk.destroy('Account', ids)).map(({ success }) => success)).toEqual([true, true])
    expect(await sdk.query('SELECT Id FROM Account')).toMatchObject({ totalSize: 0, records: [] })
  })
})

describe('a query', () => {
  beforeEach(async () => {
    const acme = await setup.put('Account', { Name: 'Acme', AnnualRevenue: 100, CreatedDate: '2026-01-01T00:00:00Z' })
    await setup.put('Account', { Name: 'Bolt_1', AnnualRevenue: 200, CreatedDate: '2026-01-02T00:00:00Z' })
    await setup.put('Account', { Name: 'Boltx1', CreatedDate: '2026-01-03T00:00:00Z' })
    await setup.put('Contact', { LastName: 'Ng', AccountId: acme.Id ?? null, Email: 'ng@acme.io' })
  })
  const names = async (rest: string) =>
    (await sdk.query<Body>(`SELECT Name FROM Account ${rest}`)).records.map((row) => row['Name'])

  it.each([
    ["WHERE Name = 'ACME'", ['Acme']],
    ["WHERE Name != 'Acme' ORDER BY Name DESC", ['Boltx1', 'Bolt_1']],
    ["WHERE Name LIKE 'bolt%' ORDER BY Name", ['Bolt_1', 'Boltx1']],
    ["WHERE Name LIKE 'Bolt\\_1'", ['Bolt_1']],
    ["WHERE Name LIKE 'Bolt_1' ORDER BY Name", ['Bolt_1', 'Boltx1']],
    ["WHERE Name IN ('acme', 'boltX1') ORDER BY Name", ['Acme', 'Boltx1']],
    ["WHERE Name NOT IN ('acme')  ORDER BY Name", ['Bolt_1', 'Boltx1']],
    ['WHERE AnnualRevenue > 100', ['Bolt_1']],
    ['WHERE AnnualRevenue >= 100 ORDER BY AnnualRevenue DESC', ['Bolt_1', 'Acme']],
    ['WHERE AnnualRevenue = null', ['Boltx1']],
    ['ORDER BY AnnualRevenue', ['Boltx1', 'Acme', 'Bolt_1']],
    ['ORDER BY AnnualRevenue DESC NULLS LAST', ['Bolt_1', 'Acme', 'Boltx1']],
    ['WHERE CreatedDate >= 2026-01-02T00:00:00Z ORDER BY CreatedDate', ['Bolt_1', 'Boltx1']],
    ['WHERE CreatedDate < 2026-01-02T01:00:00+01:00', ['Acme']],
    ["WHERE (Name = 'Acme' OR Name = 'Bolt_1') AND AnnualRevenue > 150", ['Bolt_1']],
    ["WHERE NOT (Name = 'Acme' OR Name = 'Bolt_1')", ['Boltx1']],
    ["WHERE Owner.Name = 'Admin Sandbox' AND IsDeleted = false ORDER BY Name LIMIT 1 OFFSET 1", ['Bolt_1']],
  ])('answers %s', async (rest, expected) => {
    expect(await names(rest)).toEqual(expected)
  })

  it('counts, and shows parents', async () => {
    expect((await sdk.query('SELECT COUNT() FROM Account')).totalSize).toBe(3)
    const { records } = await sdk.query('SELECT Email, Account.Name, Account.Website FROM Contact')
    expect(records).toMatchObject([
      { Email: 'ng@acme.io', Account: { attributes: { type: 'Account' }, Name: 'Acme', Website: null } },
    ])
  })

  it.each([
    ['SELECT Nope FROM Account', 'INVALID_FIELD', "No such column 'Nope' on entity 'Account'"],
    ['SELECT Id FROM Nope', 'INVALID_TYPE', "sObject type 'Nope' is not supported"],
    ["SELECT Id FROM Account WHERE Description = 'x'", 'INVALID_FIELD', "field 'Description' can not be filtered"],
    ['SELECT Id FROM Account WHERE Name = 1', 'INVALID_FIELD', 'should be enclosed in quotes'],
    ["SELECT Id FROM Account WHERE AnnualRevenue = '1'", 'INVALID_FIELD', 'should not be enclosed in quotes'],
    [
      "SELECT Id FROM Account WHERE Name = 'a' OR Name = 'b' AND Name = 'c'",
      'MALFORMED_QUERY',
      "unexpected token: 'AND'",
    ],
    ["SELECT Id FROM Account WHERE Name = 'a\\q'", 'MALFORMED_QUERY', 'Invalid escape sequence'],
    ["SELECT Id FROM Account WHERE Name = 'it's'", 'MALFORMED_QUERY', 'ERROR at Row:1'],
    ['SELECT Id', 'MALFORMED_QUERY', "unexpected token: '<EOF>'"],
  ])('refuses %s', async (statement, errorCode, message) => {
    await expect(sdk.query(statement)).rejects.toMatchObject({ errorCode, message: expect.stringContaining(message) })
  })

  it('comes in pages that the SDK follows', async () => {
    await sdk.create(
      'Lead',
      Array.from({ length: 200 }, (_unused, index) => ({ LastName: `L${index}`, Company: 'C' })),
    )
    await sdk.create(
      'Lead',
      Array.from({ length: 50 }, (_unused, index) => ({ LastName: `M${index}`, Company: 'C' })),
    )
    const headers = { 'Sforce-Query-Options': 'batchSize=200' }
    const first = await sdk.query('SELECT Id FROM Lead', { headers, autoFetch: false })
    expect([first.totalSize, first.done, first.records.length]).toEqual([250, false, 200])
    const rest = await sdk.queryMore(first.nextRecordsUrl ?? '')
    expect([rest.done, rest.records.length]).toEqual([true, 50])
    await expect(sdk.queryMore('/services/data/v66.0/query/01gnope-200')).rejects.toMatchObject({
      errorCode: 'INVALID_QUERY_LOCATOR',
    })
  })

  it('finds the deleted only when asked for all', async () => {
    const { records } = await sdk.query("SELECT Id FROM Account WHERE Name = 'Acme'")
    await sdk.destroy('Account', String(records[0]?.Id))
    expect(await names("WHERE Name = 'Acme'")).toEqual([])
    const all = await sdk.query("SELECT Id, IsDeleted FROM Account WHERE Name = 'Acme'", { scanAll: true })
    expect(all.records).toMatchObject([{ IsDeleted: true }])
  })
})

describe('limits and versions', () => {
  it('refuses with 403 when the day is used up', async () => {
    await setup.control('POST', '/limits', { calls: 1, perMs: 86_400_000 })
    await get('/limits')
    const { status, body, headers } = await get('/limits')
    expect([status, body]).toEqual([
      403,
      [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
    ])
    expect(headers.get('sforce-limit-info')).toBe('api-usage=1/1')
  })

  it('refuses further calls while 25 have run for 20 seconds', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z')
    const host = await startSandboxHost({ apps: [salesforceSandbox], port: 0, dataDir: null, now: () => now })
    const control = (path: string, body: unknown) =>
      fetch(`${host.url}/_sandbox/salesforce${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    await control('/tokens', { accessToken: 'long-calls' })
    await control('/faults', { match: { path: '/services/data/v66.0/sobjects$' }, delayMs: 60_000 })
    const ask = (path: string) =>
      fetch(`${host.url}/salesforce/services/data/v66.0${path}`, { headers: { authorization: 'Bearer long-calls' } })
    const stop = new AbortController()
    const long = Array.from({ length: 25 }, () =>
      fetch(`${host.url}/salesforce/services/data/v66.0/sobjects`, { signal: stop.signal }).catch(() => null),
    )
    const started = async () => (await (await fetch(`${host.url}/_sandbox/salesforce/faults`)).json()).data[0].fired
    await expect.poll(started).toBe(25)
    expect((await ask('/limits')).status).toBe(200)
    now += 20_000
    const refused = await ask('/limits')
    expect([refused.status, (await refused.json())[0].message]).toEqual([
      403,
      'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    ])
    stop.abort()
    await Promise.all(long)
    await expect.poll(async () => (await ask('/limits')).status).toBe(200)
    await host.close()
  })

  it('lists its versions to anyone, and has retired the old ones', async () => {
    const response = await fetch(`${setup.host.url}/salesforce/services/data`)
    expect(await response.json()).toContainEqual({ label: "Spring '26", url: '/services/data/v66.0', version: '66.0' })
    expect((await call('GET', '/services/data/v30.0/limits')).status).toBe(410)
  })

  it('says in its own shape what it does not have', async () => {
    expect((await get('/sobjects/Nope/describe')).body).toEqual([
      { message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' },
    ])
    expect((await get('/nope')).status).toBe(404)
  })
})

it('says clearly what is wrong with a control call', async () => {
  await expect(setup.put('Account', { Nome: 'x' })).rejects.toThrow("No such column 'Nome' on sobject of type Account")
  await expect(setup.put('Nope', {})).rejects.toThrow('There are Account, Contact, Lead, Opportunity, Task, User')
  await expect(setup.control('POST', '/tokens', { token: 'x' })).rejects.toThrow('body')
})
