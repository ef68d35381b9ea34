import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { workBackfill } from '../dispatch/work-backfill.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { workImports } from '../imports/work-imports.ts'
import { createAcceptItems } from '../ingest/accept-items.ts'
import { createIdentityHash } from './identity-hash.ts'
import { newId } from '../db/new-id.ts'
import { createRunRecord } from '../db/run-record.ts'
import { onPool } from '../db/sql.ts'
import { MASKED, maskAnswer } from './mask.ts'

const SALARY = 918273
const PLAN = 'platinum-plus'

let api: TestApi
let home: TestWorkspace
let viewer: Record<string, string>
let editor: Record<string, string>
let runId: string
let accountId: string
let importId: string
let adaId: string
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const at = new Date(api.clock.now)
  const contactId = newId(api.clock.now)
  accountId = newId(api.clock.now)
  const properties = { salary: SALARY, tier: 'gold' }
  const { db } = api.database
  await db
    .insertInto('contacts')
    .values({
      workspace_id: home.id,
      id: contactId,
      external_id: 'ada',
      email: 'ada@x.example',
      name: 'Ada',
      properties: JSON.stringify(properties),
      created_at: at,
      updated_at: at,
    })
    .execute()
  await db
    .insertInto('identities')
    .values({ workspace_id: home.id, kind: 'user_id', value: 'ada', contact_id: contactId, created_at: at })
    .execute()
  await db
    .insertInto('accounts')
    .values({
      workspace_id: home.id,
      id: accountId,
      external_id: 'acme',
      name: 'Acme',
      properties: JSON.stringify({ plan: PLAN }),
      created_at: at,
      updated_at: at,
    })
    .execute()
  await db
    .insertInto('account_contacts')
    .values({ workspace_id: home.id, account_id: accountId, contact_id: contactId, created_at: at })
    .execute()
  await db
    .insertInto('property_changes')
    .values({
      workspace_id: home.id,
      subject_id: contactId,
      property: 'salary',
      subject: 'contact',
      before: '1000',
      value: String(SALARY),
      at,
      occurred_at: at,
      source: '{}',
    })
    .execute()
  await api.database.pool.query(
    `INSERT INTO events (workspace_id, id, message_id, kind, name, lane, subject_key, body, occurred_at, received_at, status, contact_id)
     VALUES ($1, $2, 'm', 'identify', NULL, 1, 'x', $3, $4, $4, 'done', $5)`,
    [home.id, newId(1), JSON.stringify({ userId: 'ada', traits: properties }), at, contactId],
  )
  for (const [subject, name, below] of [
    ['contact', 'salary', 'owner'],
    ['account', 'plan', 'editor'],
  ] as const)
    await db
      .insertInto('property_settings')
      .values({ workspace_id: home.id, subject, name, masked_below: below, updated_by: 'x', updated_at: at })
      .execute()
  runId = await run(contactId)
  adaId = contactId
  await made(contactId)
  viewer = await home.signIn('viewer')
  editor = await home.signIn('editor')
})
afterAll(() => api.close())

/** A run whose step got the salary in a text, as the workers would have written it. */
async function run(contactId: string): Promise<string> {
  await home.rest('PUT', '/v1/playbooks/p', {
    name: 'P',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      { id: 'call', type: 'http.request', input: { method: 'POST', url: 'https://example.com/x' } },
    ],
    edges: [['start', 'call']],
  })
  await home.rest('POST', '/v1/playbooks/p/publish')
  const started = (await home.rest('POST', '/v1/playbooks/p/runs', { subject: { contact: 'ada' } })).json()
  const id = started.run.id as string
  const ref = { workspaceId: home.id, runId: id }
  const q = onPool(api.database.pool)
  const at = api.clock.now
  const facts = {
    at,
    contact: { id: contactId, externalId: 'ada', properties: { salary: SALARY } },
    account: { id: accountId, externalId: 'acme', properties: { plan: PLAN } },
    segments: [],
    signals: [],
    events: {},
  } // prettier-ignore
  await createRunRecord(q, () => undefined).open(
    ref,
    { kind: 'start', at, trigger: { step: 'start', data: {} }, facts },
    at,
  )
  await q.rows(
    {
      name: '',
      text: `INSERT INTO effects (workspace_id, run_id, key, step, visit, action, input, output, status, intended_at, attempted_at)
    VALUES ($1, $2, 'k', 'call', 1, 'http.request@1', $3, $4, 'landed', now(), now())`,
    },
    [home.id, id, JSON.stringify({ body: `Earns ${SALARY} on ${PLAN}` }), JSON.stringify({ salary: SALARY })],
  ) // prettier-ignore
  return id
}

