import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { belongsTo } from '../connections/connection-store.ts'
import { newId } from '../db/new-id.ts'
import { mailThrough } from './mailer.ts'
import { createSendAlert, type SendAlert } from './send-alert.ts'
import { workAlerts } from './work-alerts.ts'

const MINUTE = 60_000

/** What the mail server took; `lost`: it took a mail, and its answer never came. */
const inbox: Array<{ to: string[]; raw: string }> = []
let answers: 'taken' | 'lost'
const sockets = new Set<Socket>()
const smtp = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  closeTimeout: 100,
  onData: (stream, session, done) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      inbox.push({
        to: session.envelope.rcptTo.map(({ address }) => address),
        raw: Buffer.concat(chunks).toString(),
      })
      if (answers === 'lost') for (const socket of sockets) socket.destroy()
      else done()
    })
  },
})

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  smtp.on('error', () => undefined)
  smtp.server.on('connection', (socket) => void sockets.add(socket))
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  api = await startTestApi()
  home = await api.workspace('home')
  await connect('intercom', 'ic', {})
  const { port } = smtp.server.address() as AddressInfo
  await connect('email', 'mail', { host: '127.0.0.1', port, encryption: 'none', from: 'signalbox@acme.example' })
})
afterAll(async () => {
  await api.close()
  await new Promise<void>((resolve) => smtp.close(resolve))
})
beforeEach(() => {
  inbox.length = 0
  answers = 'taken'
})

async function connect(app: string, slug: string, settings: object): Promise<void> {
  const at = new Date(api.clock.now)
  const id = newId(api.clock.now)
  const sealed = api.vault.seal(belongsTo(home.id, id), {})
  const row = { app, slug, name: `Our ${app}`, sealed, settings: JSON.stringify(settings) }
  await api.database.db
    .insertInto('connections')
    .values({ workspace_id: home.id, id, ...row, created_at: at, updated_at: at })
    .execute()
}
const set = (body: object) =>
  home.rest('PUT', '/v1/alerts/settings', { firstFailure: true, failedPercent: 50, ...body })
const toOps = { mail: { connection: 'mail', to: 'ops@acme.example, cto@acme.example' } }
const state = async () => (await home.rest('GET', '/v1/alerts')).json().data[0]

/** One look, after which nobody looks for a while. @returns the subjects that were mailed */
async function work(send: SendAlert = sending()) {
  api.clock.now += 16 * MINUTE
  const { db } = api.database
  await workAlerts({ db, clock: () => api.clock.now, alone: (_, doIt) => doIt(), send, onError: fail })
  return inbox.splice(0).map(({ raw }) => subjectOf(raw))
}
const fail = (error: unknown): never => {
  throw error
}
const sending = () =>
  createSendAlert({
    ...api,
    db: api.database.db,
    publicUrl: 'https://signalbox.example',
    mailer: mailThrough(api.deps),
  })
