import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { createAcceptItems } from '../ingest/accept-items.ts'
import { onPool } from '../db/sql.ts'
import { createIdentityHash } from '../privacy/identity-hash.ts'
import type { ColumnTarget, ImportView } from './import-schemas.ts'
import { workImports } from './work-imports.ts'

const SEATS: ColumnTarget = { to: 'property', property: 'seats', type: 'number' }

let api: TestApi
let w: TestWorkspace

beforeAll(async () => {
  api = await startTestApi()
  w = await api.workspace('acme')
})
afterAll(async () => {
  await api.close()
})

async function upload(text: string | Buffer, query = 'kind=contacts&name=people.csv', type?: string) {
  return api.server.inject({
    method: 'POST',
    url: `/v1/imports?${query}`,
    headers: { authorization: `Bearer ${await w.key()}`, 'content-type': type ?? 'text/csv' },
    payload: text,
  })
}

const accept = () =>
  createAcceptItems({ q: onPool(api.database.pool), clock: Date.now, hash: createIdentityHash('test') })
const work = async () => {
  const deps = { pool: api.database.pool, clock: Date.now, acceptItems: accept() }
  while ((await workImports(deps)) === 'worked');
}
const get = async (id: string): Promise<ImportView> => (await w.rest('GET', `/v1/imports/${id}`)).json()
const messages = async () =>
  (await api.database.db.selectFrom('events').select(['message_id', 'kind', 'body']).orderBy('seq').execute()).map(
    ({ message_id: id, kind, body }) => ({ id, kind, body: body as Record<string, unknown> }),
  )

/** Uploads, maps as suggested or as given, starts, and takes all rows. */
async function run(text: string, options: { query?: string; columns?: ColumnTarget[]; event?: string } = {}) {
  const draft = (await upload(text, options.query)).json() as ImportView
  const mapping = {
    ...draft.suggested,
    ...(options.columns ? { columns: options.columns } : {}),
    ...(options.event ? { event: options.event } : {}),
  }
  const check = await w.rest('PUT', `/v1/imports/${draft.id}/mapping`, { mapping })
  expect(check.statusCode, check.body).toBe(200)
  expect((await w.rest('POST', `/v1/imports/${draft.id}/start`, {})).statusCode).toBe(202)
  await work()
  return { id: draft.id, draft, check: check.json(), view: await get(draft.id) }
}