/** What an owner made of the salary, who is in it, a write that nobody knows of, and a file of salaries. */
async function made(contactId: string): Promise<void> {
  const rule = { property: 'contact.salary', op: 'gt', value: 5 }
  await home.rest('POST', '/v1/segments', { slug: 'rich', name: 'Rich', subject: 'contact', rule })
  const measure = { of: { property: 'contact.salary' }, from: 0, to: 10, missing: 'none' }
  const definition = {
    parts: [{ name: 'Pay', weight: 1, measure }],
    bands: [{ name: 'All', from: 0, color: 'red' }],
    stages: [],
  }
  const score = await home.rest('POST', '/v1/scores', {
    slug: 'pay',
    name: 'Pay',
    description: '',
    subject: 'contact',
    definition,
  })
  expect(score.statusCode, score.body).toBeLessThan(300)
  const deps = { pool: api.database.pool, clock: () => api.clock.now, catalogs: createCatalogCache() }
  while ((await workBackfill(deps)) > 0);
  const edges = await api.database.db
    .selectFrom('audience_edges')
    .select('why')
    .where('subject_id', '=', contactId)
    .execute()
  expect(JSON.stringify(edges)).toContain(String(SALARY))
  await onPool(api.database.pool).rows(
    {
      name: '',
      text: `INSERT INTO effects (workspace_id, run_id, key, step, visit, action, input, status, intended_at, attempted_at, fault)
    VALUES ($1, $2, 'k2', 'call', 2, 'http.request@1', $3, 'unknown', now(), now(), $4)`,
    },
    [home.id, runId, JSON.stringify({ salary: SALARY }), JSON.stringify({ code: 'X', message: 'lost', remedy: '' })],
  ) // prettier-ignore
  const file = `userId,salary,pay,hired\nada,${SALARY},${SALARY},${SALARY}\nbob,${SALARY},${SALARY},${SALARY},${SALARY}\n`
  const uploaded = await api.server.inject({
    method: 'POST',
    url: '/v1/imports?kind=contacts',
    headers: { authorization: `Bearer ${await home.key()}`, 'content-type': 'text/csv' },
    payload: file,
  })
  importId = uploaded.json().id
  const target = (property: string, type: string) => ({ to: 'property', property, type })
  // The same salary under its name, under another, and where a date should be.
  const columns = [
    { to: 'userId' },
    target('other', 'number'),
    target('salary', 'number'),
    target('salary.since', 'date'),
  ]
  const mapped = await home.rest('PUT', `/v1/imports/${importId}/mapping`, { mapping: { columns } })
  expect(mapped.statusCode, mapped.body).toBe(200)
  await home.rest('POST', `/v1/imports/${importId}/start`, {})
  const hash = createIdentityHash('test')
  const acceptItems = createAcceptItems({ q: onPool(api.database.pool), clock: () => api.clock.now, hash })
  while ((await workImports({ ...deps, acceptItems })) === 'worked');
}

const get = (url: string, headers: Record<string, string>) => api.server.inject({ method: 'GET', url, headers })
const rule = (property: string) => encodeURIComponent(JSON.stringify({ property, op: 'gt', value: 5 }))

