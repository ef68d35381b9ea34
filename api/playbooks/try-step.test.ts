import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunningSandbox } from '../../nodes/sandbox/host.ts'
import { startSandbox } from '../../nodes/sandbox/start.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { tellSandbox } from '../../test/helpers/sandbox-control.ts'
import { belongsTo } from '../connections/connection-store.ts'
import { NO_CONTACT_RULES, takePlace, writeContactRules } from '../db/contact-rules-store.ts'
import { newId } from '../db/new-id.ts'
import { onPool } from '../db/sql.ts'

let sandbox: RunningSandbox
let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, dataDir: null })
  api = await startTestApi({ sandboxUrl: sandbox.url })
  home = await api.workspace('home')
  const answer = await (await control('/intercom/tokens')).json()
  const id = newId(Date.now())
  const at = new Date(api.clock.now)
  const sealed = api.vault.seal(belongsTo(home.id, id), { accessToken: answer.data.accessToken })
  const row = { id, slug: 'tried', app: 'intercom', name: 'I', sealed, sandbox: true, created_at: at, updated_at: at }
  await api.database.db
    .insertInto('connections')
    .values({ workspace_id: home.id, ...row })
    .execute()
})
afterAll(async () => {
  await api.close()
  await sandbox.close()
})

const control = (path: string, body?: object) => tellSandbox(sandbox, path, body)

it('carries one action of a draft out for real, and says what came of it', async () => {
  await control('/intercom/records/contacts', {
    role: 'user',
    external_id: 'tried-1',
    email: 'tried@people.example',
    name: 'Tried',
  })
  const id = newId(api.clock.now)
  const at = new Date(api.clock.now)
  await api.database.db
    .insertInto('contacts')
    .values({
      workspace_id: home.id,
      id,
      external_id: 'tried-1',
      email: 'tried@people.example',
      created_at: at,
      updated_at: at,
    })
    .execute()
  await home.rest('PUT', '/v1/playbooks/tried', {
    name: 'Tried',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      {
        id: 'tag',
        type: 'intercom.tagContact@1',
        connection: 'tried',
        input: { contact: '{{ contact.id }}', tag: 'x' },
      },
      { id: 'end', type: 'flow.exit', input: { reason: 'Over' } },
    ],
    edges: [
      ['start', 'tag'],
      ['tag', 'end'],
    ],
  })
  const tried = async (step: string, input: object) =>
    (await home.rest('POST', `/v1/playbooks/tried/steps/${step}/try`, { input })).json()
  expect(await tried('tag', { contact: id, tag: 'vip' })).toMatchObject({ landed: true, output: expect.any(Object) })
  const nobody = newId(api.clock.now)
  expect(await tried('tag', { contact: nobody, tag: 'vip' })).toMatchObject({
    landed: false,
    fault: { code: 'NOT_FOUND' },
  })
  expect(await tried('tag', { tag: 'vip' })).toMatchObject({
    code: 'INPUT_INVALID',
    problems: [{ path: 'input.contact' }],
  })
  expect(await tried('end', {})).toMatchObject({ code: 'STEP_NOT_CALLABLE' })
  const audit = await api.database.db.selectFrom('audit').select('detail').where('action', '=', 'step.try').execute()
  expect(audit.map(({ detail }) => detail)).toMatchObject([{ step: 'tag', landed: true }, { landed: false }])
})

const TRIED = '/v1/playbooks/mailed/steps/mail/try'
const MAIL = { id: 'mail', type: 'email.send@1', connection: 'mail', input: {} }

it('is for those alone who may write playbooks and act: the document is theirs', async () => {
  const enrollment = { reentry: { policy: 'every' }, exit: [], goal: null }
  const draft = { name: 'Mailed', subject: 'contact', enrollment, steps: [MAIL], edges: [] }
  expect((await home.rest('PUT', '/v1/playbooks/mailed', draft)).statusCode).toBe(200)
  const input = { to: 'me@work.example', subject: 'S', text: 'T' }
  for (const scopes of [['runs:write'], ['playbooks:write'], ['playbooks:read', 'runs:read']] as const) {
    const authorization = `Bearer ${await home.key([...scopes])}`
    const payload = { document: { steps: [MAIL] }, input }
    const answer = await api.server.inject({ method: 'POST', url: TRIED, headers: { authorization }, payload })
    expect([answer.statusCode, answer.json().code], scopes.join()).toEqual([403, 'SCOPE_MISSING'])
  }
})

it('sends nobody more than a cap lets through, nor in quiet hours, and takes no place where nothing went', async () => {
  const { db, pool } = api.database
  const at = new Date(api.clock.now)
  const of = { workspace_id: home.id, created_at: at, updated_at: at }
  const id = newId(api.clock.now)
  await db
    .insertInto('contacts')
    .values({ ...of, id, external_id: 'capped', email: 'Capped@people.example' })
    .execute()
  const connection = newId(api.clock.now)
  const credentials = { password: 'p' }
  const sealed = api.vault.seal(belongsTo(home.id, connection), credentials)
  await db
    .insertInto('connections')
    .values({ ...of, id: connection, slug: 'mail', app: 'email', name: 'M', sealed, sandbox: false })
    .execute()
  const rules = (more: object) =>
    writeContactRules(onPool(pool), home.id, { ...NO_CONTACT_RULES, ...more, now: api.clock.now })
  const tried = async (to: string, purpose = 'marketing') =>
    (await home.rest('POST', TRIED, { input: { to, subject: 'S', text: 'T', purpose } })).json()
  const places = () => db.selectFrom('contact_sends').select('key').where('person_id', '=', id).execute()

  await rules({ caps: [{ channel: 'email', most: 1, days: 7 }] })
  const unsent = await tried('me@work.example, capped@people.example')
  expect(unsent).toMatchObject({ landed: false })
  expect(unsent.fault.message).not.toMatch(/at most/)
  expect(await places()).toEqual([])
  await takePlace(onPool(pool), home.id, {
    key: 'before',
    channel: 'email',
    personId: id,
    now: api.clock.now,
    since: 0,
  })
  expect(await tried('me@work.example, capped@people.example')).toMatchObject({
    landed: false,
    fault: { code: 'REFUSED_BY_POLICY', message: expect.stringMatching(/^Not sent: one person gets at most 1 e-mail/) },
  })
  expect((await tried('capped@people.example', 'transactional')).fault.message).not.toMatch(/at most/)
  await rules({ quiet: { from: '00:01', to: '00:00', zone: 'UTC', property: null } })
  expect((await tried('capped@people.example')).fault.message).toMatch(/^Quiet hours/)
  expect(await places()).toEqual([{ key: 'before' }])
})