describe('a file of contacts', () => {
  it('is looked through: delimiter, columns with types, rows, and what they are for', async () => {
    const answer = await upload(
      '\uFEFFE-Mail;Full name;User ID;Seats;Since;VIP;ZIP;\r\nada@example.com;"Ada; Countess";u1;3;31.12.2025;yes;01067;\r\nbob@example.com;Bob;u2;4.5;01.02.2026;no;99999;\r\n',
    )
    expect(answer.statusCode, answer.body).toBe(201)
    const view = answer.json() as ImportView
    expect(view).toMatchObject({ name: 'people.csv', kind: 'contacts', status: 'draft', delimiter: ';', total: 2 })
    expect(view.columns.map(({ name, type, samples }) => [name, type, samples[0]])).toEqual([
      ['E-Mail', 'text', 'ada@example.com'],
      ['Full name', 'text', 'Ada; Countess'],
      ['User ID', 'text', 'u1'],
      ['Seats', 'number', '3'],
      ['Since', 'date', '31.12.2025'],
      ['VIP', 'boolean', 'yes'],
      ['ZIP', 'text', '01067'],
      ['', 'text', undefined],
    ])
    expect(view.suggested.columns).toEqual([
      { to: 'email' },
      { to: 'name' },
      { to: 'userId' },
      { to: 'property', property: 'Seats', type: 'number' },
      { to: 'property', property: 'Since', type: 'date', dates: 'day-first' },
      { to: 'property', property: 'VIP', type: 'boolean' },
      { to: 'property', property: 'ZIP', type: 'text' },
      { to: 'skip' },
    ])
  })

  it('becomes identify calls whose ids are the rows, and bad rows a file to mend and import again', async () => {
    const { id, check, view } = await run(
      'email,user id,seats,account id\nada@example.com,u1,3,a1\n,u2,many,\nx@example.com\n,,4,\n=1+1@example.com,u5,-5,\n',
      { columns: [{ to: 'email' }, { to: 'userId' }, SEATS, { to: 'groupId' }] },
    )
    expect(check).toMatchObject({ checked: 5, complete: true, good: 2, bad: 3 })
    expect(check.problems.map(({ code, row }: { code: string; row: number }) => [code, row])).toEqual([
      ['CELL_INVALID', 3],
      ['ROW_LENGTH', 4],
      ['SUBJECT_MISSING', 5],
    ])
    expect(view).toMatchObject({ status: 'done', total: 5, taken: 2, refused: 3 })
    const taken = (await messages()).filter((message) => message.id.startsWith(`import:${id}:`))
    expect(taken.map(({ id: messageId, kind }) => [messageId.split(':').slice(2).join(':'), kind])).toEqual([
      ['2', 'identify'],
      ['2:group', 'group'],
      ['6', 'identify'],
    ])
    expect(taken[0]?.body).toMatchObject({ userId: 'u1', traits: { email: 'ada@example.com', seats: 3 } })
    expect(taken[2]?.body).toMatchObject({ traits: { email: '=1+1@example.com', seats: -5 } })

    const file = await w.rest('GET', `/v1/imports/${id}/refused.csv`)
    expect(file.headers['content-type']).toContain('text/csv')
    const lines = file.body.trimEnd().split('\r\n')
    expect(lines[0]).toBe('email,user id,seats,account id,Row,Why it was refused')
    expect(lines[1]).toMatch(/^,u2,many,,3,"?seats: “many” is no number/)
    expect(lines).toHaveLength(4)
    const again = await run(file.body.replace('many', '7'), {
      columns: [{ to: 'email' }, { to: 'userId' }, SEATS, { to: 'groupId' }, { to: 'skip' }, { to: 'skip' }],
    })
    expect(again.view).toMatchObject({ taken: 2, refused: 1 })
    const file2 = await w.rest('GET', `/v1/imports/${again.id}/refused.csv`)
    expect(file2.body.split('\r\n')[0]).toBe(lines[0])
  })

  it('writes cells that a spreadsheet would run so that it does not', async () => {
    const { id } = await run('user id,seats\n=cmd|A1,many\n@x,none\n', { columns: [{ to: 'userId' }, SEATS] })
    const lines = (await w.rest('GET', `/v1/imports/${id}/refused.csv`)).body.split('\r\n')
    expect(lines[1]).toMatch(/^'=cmd\|A1,/)
    expect(lines[2]).toMatch(/^'@x,/)
  })

  it('goes on where it was, over the pieces of the file, and a page that is repeated counts once', async () => {
    const rows = Array.from({ length: 6_000 }, (_, i) => `p${i}@example.com,p${i},"${'ü'.repeat(40)}\n${i}"`)
    const draft = (await upload(`email,user id,note\n${rows.join('\n')}`)).json() as ImportView
    await w.rest('PUT', `/v1/imports/${draft.id}/mapping`, { mapping: draft.suggested })
    await w.rest('POST', `/v1/imports/${draft.id}/start`, {})
    const count = async () => (await messages()).filter(({ id }) => id.startsWith(`import:${draft.id}:`)).length
    // A worker that dies after the rows are committed and before the page is noted.
    const dies = {
      pool: api.database.pool,
      clock: Date.now,
      acceptItems: async () => {
        throw new Error('died')
      },
    }
    await expect(workImports(dies)).rejects.toThrow('died')
    const late = accept()
    const diesLater = {
      ...dies,
      acceptItems: async (...given: Parameters<typeof late>) => {
        await late(...given)
        throw new Error('died')
      },
    }
    await expect(workImports(diesLater)).rejects.toThrow('died')
    expect(await count()).toBe(500)
    expect(await get(draft.id)).toMatchObject({ taken: 0, status: 'running' })
    // What waits for a dispatcher holds the import back.
    const deps = { ...dies, acceptItems: accept() }
    expect(await workImports(deps)).toBe('worked')
    expect(await count()).toBe(500)
    for (;;) {
      const worked = await workImports(deps)
      if (worked === 'idle') break
      // As a dispatcher would.
      if (worked === 'waiting')
        await api.database.db.updateTable('events').set({ status: 'done' }).where('status', '=', 'pending').execute()
    }
    expect(await get(draft.id)).toMatchObject({ taken: 6_000, refused: 0, status: 'done' })
    expect(await count()).toBe(6_000)
    const last = (await messages()).at(-1)
    expect(last?.body).toMatchObject({ userId: 'p5999', traits: { note: `${'ü'.repeat(40)}\n5999` } })
    expect(
      await api.database.db.selectFrom('import_chunks').select('n').where('import_id', '=', draft.id).execute(),
    ).toEqual([])
  })

  it('can be cancelled, and its file goes', async () => {
    const draft = (await upload('email\na@example.com\n')).json() as ImportView
    expect((await w.rest('POST', `/v1/imports/${draft.id}/cancel`, {})).statusCode).toBe(200)
    expect(await get(draft.id)).toMatchObject({ status: 'cancelled', taken: 0 })
    expect((await w.rest('POST', `/v1/imports/${draft.id}/start`, {})).json().code).toBe('IMPORT_STARTED')
  })
})

it('accounts become group calls, by themselves', async () => {
  const { id, view } = await run('id,name,mrr\na1,Acme,120\n', { query: 'kind=accounts' })
  expect(view).toMatchObject({ taken: 1 })
  const [message] = (await messages()).filter((one) => one.id.startsWith(`import:${id}:`))
  expect(message).toMatchObject({ kind: 'group', body: { groupId: 'a1', traits: { name: 'Acme', mrr: 120 } } })
})

it('events become track calls with their own time', async () => {
  const { id } = await run('user id,when,amount\nu1,2026-01-05 10:00,12\n', {
    query: 'kind=events',
    columns: [{ to: 'userId' }, { to: 'timestamp' }, { to: 'property', property: 'amount', type: 'number' }],
    event: 'Invoice Paid',
  })
  const [row] = await api.database.db
    .selectFrom('events')
    .select(['name', 'occurred_at', 'body'])
    .where('message_id', '=', `import:${id}:2`)
    .execute()
  expect(row).toMatchObject({ name: 'Invoice Paid', occurred_at: new Date('2026-01-05T10:00:00Z') })
})

it.each(['application/csv', 'text/plain; charset=utf-8', 'application/vnd.ms-excel', 'TEXT/CSV'])(
  'a file is one of rows as %s too',
  async (type) => {
    const answer = await upload('email\na@example.com\n', undefined, type)
    expect([answer.statusCode, answer.json().total]).toEqual([201, 1])
  },
)

it.each([
  'application/json',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'multipart/form-data; boundary=x',
])('what is called %s is refused, and what to send is said', async (type) => {
  const answer = await upload('email\na@example.com\n', undefined, type)
  expect([answer.statusCode, answer.json().code]).toEqual([415, 'MEDIA_TYPE_UNKNOWN'])
  expect(answer.json().detail).toContain(`“${type}”. Send the file itself as the body, with content-type: text/csv`)
})

describe('a file is refused whole', () => {
  it.each([
    ['UTF-16', Buffer.from('\uFEFFemail\na@b.c\n', 'utf16le'), 'CSV_ENCODING'],
    ['Latin-1', Buffer.from('email\nzoë@b.c\n', 'latin1'), 'CSV_ENCODING'],
    ['a spreadsheet', Buffer.from('504b030414000600', 'hex'), 'CSV_ENCODING'],
    ['an open quotation mark', Buffer.from('email\n"a@b.c\nb@c.d\n'), 'CSV_INVALID'],
    ['two columns of one name', Buffer.from('email,email\na,b\n'), 'CSV_INVALID'],
    ['only a header', Buffer.from('email\n'), 'CSV_EMPTY'],
    ['nothing', Buffer.from(''), 'CSV_EMPTY'],
  ])('for %s, and nothing of it is kept', async (_, bytes, code) => {
    const answer = await upload(bytes)
    expect([answer.statusCode, answer.json().code]).toEqual([422, code])
    expect(
      await api.database.db.selectFrom('imports').select('id').where('status', '=', 'uploading').execute(),
    ).toEqual([])
  })
})

it('a mapping says what is missing, with its place', async () => {
  const draft = (await upload('a,b\n1,2\n')).json() as ImportView
  const answer = await w.rest('PUT', `/v1/imports/${draft.id}/mapping`, {
    mapping: { columns: [{ to: 'groupId' }, { to: 'groupId' }] },
  })
  expect(answer.statusCode).toBe(422)
  expect(answer.json().problems.map(({ path }: { path: string }) => path)).toEqual([
    'mapping.columns.1',
    'mapping.columns',
  ])
})
