import { afterAll, beforeAll, expect, it } from 'vitest'
import { effectKey } from '../../engine/ids.ts'
import { intercomConnector } from '../../nodes/intercom/connector.ts'
import type { IntercomClient } from '../../nodes/intercom/types.ts'
import type { RunningSandbox } from '../../nodes/sandbox/host.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { control, openIntercom, startIntercom } from '../../test/helpers/intercom.ts'
import { clientEnvironment } from '../../test/helpers/step-context.ts'
import { SANDBOX_CLIENT } from '../connections/oauth-apps.ts'
import { createEffectsLedger } from '../db/ledger-store.ts'
import { newId } from '../db/new-id.ts'
import { onPool } from '../db/sql.ts'
import { workEvents } from '../dispatch/work-events.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'

let sandbox: RunningSandbox
let api: TestApi
let home: TestWorkspace
let client: IntercomClient
let connectionId: string
const TOPIC = 'contact.user.tag.created'

beforeAll(async () => {
  sandbox = await startIntercom()
  api = await startTestApi({ sandboxUrl: sandbox.url })
  home = await api.workspace('home')
  const url = await api.server.listen({ port: 0, host: '127.0.0.1' })
  connectionId = newId(api.clock.now)
  const at = new Date(api.clock.now)
  await api.database.db
    .insertInto('connections')
    .values({
      workspace_id: home.id,
      id: connectionId,
      slug: 'intercom',
      app: 'intercom',
      name: 'Intercom',
      sealed: Buffer.alloc(0),
      sandbox: true,
      created_at: at,
      updated_at: at,
    })
    .execute()
  await control(sandbox, 'POST', 'webhooks', {
    url: `${url}/hooks/${connectionId}`,
    secret: SANDBOX_CLIENT.clientSecret,
    topics: [TOPIC],
  })
  client = (await intercomConnector.client(await openIntercom(sandbox), clientEnvironment())) as IntercomClient
})
afterAll(async () => {
  await api.close()
  await sandbox.close()
})

/** Waits for so many notifications in all, and works them. @returns the runs they start */
async function heard(notifications: number): Promise<string[]> {
  const events = () =>
    api.database.db.selectFrom('events').select('seq').where('name', '=', `intercom.${TOPIC}`).execute()
  await expect.poll(events, { timeout: 10_000 }).toHaveLength(notifications)
  api.clock.now = Date.now()
  const deps = { pool: api.database.pool, clock: () => api.clock.now, catalogs: createCatalogCache() }
  return (await workEvents(deps)).runs.map(({ runId }) => runId)
}

it('a playbook that tags whoever is tagged begins by the tags of people, and not by its own', async () => {
  const { id } = await client.createContact({ externalId: 'ian', email: 'ian@example.com', name: 'Ian' })
  const document = {
    name: 'Tagger',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.event', input: { event: `intercom.${TOPIC}` } },
      {
        id: 'tag',
        type: 'intercom.tagContact@1',
        connection: 'intercom',
        input: { contact: '{{ contact.id }}', tag: 'Seen' },
      },
    ],
    edges: [['start', 'tag']],
  }
  await home.rest('PUT', '/v1/playbooks/tagger', document)
  expect((await home.rest('POST', '/v1/playbooks/tagger/publish')).statusCode).toBe(200)

  await client.tagContact(id, 'Lead')
  const [run = ''] = await heard(1)
  const contact = await api.database.db.selectFrom('contacts').select('id').executeTakeFirstOrThrow()

  // As the step does it: the intent, the call, the outcome, with the news of it anywhere between.
  const ledger = createEffectsLedger(onPool(api.database.pool), () => undefined)
  const effect = { workspaceId: home.id, runId: run, key: effectKey(run, 'tag', 1) }
  const input = { contact: contact.id, tag: 'Seen' }
  const action = 'intercom.tagContact@1'
  await ledger.intend({ ...effect, step: 'tag', visit: 1, action, connectionId, input }, Date.now(), null)
  const output = await client.tagContact(id, 'Seen')
  expect(await heard(2), 'while the answer is on its way').toEqual([])
  await ledger.land(effect, { output, externalId: null, before: null }, Date.now())

  const { data } = (await home.rest('GET', '/v1/events?subject=ian')).json()
  expect(data[0].outcomes).toMatchObject([{ outcome: 'refused', code: 'LOOP', runId: run }])
  expect(data[0].outcomes[0].reason).toContain(
    '→ news of it, the event “intercom.contact.user.tag.created” → “Tagger” again',
  )

  const details = (await home.rest('GET', `/v1/events/${data[0].seq}`)).json()
  expect(details.origin).toEqual({ run, step: 'tag', how: 'echo' })

  await client.tagContact(id, 'By hand')
  expect(await heard(3)).toHaveLength(1)
})

