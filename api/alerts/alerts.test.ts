import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { storePlaybook } from '../../test/helpers/store-playbook.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import { newId } from '../db/new-id.ts'
import { createSendAlert } from './send-alert.ts'
import { workAlerts } from './work-alerts.ts'

const MINUTE = 60_000

let api: TestApi
let home: TestWorkspace
let playbook: string
/** What was posted, and whether it is taken. */
const posted: Array<{ url: string; text: string; state: string }> = []
let away = false
/** What broke. */
const broken: unknown[] = []
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const place = { ...api.database, workspaceId: home.id, now: api.clock.now }
  playbook = await storePlaybook(place, { slug: 'p', name: 'Expansion' })
})
afterAll(() => api.close())

const refusal: Fault = { code: 'VENDOR_UNAVAILABLE', who: 'vendor', message: 'It is away.', fix: 'Wait.' }

async function work() {
  const { db } = api.database
  const send = createSendAlert({
    db,
    vault: api.vault,
    publicUrl: 'https://signalbox.example',
    http: {
      send: ({ url, body }) => {
        if (away) return Promise.reject(new FaultError(refusal))
        const { text, alert } = body as { text: string; alert: { state: string } }
        posted.push({ url, text, state: alert.state })
        return Promise.resolve({ status: 200, headers: {}, body: null, bodyOmitted: false })
      },
    },
  })
  const onError = (error: unknown) => void broken.push(error)
  await workAlerts({ db, clock: () => api.clock.now, alone: (_, doIt) => doIt(), send, onError })
  return posted.splice(0).map(({ text }) => text)
}

async function ended(status: 'failed' | 'completed') {
  const at = new Date(api.clock.now)
  const row = { id: newId(api.clock.now), playbook_id: playbook, version: 1, plan_hash: 'x', subject_id: playbook }
  const rest = { subject_kind: 'contact', trigger: '{}', cause: '{}', created_at: at, updated_at: at, ended_at: at }
  await api.database.db
    .insertInto('runs')
    .values({ workspace_id: home.id, occurrence: row.id, status, ...row, ...rest })
    .execute()
}
const open = async () =>
  (await home.rest('GET', '/v1/alerts?open=true')).json().data.map(({ title }: { title: string }) => title)

it('is told once when a playbook begins to fail and once when it is well again, however often it is looked at', async () => {
  await home.rest('PUT', '/v1/alerts/settings', {
    url: 'https://hooks.example.com/secret',
    firstFailure: true,
    failedPercent: 50,
  })
  expect((await home.rest('GET', '/v1/alerts/settings')).json()).toEqual({
    host: 'hooks.example.com',
    mail: null,
    firstFailure: true,
    failedPercent: 50,
  })
  await ended('completed')
  expect(await work()).toEqual([])
  api.clock.now += MINUTE
  await ended('failed')
  expect(await work()).toEqual([
    'Runs of “Expansion” fail: 1 of the last 2 that ended https://signalbox.example/runs?playbook=p&status=failed',
  ])
  api.clock.now += MINUTE
  await ended('failed')
  expect(await work()).toEqual([])
  expect(await open()).toEqual(['Runs of “Expansion” fail: 2 of the last 3 that ended'])
  api.clock.now += MINUTE
  await ended('completed')
  // One success is no recovery yet.
  expect(await work()).toEqual([])
  api.clock.now += 10 * MINUTE
  expect(await work()).toEqual([
    'Runs of “Expansion” work again https://signalbox.example/runs?playbook=p&status=failed',
  ])
  expect(await open()).toEqual([])
  const { data } = (await home.rest('GET', '/v1/alerts')).json()
  expect(data).toMatchObject([{ kind: 'playbook-failing', told: 'recovered', fault: null }])
})

it('that comes back at once is told again only when it lasts', async () => {
  api.clock.now += MINUTE
  await ended('failed')
  expect(await work()).toEqual([])
  expect(await open()).toHaveLength(1)
  api.clock.now += MINUTE
  await ended('completed')
  api.clock.now += 10 * MINUTE
  // Nobody was told that it began, so nobody is told that it is over.
  expect(await work()).toEqual([])
  expect(await open()).toEqual([])
  await ended('failed')
  expect(await work()).toEqual([])
  api.clock.now += 4 * MINUTE
  expect(await work()).toHaveLength(1)
  api.clock.now += MINUTE
  await ended('completed')
  api.clock.now += 10 * MINUTE
  expect(await work()).toHaveLength(1)
})

