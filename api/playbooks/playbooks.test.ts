import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  await api.database.db
    .insertInto('connections')
    .values({
      workspace_id: home.id,
      id: newId(api.clock.now),
      slug: 'intercom',
      app: 'intercom',
      name: 'Intercom',
      sealed: Buffer.alloc(1),
      created_at: new Date(api.clock.now),
      updated_at: new Date(api.clock.now),
    })
    .execute()
})
afterAll(() => api.close())

// start --> tag
const document = (over: object = {}) => ({
  name: 'Tag on request',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual', input: { fields: { reason: 'Why' } } },
    {
      id: 'tag',
      type: 'intercom.tagContact@1',
      connection: 'intercom',
      input: { contact: '{{ contact.id }}', tag: 'vip' },
    },
  ],
  edges: [['start', 'tag']],
  ...over,
})

async function published(slug: string, given: object = document()) {
  const saved = await home.rest('PUT', `/v1/playbooks/${slug}`, given)
  expect(saved.json()).toMatchObject({ problems: [] })
  const answer = await home.rest('POST', `/v1/playbooks/${slug}/publish`)
  expect(answer.json()).toEqual({ version: expect.any(Number) })
  return answer.json() as { version: number }
}

async function addContact(externalId: string, workspaceId = home.id): Promise<string> {
  const id = newId(api.clock.now)
  const at = new Date(api.clock.now)
  await api.database.db
    .insertInto('contacts')
    .values({ workspace_id: workspaceId, id, external_id: externalId, created_at: at, updated_at: at })
    .execute()
  await api.database.db
    .insertInto('identities')
    .values({ workspace_id: workspaceId, kind: 'user_id', value: externalId, contact_id: id, created_at: at })
    .execute()
  return id
}

describe('a draft', () => {
  it('is saved with its problems, each with its place and remedy', async () => {
    const answer = await home.rest('PUT', '/v1/playbooks/broken', document({ edges: [] }))
    expect(answer.statusCode).toBe(200)
    const { problems } = answer.json()
    expect(problems.length).toBeGreaterThan(0)
    for (const problem of problems)
      expect(problem).toMatchObject({ code: expect.any(String), path: expect.any(String), fix: expect.any(String) })
  })

  it('is refused when it is no document at all, and nothing is kept', async () => {
    const answer = await home.rest('PUT', '/v1/playbooks/nothing', { hello: 'world' })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ code: 'DOCUMENT_INVALID', problems: expect.any(Array) })
    expect((await home.rest('GET', '/v1/playbooks/nothing')).statusCode).toBe(404)
    expect((await home.rest('PUT', '/v1/playbooks/nothing', ['a'])).statusCode).toBe(400)
  })

  it('is not replaced by an edit that stands on an older revision', async () => {
    const headers = await home.signIn()
    const call = (name: string, payload: object) =>
      api.server.inject({ method: 'POST', url: `/trpc/playbooks.${name}`, headers, payload })
    const { slug } = (await call('create', { name: 'Été à la carte', subject: 'contact' })).json().result.data
    expect(slug).toBe('ete-a-la-carte')
    const first = await call('save', { slug, document: document(), revision: 1 })
    expect(first.json().result.data.revision).toBe(2)
    const stale = await call('save', { slug, document: document({ name: 'Other' }), revision: 1 })
    expect(stale.statusCode).toBe(409)
    expect(stale.json().error.data.problem).toMatchObject({ code: 'REVISION_STALE' })
    const twin = await call('create', { name: 'Été à la carte', subject: 'contact' })
    expect(twin.json().result.data.slug).toBe('ete-a-la-carte-2')
  })

  it('is published only as the caller has seen it, where the caller says what that is', async () => {
    const headers = await home.signIn()
    const call = (name: string, payload: object) =>
      api.server.inject({ method: 'POST', url: `/trpc/playbooks.${name}`, headers, payload })
    const { slug } = (await call('create', { name: 'Seen', subject: 'contact' })).json().result.data
    await call('save', { slug, document: document(), revision: 1 })
    const stale = await call('publish', { slug, revision: 1 })
    expect(stale.json().error.data.problem).toMatchObject({ status: 409, code: 'REVISION_STALE' })
    expect((await call('publish', { slug, revision: 2 })).json().result.data).toEqual({ version: 1 })
  })

  it('is refused by If-Match over REST in the same way', async () => {
    await home.rest('PUT', '/v1/playbooks/matched', document())
    const answer = await api.server.inject({
      method: 'PUT',
      url: '/v1/playbooks/matched',
      headers: { authorization: `Bearer ${await home.key()}`, 'if-match': '"7"' },
      payload: document(),
    })
    expect(answer.statusCode).toBe(409)
  })

  it('comes back as it was sent', async () => {
    const sent = document({ description: 'Dürüm “quotes” <b>' })
    await home.rest('PUT', '/v1/playbooks/same', sent)
    expect((await home.rest('GET', '/v1/playbooks/same')).json().document).toEqual(sent)
  })
})