describe('a masked property', () => {
  const routes = [
    '/v1/contacts',
    '/v1/contacts?columns=contact.salary',
    '/v1/contacts/ada',
    '/v1/contacts/ada/properties',
    '/v1/contacts/ada/timeline',
    '/v1/accounts',
    '/v1/accounts?columns=account.plan',
    '/v1/accounts/acme',
    '/v1/events',
    '/v1/exports/contacts.csv?columns=contact.salary&columns=account.plan',
    '/v1/exports/accounts.csv?columns=account.plan',
    '/v1/settings/properties',
  ]

  it.each(routes)('is not told by %s to a viewer', async (url) => {
    const answer = await get(url, viewer)
    expect(answer.body).not.toContain(String(SALARY))
    expect(answer.body).not.toContain(PLAN)
    expect([200, 404]).toContain(answer.statusCode)
  })

  const post = async (url: string, payload: object, headers = viewer) =>
    api.server.inject({ method: 'POST', url, headers, payload })

  it.each([
    ['of segments', () => get('/v1/segments/rich', viewer)],
    ['of edges', () => get('/v1/segments/rich/edges', viewer)],
    ['of a score', () => get('/v1/scores/pay', viewer)],
    ['of somebody’s score', () => get(`/v1/scores/pay/history?subject=${adaId}`, viewer)],
    ['of writes to review', () => get('/v1/reviews', viewer)],
    ['of imports', () => get(`/v1/imports/${importId}`, viewer)],
    ['of refused rows', () => get(`/v1/imports/${importId}/refused.csv`, viewer)],
    ['why', () => post('/v1/why', { subject: { contact: 'ada' }, segment: 'rich' })],
    ['why a score', () => post('/v1/why', { subject: { contact: 'ada' }, score: 'pay' })],
    ['why a run began', () => get(`/v1/runs/${runId}/why`, viewer)],
    ['of a dry run', () => post('/v1/playbooks/p/dry-run', { subject: { contact: 'ada' } })],
  ])('is not told by the view %s', async (_of, ask) => {
    const answer = await ask()
    expect(answer.body).not.toContain(String(SALARY))
    expect(answer.body).not.toContain(PLAN)
    expect(answer.statusCode, answer.body).toBe(200)
  })

  it('is in a file of refused rows for whom it is not masked', async () => {
    const file = (await home.rest('GET', `/v1/imports/${importId}/refused.csv`)).body
    expect(file.split(String(SALARY)).length).toBeGreaterThan(4)
    expect((await get(`/v1/imports/${importId}/refused.csv`, viewer)).body).toContain(MASKED)
  })

  it.each([
    ['/v1/segments/preview', { subject: 'contact', rule: { changed: 'contact.salary', to: SALARY } }],
    ['/v1/segments/preview', { subject: 'contact', rule: { property: 'contact.salary.net', op: 'gt', value: 5 } }],
    [
      '/v1/signals/preview',
      { subject: 'contact', rule: { aggregate: 'sum', event: 'Paid', of: 'salary', op: 'gt', value: 5 } },
    ],
    ['/v1/why', { subject: { contact: 'ada' }, rule: { property: 'contact.salary', op: 'gt', value: 5 } }],
    [
      '/v1/playbooks/p/dry-run',
      {
        subject: { contact: 'ada' },
        document: {
          steps: [{ id: 'a', type: 'x', input: { rule: { property: 'contact.salary', op: 'gt', value: 5 } } }],
        },
      },
    ],
    [
      '/v1/playbooks/p/dry-run',
      {
        subject: { contact: 'ada' },
        document: { steps: [{ id: 'a', input: { url: '{{ contact.salary > 5 ? 1 : 2 }}' } }] },
      },
    ],
  ])('can be told by no question of a viewer’s own: %s', async (url, payload) => {
    const answer = await post(url, payload)
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'PROPERTY_MASKED'])
  })

  it('is shown as masked and stands where it was; what is not masked is there', async () => {
    const seen = (await get('/v1/contacts/ada', viewer)).json()
    expect(seen.properties).toMatchObject({ salary: MASKED, tier: 'gold' })
    expect((await get('/v1/accounts/acme', viewer)).json().properties).toMatchObject({ plan: MASKED })
    expect((await get('/v1/events', viewer)).body).toContain(MASKED)
  })

  it('is masked in what a run made of it: inputs, outputs, facts', async () => {
    const answer = await get(`/v1/runs/${runId}`, viewer)
    expect(answer.statusCode).toBe(200)
    expect(answer.body).not.toContain(String(SALARY))
    expect(answer.body).not.toContain(PLAN)
    expect(answer.json().facts.contact.properties).toEqual({ salary: MASKED })
  })

  it('is masked in the stream of a run, from the first view on and when it is masked while the stream is open', async () => {
    const url = await api.server.listen({ host: '127.0.0.1', port: 0 })
    const input = encodeURIComponent(JSON.stringify({ id: runId }))
    const moved = () => api.database.pool.query("SELECT pg_notify('signalbox_runs', $1)", [runId])
    /** The first views that a stream gives, one for each thing that is done, the run told to have moved after each. */
    const views = async (
      headers: Record<string, string>,
      between: Array<() => Promise<unknown>>,
    ): Promise<string[]> => {
      const stop = new AbortController()
      const answer = await fetch(`${url}/trpc/runs.watch?input=${input}`, { headers, signal: stop.signal })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('text/event-stream'),
      ])
      const decoder = new TextDecoder()
      let text = ''
      const seen = (): string[] => text.split('\n\n').filter((event) => event.includes('"timeline"'))
      for await (const chunk of answer.body ?? []) {
        const before = seen().length
        text += decoder.decode(chunk, { stream: true })
        const whole = text.endsWith('\n\n') ? seen().length : before
        if (whole > between.length) break
        if (whole > before) {
          await between[before]?.()
          await moved()
        }
      }
      stop.abort()
      return seen()
    }
    const nothing = () => Promise.resolve()
    const told = await views(viewer, [nothing])
    expect(told).toHaveLength(2)
    for (const view of told) {
      expect(view).not.toContain(String(SALARY))
      expect(view).not.toContain(PLAN)
      expect(view).toContain(`"salary":"${MASKED}"`)
    }
    const mask = (below: 'editor' | 'owner') => () =>
      api.database.db
        .updateTable('property_settings')
        .set({ masked_below: below })
        .where('workspace_id', '=', home.id)
        .where('name', '=', 'plan')
        .execute()
    const [open = '', masked = ''] = await views(editor, [mask('owner')])
    await mask('editor')()
    expect([open.includes(PLAN), masked.includes(PLAN), open.includes(String(SALARY))]).toEqual([true, false, false])
    // Without a session there is no view at all.
    expect(await views({ ...viewer, cookie: '' }, [])).toEqual([])
  })

  it('is shown by the least role that may see it', async () => {
    expect((await get('/v1/accounts/acme', editor)).json().properties).toMatchObject({ plan: PLAN })
    expect((await get('/v1/contacts/ada', editor)).json().properties.salary).toBe(MASKED)
    expect((await home.rest('GET', '/v1/contacts/ada')).json().properties.salary).toBe(SALARY)
  })

  it('is masked for a key by what the key may do', async () => {
    const keyed = async (scopes: Array<'data:read' | 'data:write'>) =>
      (await get('/v1/accounts/acme', { authorization: `Bearer ${await home.key(scopes)}` })).json().properties
    expect(await keyed(['data:read'])).toMatchObject({ plan: MASKED })
    expect(await keyed(['data:read', 'data:write'])).toMatchObject({ plan: PLAN })
  })

  it.each([
    `/v1/contacts?filter=${rule('contact.salary')}`,
    `/v1/contacts?filter=${encodeURIComponent(JSON.stringify({ all: [{ not: { property: 'contact.salary', op: 'exists' } }] }))}`,
    '/v1/contacts?sort=contact.salary',
    `/v1/exports/contacts.csv?filter=${rule('contact.salary')}`,
  ])('can be told by nobody from who is left: %s', async (url) => {
    const answer = await get(url, editor)
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'PROPERTY_MASKED'])
  })

  it('cannot be asked by a rule of one’s own', async () => {
    const answer = await api.server.inject({
      method: 'POST',
      url: '/v1/segments',
      headers: editor,
      payload: {
        slug: 'rich',
        name: 'Rich',
        subject: 'contact',
        rule: { property: 'contact.salary', op: 'gt', value: 5 },
      },
    })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'PROPERTY_MASKED'])
  })
})

