import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunningSandbox } from '../../nodes/sandbox/host.ts'
import { startSandbox } from '../../nodes/sandbox/start.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { belongsTo } from '../connections/connection-store.ts'
import { newId } from '../db/new-id.ts'

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

const control = (path: string, body: object = {}) =>
  fetch(`${sandbox.url}/_sandbox${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

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