it('a call that names the effect it came of leads back to its run: tracked, started by API and by webhook', async () => {
  const document = {
    name: 'Caller',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      { id: 'hook', type: 'trigger.webhook', input: { subjectField: 'user' } },
      { id: 'heard', type: 'trigger.event', input: { event: 'Called' } },
      { id: 'call', type: 'http.request', input: { method: 'POST', url: 'https://example.com/x' } },
    ],
    edges: ['start', 'hook', 'heard'].map((from) => [from, 'call']),
  }
  await home.rest('PUT', '/v1/playbooks/caller', document)
  expect((await home.rest('POST', '/v1/playbooks/caller/publish')).statusCode).toBe(200)
  const authorization = `Bearer ${await home.key()}`
  const post = (url: string, payload: object, effect?: string) =>
    api.server.inject({
      method: 'POST',
      url,
      headers: { authorization, ...(effect === undefined ? {} : { 'signalbox-effect': effect }) },
      payload,
    })
  const start = (effect?: string) =>
    post('/v1/playbooks/caller/runs', { subject: { contact: 'ian' }, data: {} }, effect)
  const run: string = (await start()).json().run.id
  const ledger = createEffectsLedger(onPool(api.database.pool), () => undefined)
  const effect = { workspaceId: home.id, runId: run, key: effectKey(run, 'call', 1) }
  const wrote = { step: 'call', visit: 1, action: 'http.request@1', connectionId: null, input: {} }
  await ledger.intend({ ...effect, ...wrote }, api.clock.now, null)

  const loop = {
    status: 409,
    code: 'LOOP',
    detail: expect.stringContaining('its step “call” → a start by the API → “Caller” again') as string,
  }
  expect((await start(effect.key)).json()).toMatchObject(loop)
  const headers = await home.signIn()
  const asked = `/trpc/playbooks.webhook?input=${encodeURIComponent(JSON.stringify({ slug: 'caller', step: 'hook' }))}`
  const { url } = (await api.server.inject({ url: asked, headers })).json().result.data
  expect((await post(new URL(url).pathname, { user: 'ian' }, effect.key)).json()).toMatchObject({ code: 'LOOP' })
  await post('/v1/track', { userId: 'ian', event: 'Called' }, effect.key)
  await post('/v1/batch', { batch: [{ type: 'track', userId: 'ian', event: 'Called' }] }, effect.key)
  await post('/v1/bulk/events', [{ userId: 'ian', event: 'Called' }], effect.key)
  const deps = { pool: api.database.pool, clock: () => api.clock.now, catalogs: createCatalogCache() }
  expect(await workEvents(deps)).toMatchObject({ events: 3, runs: [] })

  // What is no effect of ours is no cause of ours.
  expect((await start('run_of_another:call:1')).statusCode).toBe(202)
  expect((await start('not a key\u00a0')).statusCode).toBe(202)
  expect((await post(new URL(url).pathname, { user: 'ian' })).statusCode).toBe(202)
})