/** Without its encoding. @see https://www.rfc-editor.org/rfc/rfc2047 */
function subjectOf(raw: string): string {
  const bytes = [...raw.matchAll(/=\?UTF-8\?Q\?([^?]*)\?=/g)]
    .map(([, text = '']) => text.replaceAll('_', ' '))
    .join('')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

const becomes = (status: 'paused' | 'open', slug = 'ic') =>
  api.database.db
    .updateTable('connections')
    .set({ status, fault: status === 'open' ? null : JSON.stringify({ code: 'AUTH_EXPIRED', message: 'It is gone.' }) })
    .where('slug', '=', slug)
    .execute()

it('is mailed once when it opens and once when it is well again, through a connection that an owner chose', async () => {
  expect((await set({ mail: { connection: 'ic', to: 'a@b.example' } })).json()).toMatchObject({
    code: 'INPUT_INVALID',
    detail: 'ic is no e-mail connection. Name one that is.',
  })
  expect((await set({ mail: { connection: 'mail', to: 'nobody' } })).json().problems).toMatchObject([
    { path: 'mail.to' },
  ])
  expect((await set(toOps)).json()).toMatchObject({ host: null, mail: { ...toOps.mail, problem: null } })
  expect((await home.rest('POST', '/v1/alerts/test', {})).json()).toEqual({ host: null, mail: toOps.mail.to })
  expect(inbox.splice(0)).toMatchObject([{ to: ['ops@acme.example', 'cto@acme.example'] }])

  await becomes('paused')
  const { db } = api.database
  api.clock.now += MINUTE
  await workAlerts({ db, clock: () => api.clock.now, alone: (_, doIt) => doIt(), send: sending(), onError: fail })
  const [mail] = inbox.splice(0)
  expect(mail?.raw).toContain('It is gone.')
  expect(mail?.raw).toContain('https://signalbox.example/connections')
  expect(await work()).toEqual([])
  expect(await state()).toMatchObject({ told: 'opened', sends: [{ way: 'mail', told: 'opened', fault: null }] })
  await becomes('open')
  expect(await work()).toEqual(['The connection “Our intercom” works again'])
  expect(await work()).toEqual([])
})

it('is not mailed again where the answer of the mail server was lost, and that is said', async () => {
  answers = 'lost'
  await becomes('paused')
  expect(await work()).toEqual(['The connection “Our intercom” is paused'])
  expect(await work()).toEqual([])
  expect(await state()).toMatchObject({
    sends: [{ told: 'opened', fault: expect.stringContaining('may be on its way') }],
  })
  answers = 'taken'
  await becomes('open')
  expect(await work()).toEqual(['The connection “Our intercom” works again'])
})

it('is not mailed again by whoever comes after a process that died while it mailed', async () => {
  await becomes('paused')
  // It dies after the mail server took it, before it is noted.
  const dies: SendAlert = async (...asked) => {
    await sending()(...asked)
    return new Promise(() => undefined)
  }
  void work(dies)
  await expect.poll(() => inbox.length).toBe(1)
  inbox.length = 0
  expect(await work()).toEqual([])
  expect(await state()).toMatchObject({
    sends: [{ told: 'opened', fault: expect.stringContaining('was ended while') }],
  })
  await becomes('open')
  expect(await work()).toEqual(['The connection “Our intercom” works again'])
})

it('waits for a connection that is paused or gone, which the settings say', async () => {
  await becomes('paused', 'mail')
  await becomes('paused')
  expect(await work()).toEqual([])
  const settings = async () => (await home.rest('GET', '/v1/alerts/settings')).json().mail.problem
  expect(await settings()).toContain('“Our email” is paused')
  await becomes('open', 'mail')
  api.clock.now += MINUTE
  // That it is paused itself is over before it could be mailed.
  expect(await work()).toEqual(['The connection “Our intercom” is paused'])
  await api.database.db.updateTable('connections').set({ slug: 'other' }).where('slug', '=', 'mail').execute()
  await becomes('open')
  expect(await work()).toEqual([])
  expect(await settings()).toContain('There is no e-mail connection “mail” any more')
  const { data } = (await home.rest('GET', '/v1/alerts')).json()
  expect(data.map(({ fault }: { fault: string | null }) => fault)).toContain(
    'There is no e-mail connection “mail”. Choose another on the Alerts page, or connect it again under this name.',
  )
  await api.database.db.updateTable('connections').set({ slug: 'mail' }).where('slug', '=', 'other').execute()
  expect(await work()).not.toEqual([])
})

it('is posted and mailed apart: what one way took is not sent again because of the other', async () => {
  await work()
  await set({ ...toOps, url: 'https://hooks.example.com/x' })
  let posted = 0
  const send = createSendAlert({
    ...api,
    db: api.database.db,
    publicUrl: 'https://signalbox.example',
    mailer: mailThrough(api.deps),
    http: {
      send: () => {
        posted += 1
        return Promise.resolve({ status: 200, headers: {}, body: null, bodyOmitted: false })
      },
    },
  })
  await becomes('paused', 'mail')
  await becomes('paused')
  await work(send)
  expect([posted, inbox.length]).toEqual([2, 0])
  await becomes('open', 'mail')
  const subjects = await work(send)
  expect(subjects).toEqual(['The connection “Our intercom” is paused'])
  expect(posted).toBe(3)
})