describe('publishing', () => {
  it('is refused where a condition looks further back than events are kept', async () => {
    const rule = { event: 'Logged In', count: { op: 'eq', value: 0 }, within: 'P400D' }
    const enrollment = { reentry: { policy: 'every' }, exit: [{ name: 'Long gone', if: rule }], goal: null }
    const message = 'This looks 400 days back for “Logged In”, but events are kept for 365 days.'
    const found = { code: 'RULE_INVALID', path: 'enrollment.exit.0.if', message }
    const saved = await home.rest('PUT', '/v1/playbooks/far', document({ enrollment }))
    expect(saved.json().problems).toMatchObject([found])
    const answer = await home.rest('POST', '/v1/playbooks/far/publish')
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'PLAYBOOK_HAS_PROBLEMS'])
    expect(answer.json().problems).toMatchObject([found])
  })

  it('freezes a version with its plan and turns the playbook on', async () => {
    const revision = async () =>
      (
        await api.database.db
          .selectFrom('workspaces')
          .select('catalog_revision')
          .where('id', '=', home.id)
          .executeTakeFirstOrThrow()
      ).catalog_revision
    const before = Number(await revision())
    expect(await published('first')).toEqual({ version: 1 })
    expect(Number(await revision())).toBe(before + 1)
    const view = (await home.rest('GET', '/v1/playbooks/first')).json()
    expect(view).toMatchObject({
      status: 'on',
      liveVersion: 1,
      hasUnpublishedChanges: false,
      versions: [{ version: 1 }],
    })
    await home.rest('PUT', '/v1/playbooks/first', document({ name: 'Renamed' }))
    const changed = (await home.rest('GET', '/v1/playbooks/first')).json()
    expect(changed).toMatchObject({ name: 'Renamed', hasUnpublishedChanges: true, liveVersion: 1 })
    expect((await home.rest('GET', '/v1/playbooks/first?version=1')).json().document.name).toBe('Tag on request')
    expect((await home.rest('POST', '/v1/playbooks/first/publish')).json()).toEqual({ version: 2 })
  })

  it('makes no second version of what is live already', async () => {
    await published('again')
    expect((await home.rest('POST', '/v1/playbooks/again/publish')).json()).toEqual({ version: 1 })
  })

  it('is refused with every problem', async () => {
    await home.rest(
      'PUT',
      '/v1/playbooks/faulty',
      document({ steps: [{ id: 'x', type: 'no.such', input: {} }], edges: [] }),
    )
    const answer = await home.rest('POST', '/v1/playbooks/faulty/publish')
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ code: 'PLAYBOOK_HAS_PROBLEMS' })
    expect(answer.json().problems.map(({ code }: { code: string }) => code)).toContain('STEP_TYPE_UNKNOWN')
  })

  it('brings Temporal’s schedules in line, and takes them away while paused', async () => {
    await api.database.db
      .insertInto('audiences')
      .values({
        workspace_id: home.id,
        id: newId(api.clock.now),
        kind: 'segment',
        slug: 'everyone',
        name: 'Everyone',
        subject: 'contact',
        rule: '{"all":[]}',
        created_at: new Date(api.clock.now),
        updated_at: new Date(api.clock.now),
      })
      .execute()
    const start = {
      id: 'start',
      type: 'trigger.schedule',
      input: { cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin', segment: 'everyone' },
    }
    await published('timed', document({ steps: [start, document().steps[1]] }))
    const { id } = await api.database.db
      .selectFrom('playbooks')
      .select('id')
      .where('slug', '=', 'timed')
      .executeTakeFirstOrThrow()
    const wanted = { step: 'start', version: 1, cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin', segment: 'everyone' }
    expect(api.temporal.schedules.get(id)).toEqual([wanted])
    await home.rest('POST', '/v1/playbooks/timed/pause')
    expect(api.temporal.schedules.get(id)).toEqual([])
    await home.rest('POST', '/v1/playbooks/timed/resume')
    expect(api.temporal.schedules.get(id)).toEqual([wanted])
  })
})

