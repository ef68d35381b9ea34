import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Rule } from '../../engine/model/rule.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import type { Json } from '../../nodes/manifest.ts'
import { countOf, listAccounts, listContacts } from './read-customers.ts'

// Twelve people: some without a name, an e-mail or a plan, several of the same, one merged away.

let api: TestApi
let w: TestWorkspace

interface Person {
  name?: string
  email?: string
  externalId?: string
  properties?: { [name: string]: Json }
  mergedInto?: string
}

const PEOPLE: Person[] = [
  { name: 'Ada Lovelace', email: 'ada@engines.example', externalId: 'u-1', properties: { mrr: 10, plan: 'team' } },
  { name: 'Bob =HYPERLINK', email: 'bob@engines.example', externalId: 'u-2', properties: { mrr: -2, plan: 'team' } },
  { name: 'Zoé Müller', email: 'ZOE@example.com', externalId: 'u-3', properties: { mrr: 10, plan: 'trial' } },
  { email: 'carl@example.com', externalId: 'u-4', properties: { mrr: null } },
  { externalId: 'dora', properties: { mrr: 100 } },
  { name: '=1+1', externalId: 'u-6' },
  { name: 'Eve', externalId: 'u-7', properties: { plan: 'team', tags: ['a', 'b'] } },
  { name: 'Eve', externalId: 'u-8', properties: { plan: 'team' } },
  { name: 'Eve', externalId: 'u-9', properties: { plan: 'team' } },
  { name: 'Fred', properties: {} },
  { name: 'Gone', externalId: 'u-11', mergedInto: 'u-1' },
]
const ids = new Map<string, string>()

beforeAll(async () => {
  api = await startTestApi()
  w = await api.workspace('lists')
  const { db } = api.database
  for (const [n, person] of PEOPLE.entries()) {
    const id = randomUUID()
    const at = new Date(api.clock.now + Math.floor(n / 4))
    ids.set(person.externalId ?? person.name ?? '', id)
    await db
      .insertInto('contacts')
      .values({
        workspace_id: w.id,
        id,
        external_id: person.externalId ?? null,
        email: person.email ?? null,
        name: person.name ?? null,
        properties: JSON.stringify(person.properties ?? {}),
        merged_into: person.mergedInto === undefined ? null : (ids.get(person.mergedInto) ?? null),
        created_at: at,
        updated_at: at,
      })
      .execute()
  }
  const at = new Date(api.clock.now)
  const account = randomUUID()
  await db
    .insertInto('accounts')
    .values({
      workspace_id: w.id,
      id: account,
      external_id: 'acme',
      name: 'Acme, Inc.',
      properties: '{"mrr":500}',
      created_at: at,
      updated_at: at,
    })
    .execute()
  await db
    .insertInto('account_contacts')
    .values({ workspace_id: w.id, account_id: account, contact_id: ids.get('u-1') ?? '', created_at: at })
    .execute()
})
afterAll(() => api.close())

const ctx = () => ({ db: api.database.db, workspaceId: w.id, now: api.clock.now })

/** Everybody, three at a time. */
async function all(sort: string, more: { filter?: Rule; search?: string } = {}) {
  const rows: Array<{ id: string; label: string; externalId: string | null }> = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listContacts>> = await listContacts(ctx(), {
      sort,
      cursor,
      limit: 3,
      ...more,
    })
    rows.push(...page.data)
    cursor = page.nextCursor
  } while (cursor !== null)
  return rows
}