describe('masking an answer', () => {
  const masks = { contact: new Set(['salary', 'email']), account: new Set<string>() }

  it('hides what a trace found, and keeps its words', () => {
    const why = {
      rule: 'contact.salary gt 5',
      value: true,
      actual: 7,
      children: [{ rule: 'tier eq gold', value: true, actual: 'gold' }],
    }
    expect(maskAnswer({ why }, masks)).toEqual({
      why: { ...why, actual: MASKED },
    })
  })

  it('hides an address in its own place, among identities and where it stands for a name', () => {
    const row = {
      id: '1',
      externalId: null,
      label: 'ada@x.example',
      email: 'ada@x.example',
      identities: [{ kind: 'email', value: 'ada@x.example' }],
    }
    expect(maskAnswer(row, masks)).toEqual({
      id: '1',
      externalId: null,
      label: MASKED,
      email: MASKED,
      identities: [{ kind: 'email', value: MASKED }],
    }) // prettier-ignore
  })

  it('leaves what only looks alike: another subject’s property, a part of a word, an empty value', () => {
    const answer = {
      account: { properties: { salary: 9 } },
      contact: { properties: { salary: null } },
      label: 'salary',
    }
    expect(maskAnswer(answer, masks)).toEqual(answer)
    expect(maskAnswer({ properties: { salary: 'pro' }, text: 'product' }, masks)).toEqual({
      properties: { salary: MASKED },
      text: 'product',
    })
  })
})