describe('a start by API', () => {
  const start = (slug: string, body: object, key?: string) =>
    home.key(['runs:write']).then((authorization) =>
      api.server.inject({
        method: 'POST',
        url: `/v1/playbooks/${slug}/runs`,
        headers: { authorization: `Bearer ${authorization}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
        payload: body,
      }),
    )

  it('gives the same run for the same key, and hands it to Temporal', async () => {
    await published('starts')
    const contact = await addContact('u-1')
    const first = await start('starts', { subject: { contact: 'u-1' }, data: { reason: 'x' } }, 'key-1')
    expect(first.statusCode).toBe(202)
    const { run } = first.json()
    expect((await start('starts', { subject: { contact }, data: { reason: 'x' } }, 'key-1')).json()).toEqual({ run })
    expect(api.temporal.started.filter(({ runId }) => runId === run.id).length).toBeGreaterThan(0)
    const listed = (await home.rest('GET', '/v1/runs?playbook=starts')).json()
    expect(listed.data).toMatchObject([{ id: run.id, status: 'queued', subject: { externalId: 'u-1', label: 'u-1' } }])
    const shown = (await home.rest('GET', `/v1/runs/${run.id}`)).json()
    expect(shown).toMatchObject({ trigger: { data: { data: { reason: 'x' } } }, document: { name: 'Tag on request' } })
    expect(shown.steps).toMatchObject([
      { id: 'start', status: 'pending' },
      { id: 'tag', status: 'pending' },
    ])
  })

  it('refuses one key for two subjects', async () => {
    await published('keys')
    await addContact('k-1')
    await addContact('k-2')
    await start('keys', { subject: { contact: 'k-1' } }, 'same')
    expect((await start('keys', { subject: { contact: 'k-2' } }, 'same')).json()).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
  })

  it('is refused with the reason, as the enrollment rules say', async () => {
    await published('once', document({ enrollment: { reentry: { policy: 'once' }, exit: [], goal: null } }))
    await addContact('u-2')
    expect((await start('once', { subject: { contact: 'u-2' } })).statusCode).toBe(202)
    expect((await start('once', { subject: { contact: 'u-2' } })).json()).toMatchObject({
      status: 409,
      code: 'ALREADY_ENROLLED',
    })
    await home.rest('POST', '/v1/playbooks/once/pause')
    await addContact('u-3')
    expect((await start('once', { subject: { contact: 'u-3' } })).json()).toMatchObject({
      status: 409,
      code: 'PLAYBOOK_PAUSED',
    })
  })

  it('says what is wrong with subject, data and playbook', async () => {
    await published('picky')
    await addContact('u-4')
    const codes = async (slug: string, body: object) => (await start(slug, body)).json().code
    expect(await codes('picky', { subject: { contact: 'nobody' } })).toBe('NOT_FOUND')
    expect(await codes('picky', { subject: { account: 'a-1' } })).toBe('SUBJECT_KIND')
    expect(await codes('picky', { subject: { contact: 'u-4' }, data: { resaon: 'x' } })).toBe('DATA_UNKNOWN')
    expect(await codes('picky', { subject: 'u-4' })).toBe('INPUT_INVALID')
    expect(await codes('unknown', { subject: { contact: 'u-4' } })).toBe('NOT_FOUND')
    await home.rest('PUT', '/v1/playbooks/unpublished', document())
    expect(await codes('unpublished', { subject: { contact: 'u-4' } })).toBe('NOT_PUBLISHED')
  })

  it('cancels open runs where archiving is told to', async () => {
    await published('ends')
    await addContact('u-5')
    const { run } = (await start('ends', { subject: { contact: 'u-5' } })).json()
    const answer = await home.rest('POST', '/v1/playbooks/ends/archive', { openRuns: 'cancel' })
    expect(answer.json()).toEqual({ status: 'archived', cancelled: 1, toPause: 0 })
    expect(api.temporal.commands).toContainEqual({
      workspaceId: home.id,
      runId: run.id,
      command: { kind: 'cancel', reason: 'The playbook was archived.' },
    })
    expect((await home.rest('POST', '/v1/playbooks/ends/publish')).json()).toMatchObject({ code: 'PLAYBOOK_ARCHIVED' })
  })

  it('pauses open runs with the playbook, and tells them nothing when it is turned on again', async () => {
    await published('holds')
    await addContact('u-6')
    await start('holds', { subject: { contact: 'u-6' } })
    const change = async (action: string) =>
      (await home.rest('POST', `/v1/playbooks/holds/${action}`, { openRuns: 'pause' })).json()
    const held = async () => (await home.rest('GET', '/v1/playbooks/holds/runs/paused')).json()
    expect(await change('pause')).toEqual({ status: 'paused', cancelled: 0, toPause: 1 })
    expect(await held()).toMatchObject({ toPause: 1 })
    expect(await change('resume')).toEqual({ status: 'on', cancelled: 0, toPause: 0 })
    expect(await held()).toMatchObject({ toPause: 1, toContinue: 0 })
  })

  it('pauses the playbook and its runs together, or neither', async () => {
    await published('apart')
    await addContact('u-7')
    await start('apart', { subject: { contact: 'u-7' } })
    // No command can be owed to a run for a while.
    const { db } = api.database
    await sql`CREATE FUNCTION refuse_outbox() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''refused''; END'`.execute(db)
    await sql`CREATE TRIGGER refuse_outbox BEFORE INSERT ON run_outbox FOR EACH ROW EXECUTE FUNCTION refuse_outbox()`.execute(
      db,
    )
    try {
      const answer = await home.rest('POST', '/v1/playbooks/apart/pause', { openRuns: 'pause' })
      expect(answer.statusCode).toBe(500)
    } finally {
      await sql`DROP TRIGGER refuse_outbox ON run_outbox`.execute(db)
      await sql`DROP FUNCTION refuse_outbox`.execute(db)
    }
    expect((await home.rest('GET', '/v1/playbooks/apart')).json()).toMatchObject({ status: 'on' })
    expect((await home.rest('POST', '/v1/playbooks/apart/pause', { openRuns: 'pause' })).json()).toMatchObject({
      toPause: 1,
    })
  })
})

describe('a dry run', () => {
  const dryRun = (slug: string, body: object) => home.rest('POST', `/v1/playbooks/${slug}/dry-run`, body)

  it('shows what each write would send, and writes nothing', async () => {
    await home.rest('PUT', '/v1/playbooks/dry', document())
    const contact = await addContact('d-1')
    const answer = await dryRun('dry', { subject: { contact: 'd-1' } })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toMatchObject({
      enrolls: true,
      why: null,
      status: 'completed',
      steps: [
        { id: 'start', status: 'done' },
        { id: 'tag', status: 'done', input: { contact, tag: 'vip' }, assumed: false },
      ],
    })
    expect((await home.rest('GET', '/v1/runs?playbook=dry')).json().data).toEqual([])
    const effects = await api.database.db
      .selectFrom('effects')
      .select('key')
      .where('workspace_id', '=', home.id)
      .execute()
    expect(effects).toEqual([])
  })

  it('takes what is on the canvas and a made-up record', async () => {
    await home.rest('PUT', '/v1/playbooks/canvas', document())
    const answer = await dryRun('canvas', {
      document: document({
        steps: [
          document().steps[0],
          { ...document().steps[1], input: { contact: '{{ contact.id }}', tag: '{{ contact.plan }}' } },
        ],
      }),
      subject: { madeUp: { contact: { plan: 'team' } } },
    })
    expect(answer.json().steps[1]).toMatchObject({ input: { contact: 'made-up-contact', tag: 'team' } })
  })

  it('says who would not be enrolled and why, and what keeps a draft from being tried', async () => {
    await home.rest('PUT', '/v1/playbooks/dry-2', document())
    const nobody = await dryRun('dry-2', { subject: { madeUp: { account: { name: 'Acme' } } } })
    expect(nobody.json()).toMatchObject({ enrolls: false, why: expect.stringContaining('contact') })
    expect((await dryRun('dry-2', { subject: { contact: 'who' } })).statusCode).toBe(404)
    await home.rest('PUT', '/v1/playbooks/dry-2', document({ edges: [] }))
    expect((await dryRun('dry-2', { subject: { madeUp: {} } })).json()).toMatchObject({
      status: 422,
      code: 'PLAYBOOK_HAS_PROBLEMS',
    })
  })
})

describe('a playbook’s own webhook', () => {
  const hook = (createMissing: boolean) => ({
    id: 'start',
    type: 'trigger.webhook',
    input: { subjectField: 'user.id', createMissing },
  })
  const urlOf = async (slug: string) => {
    const headers = await home.signIn()
    const input = encodeURIComponent(JSON.stringify({ slug, step: 'start' }))
    const answer = await api.server.inject({ url: `/trpc/playbooks.webhook?input=${input}`, headers })
    return new URL(answer.json().result.data.url).pathname
  }
  const post = (url: string, payload: object) => api.server.inject({ method: 'POST', url, payload })

  it('starts a run for the subject that the body names', async () => {
    await published('hooked', document({ steps: [hook(false), document().steps[1]] }))
    await addContact('h-1')
    const url = await urlOf('hooked')
    const answer = await post(url, { user: { id: 'h-1' }, plan: 'team' })
    expect(answer.statusCode).toBe(202)
    const run = (await home.rest('GET', `/v1/runs/${answer.json().run.id}`)).json()
    expect(run.trigger).toMatchObject({ step: 'start', data: { body: { plan: 'team' } } })
    expect((await post(url, { user: { id: 'h-new' } })).json()).toMatchObject({ status: 404 })
    expect((await post(url, { user: {} })).json()).toMatchObject({ status: 422, code: 'SUBJECT_MISSING' })
    expect((await post('/hooks/in/guessed', { user: { id: 'h-1' } })).json()).toMatchObject({
      status: 404,
      code: 'WEBHOOK_UNKNOWN',
    })
    expect(api.log.join('\n')).not.toContain(url.split('/').at(-1))
  })

  it('keeps its address over versions and makes new subjects where the trigger says so', async () => {
    await published('hooked-new', document({ steps: [hook(false), document().steps[1]] }))
    const before = await urlOf('hooked-new')
    await published('hooked-new', document({ steps: [hook(true), document().steps[1]] }))
    expect(await urlOf('hooked-new')).toBe(before)
    const answer = await post(before, { user: { id: 'h-made' } })
    expect(answer.statusCode).toBe(202)
    const rows = await api.database.db.selectFrom('contacts').select('id').where('external_id', '=', 'h-made').execute()
    expect(rows).toHaveLength(1)
  })
})

it('keeps two workspaces apart in every list and look-up', async () => {
  const other = await api.workspace('other')
  await published('private')
  await addContact('secret-1')
  const started = await home.rest('POST', '/v1/playbooks/private/runs', { subject: { contact: 'secret-1' } })
  const { run } = started.json()
  for (const url of ['/v1/playbooks', '/v1/runs', '/v1/connections', '/v1/reviews'])
    expect((await other.rest('GET', url)).json(), url).toMatchObject({ data: [] })
  for (const url of ['/v1/playbooks/private', `/v1/runs/${run.id}`])
    expect((await other.rest('GET', url)).statusCode, url).toBe(404)
  const changes: Array<[string, object]> = [
    ['/v1/playbooks/private/publish', {}],
    ['/v1/playbooks/private/pause', {}],
    [`/v1/runs/${run.id}/cancel`, {}],
    [`/v1/runs/${run.id}/retry`, {}],
    ['/v1/playbooks/private/runs', { subject: { contact: 'secret-1' } }],
  ]
  for (const [url, body] of changes) expect((await other.rest('POST', url, body)).statusCode, url).toBe(404)
  // The same slug is free in another workspace, and is another playbook.
  await other.rest('PUT', '/v1/playbooks/private', document({ name: 'Mine' }))
  expect((await home.rest('GET', '/v1/playbooks/private')).json().name).toBe('Tag on request')
})