describe('a list', () => {
  it.each([
    'name',
    '-name',
    'email',
    '-email',
    'externalId',
    'createdAt',
    '-updatedAt',
    'contact.mrr',
    '-contact.mrr',
    'contact.plan',
    'score.none',
  ])('by %s has everybody once, page after page, and not who was merged away', async (sort) => {
    const rows = await all(sort)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(PEOPLE.length - 1)
    expect(rows).toHaveLength(PEOPLE.length - 1)
    expect(rows.map(({ label }) => label)).not.toContain('Gone')
  })

  it('by a property puts numbers in their order, and those without one last either way', async () => {
    const up = (await all('contact.mrr')).map(({ externalId }) => externalId)
    expect([up[0], up[3]]).toEqual(['u-2', 'dora'])
    expect(new Set(up.slice(1, 3))).toEqual(new Set(['u-1', 'u-3']))
    const down = (await all('-contact.mrr')).map(({ externalId }) => externalId)
    expect([down[0], down[3]]).toEqual(['dora', 'u-2'])
  })

  it('by name sorts by what people see, letters of either case together', async () => {
    const labels = (await all('name')).map(({ label }) => label)
    expect(labels.slice(0, 4)).toEqual(['=1+1', 'Ada Lovelace', 'Bob =HYPERLINK', 'carl@example.com'])
    // Who has neither name nor e-mail nor id of their own would come last; Fred has a name.
    expect(labels.at(-1)).toBe('Zoé Müller')
  })

  it.each([
    ['lovel', ['u-1']],
    ['ADA LOV', ['u-1']],
    ['zoé', ['u-3']],
    ['müll', ['u-3']],
    ['engines.ex', ['u-1', 'u-2']],
    ['u-7', ['u-7']],
    ['ovelace', []],
    ['%', []],
    ["' | ada", ['u-1']],
  ])('finds %s by the beginnings of words', async (search, expected) => {
    expect((await all('externalId', { search })).map(({ externalId }) => externalId)).toEqual(expected)
  })

  it('is filtered by a rule, and counted by the same', async () => {
    const filter: Rule = { property: 'contact.plan', op: 'eq', value: 'team' }
    expect(await all('name', { filter })).toHaveLength(5)
    expect(await countOf(ctx(), 'contact', { filter })).toEqual({ count: 5 })
    expect(await countOf(ctx(), 'contact', { filter, search: 'eve' })).toEqual({ count: 3 })
    expect(await countOf(ctx(), 'contact', {})).toEqual({ count: PEOPLE.length - 1 })
    const ofAccount: Rule = { property: 'account.mrr', op: 'gt', value: 100 }
    expect(await countOf(ctx(), 'account', { filter: ofAccount })).toEqual({ count: 1 })
    expect(await countOf(ctx(), 'contact', { filter: ofAccount })).toEqual({ count: 1 })
  })

  it('refuses what it does not have, saying what there is', async () => {
    await expect(listContacts(ctx(), { sort: 'height' })).rejects.toMatchObject({ status: 400, code: 'INPUT_INVALID' })
    await expect(listContacts(ctx(), { columns: ['height'] })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(listAccounts(ctx(), { sort: 'email' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    const { nextCursor } = await listContacts(ctx(), { sort: 'name', limit: 2 })
    await expect(listContacts(ctx(), { sort: '-name', cursor: nextCursor })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    })
    const filter: Rule = { segment: 'nobody-made-this', is: 'in' }
    await expect(listContacts(ctx(), { filter })).rejects.toMatchObject({ status: 422, code: 'RULE_INVALID' })
  })

  it('answers the columns that are asked for', async () => {
    const columns = ['contact.tags', 'account.mrr', 'accounts', 'lastSeenAt', 'segments', 'score.health', 'email']
    const { data } = await listContacts(ctx(), { search: 'ada', columns })
    expect(data[0]?.cells).toEqual({
      'contact.tags': null,
      'account.mrr': 500,
      accounts: [{ id: expect.any(String), label: 'Acme, Inc.' }],
      lastSeenAt: null,
      segments: [],
      'score.health': null,
      email: 'ada@engines.example',
    })
    expect((await listAccounts(ctx(), { columns: ['contacts'] })).data[0]?.cells).toEqual({ contacts: 1 })
  })
})

describe('over HTTP', () => {
  it('a filter stands in the address as JSON', async () => {
    const filter = encodeURIComponent(JSON.stringify({ property: 'contact.mrr', op: 'gte', value: 10 }))
    const answer = await w.rest('GET', `/v1/contacts?filter=${filter}&sort=contact.mrr&columns=contact.mrr`)
    expect(answer.json().data.map((row: { cells: Json }) => row.cells)).toEqual([
      { 'contact.mrr': 10 },
      { 'contact.mrr': 10 },
      { 'contact.mrr': 100 },
    ])
    const wrong = await w.rest('GET', '/v1/contacts?filter=mrr')
    expect([wrong.statusCode, wrong.json().problems[0].path]).toEqual([400, 'filter'])
    const counted = await w.rest('POST', '/v1/contacts/count', { filter: { property: 'contact.mrr', op: 'exists' } })
    expect(counted.json()).toEqual({ count: 4 })
  })

  it('an export has everybody of the filter, quoted, and with no formula in it', async () => {
    const answer = await w.rest(
      'GET',
      '/v1/exports/contacts.csv?columns=email&columns=contact.mrr&columns=accounts&columns=contact.tags',
    )
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(answer.headers['content-disposition']).toMatch(/^attachment; filename="contacts-\d{4}-\d\d-\d\d\.csv"$/)
    const [head, ...lines] = answer.body.trimEnd().split('\r\n')
    expect(head).toBe('id,name,email,contact.mrr,accounts,contact.tags')
    expect(lines).toHaveLength(PEOPLE.length - 1)
    expect(lines).toContain(`${ids.get('u-1')},Ada Lovelace,ada@engines.example,10,"Acme, Inc.",`)
    expect(lines).toContain(`${ids.get('u-6')},'=1+1,,,,`)
    expect(lines).toContain(`${ids.get('u-7')},Eve,,,,"[""a"",""b""]"`)
    const marked = await w.rest('GET', '/v1/exports/accounts.csv?bom=true')
    expect(marked.body).toMatch(/^\uFEFFid,name\r\n/)
  })

  it('an export is refused before its first line, and nobody without a key gets one', async () => {
    const wrong = await w.rest('GET', '/v1/exports/contacts.csv?columns=height')
    expect([wrong.statusCode, wrong.json().code]).toEqual([400, 'INPUT_INVALID'])
    expect((await api.server.inject('/v1/exports/contacts.csv')).statusCode).toBe(401)
    const other = await api.workspace('others')
    expect((await other.rest('GET', '/v1/exports/contacts.csv')).body).toBe('id,name\r\n')
  })
})