it('of a connection is opened by a fault and not by a person, and sent again where it was not taken', async () => {
  api.clock.now += 60 * MINUTE
  const id = newId(api.clock.now)
  const at = new Date(api.clock.now)
  const row = {
    app: 'intercom',
    name: 'Our Intercom',
    slug: 'ic',
    sealed: Buffer.from(''),
    created_at: at,
    updated_at: at,
  }
  await api.database.db
    .insertInto('connections')
    .values({ workspace_id: home.id, id, ...row })
    .execute()
  const pause = (code: Fault['code']) =>
    api.database.db
      .updateTable('connections')
      .set({ status: 'paused', fault: JSON.stringify({ ...refusal, code, message: 'The grant is gone.' }) })
      .where('id', '=', id)
      .execute()
  await pause('CONNECTION_PAUSED')
  expect(await work()).toEqual([])
  expect(await open()).toEqual([])
  await pause('AUTH_EXPIRED')
  away = true
  expect(await work()).toEqual([])
  const [told] = (await home.rest('GET', '/v1/alerts?open=true')).json().data
  expect(told).toMatchObject({ told: 'nothing', fault: 'It is away. Wait.', message: 'The grant is gone.' })
  away = false
  expect(await work()).toEqual([])
  api.clock.now += 30_000
  expect(await work()).toEqual([
    'The connection “Our Intercom” is paused: The grant is gone. https://signalbox.example/connections',
  ])
  await api.database.db.updateTable('connections').set({ status: 'open', fault: null }).where('id', '=', id).execute()
  expect(await work()).toEqual(['The connection “Our Intercom” works again https://signalbox.example/connections'])
})

it('of writes to review is there while one is left, and sent nowhere without an address', async () => {
  await home.rest('PUT', '/v1/alerts/settings', { url: null, firstFailure: true, failedPercent: 50 })
  await ended('completed')
  const run = await api.database.db.selectFrom('runs').select('id').executeTakeFirstOrThrow()
  const at = new Date(api.clock.now)
  const effect = {
    key: 'k',
    run_id: run.id,
    step: 'a',
    visit: 1,
    action: 'x@1',
    input: '{}',
    status: 'unknown' as const,
  }
  await api.database.db
    .insertInto('effects')
    .values({ workspace_id: home.id, ...effect, intended_at: at, attempted_at: at })
    .execute()
  expect(await work()).toEqual([])
  expect(await open()).toEqual(['A write of “Expansion” needs a review'])
  const other = await api.workspace('other')
  expect((await other.rest('GET', '/v1/alerts')).json().data).toEqual([])
  await api.database.db.updateTable('effects').set({ status: 'landed' }).where('key', '=', 'k').execute()
  expect(await work()).toEqual([])
  expect(await open()).toEqual([])
})

it('is tried out by an owner, whose address is kept sealed and may lead to public hosts only', async () => {
  expect((await home.rest('POST', '/v1/alerts/test', {})).json()).toMatchObject({ code: 'NO_ALERT_ADDRESS' })
  await home.rest('PUT', '/v1/alerts/settings', { url: 'http://127.0.0.1:1/x', firstFailure: true, failedPercent: 50 })
  expect((await home.rest('POST', '/v1/alerts/test', {})).json()).toMatchObject({ code: 'ALERT_NOT_SENT' })
  // Left out, it stays.
  const kept = await home.rest('PUT', '/v1/alerts/settings', { firstFailure: false, failedPercent: 10 })
  expect(kept.json()).toEqual({ host: '127.0.0.1:1', mail: null, firstFailure: false, failedPercent: 10 })
  const row = await api.database.db.selectFrom('alert_settings').select('webhook').executeTakeFirstOrThrow()
  expect(row.webhook?.toString('latin1')).not.toContain('127.0.0.1')
  const editor = await home.signIn('editor')
  const payload = { firstFailure: true, failedPercent: 20 }
  const refused = await api.server.inject({ method: 'POST', url: '/trpc/alerts.change', headers: editor, payload })
  expect(refused.statusCode).toBe(403)
})

it('of one workspace is sent though that of another cannot be, which is tried again', async () => {
  const { db } = api.database
  const settings = { url: 'https://hooks.example.com/good', firstFailure: true, failedPercent: 50 }
  const poisoned = await api.workspace('poisoned')
  const at = new Date(api.clock.now)
  const row = { app: 'intercom', name: 'Ours', slug: 'ic', sealed: Buffer.from(''), created_at: at, updated_at: at }
  for (const { id, rest } of [poisoned, home]) {
    await rest('PUT', '/v1/alerts/settings', settings)
    const paused = { status: 'paused' as const, fault: JSON.stringify({ ...refusal, code: 'AUTH_EXPIRED' }) }
    await db
      .insertInto('connections')
      .values({ workspace_id: id, id: newId(api.clock.now), ...row, ...paused, slug: 'second' })
      .execute()
  }
  const readSealed = () =>
    db.selectFrom('alert_settings').select('webhook').where('workspace_id', '=', poisoned.id).executeTakeFirstOrThrow()
  const seal = (webhook: Buffer | null) =>
    db.updateTable('alert_settings').set({ webhook }).where('workspace_id', '=', poisoned.id).execute()
  const { webhook } = await readSealed()
  await seal(Buffer.from('sealed with a key that is lost'))
  broken.length = 0
  expect(await work()).toEqual([expect.stringContaining('The connection “Ours” is paused')])
  expect(broken).toHaveLength(1)
  const [told] = (await poisoned.rest('GET', '/v1/alerts?open=true')).json().data
  expect(told).toMatchObject({ told: 'nothing', fault: expect.stringContaining('because of a defect') })
  await seal(webhook)
  api.clock.now += 30_000
  expect(await work()).toEqual([expect.stringContaining('The connection “Ours” is paused')])
})
