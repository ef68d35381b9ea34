import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { rulesInForce } from '../db/contact-rules-store.ts'
import { newId } from '../db/new-id.ts'
import { onPool } from '../db/sql.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const at = new Date(api.clock.now)
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
      created_at: at,
      updated_at: at,
    })
    .execute()
})
afterAll(() => api.close())

const moves = (timeZone: string) => home.rest('PATCH', '/v1/workspace', { timeZone })
const document = (start: object, wait: object) => ({
  name: 'Clocks',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', ...start },
    { id: 'wait', type: 'flow.delay', input: wait },
    { id: 'end', type: 'flow.exit', input: { reason: 'Over' } },
  ],
  edges: [
    ['start', 'wait'],
    ['wait', 'end'],
  ],
})
const manual = { type: 'trigger.manual', input: {} }

it('is at UTC until an owner says where it is, and refuses what is no zone', async () => {
  expect((await home.rest('GET', '/v1/workspace')).json()).toEqual({ slug: 'home', name: 'home', timeZone: 'UTC' })
  expect((await moves('Europe/Berlin')).json()).toMatchObject({ timeZone: 'Europe/Berlin' })
  for (const wrong of ['Berlin', '+02:00', 'CET', 'workspace', 'europe/berlin', 'Europe/Berlin ']) {
    const refused = await moves(wrong)
    expect([wrong, refused.statusCode, refused.json().code]).toEqual([wrong, 400, 'INPUT_INVALID'])
  }
  const editor = await home.signIn('editor')
  const payload = { timeZone: 'UTC' }
  const refused = await api.server.inject({ method: 'PATCH', url: '/v1/workspace', headers: editor, payload })
  expect(refused.statusCode).toBe(403)
  expect((await home.rest('GET', '/v1/workspace')).json()).toMatchObject({ timeZone: 'Europe/Berlin' })
})

it('schedules that name no zone follow it at once, those that name one stay', async () => {
  await moves('Europe/Berlin')
  const schedule = (input: object) => ({
    type: 'trigger.schedule',
    input: { cron: '0 9 * * *', segment: 'everyone', ...input },
  })
  const ids = new Map<string, string>()
  for (const [slug, input] of [
    ['ours', {}],
    ['spelled-out', { timeZone: 'workspace' }],
    ['named', { timeZone: 'Asia/Tokyo' }],
  ] as const) {
    await home.rest('PUT', `/v1/playbooks/${slug}`, document(schedule(input), { mode: 'for', for: 'P1D' }))
    expect((await home.rest('POST', `/v1/playbooks/${slug}/publish`)).json()).toEqual({ version: 1 })
    const { id } = await api.database.db
      .selectFrom('playbooks')
      .select('id')
      .where('slug', '=', slug)
      .executeTakeFirstOrThrow()
    ids.set(slug, id)
  }
  const zones = () =>
    [...ids.values()].map((id) => (api.temporal.schedules.get(id) ?? []).map(({ timeZone }) => timeZone).join())
  expect(zones()).toEqual(['Europe/Berlin', 'Europe/Berlin', 'Asia/Tokyo'])
  await home.rest('POST', '/v1/playbooks/spelled-out/pause')
  await moves('America/New_York')
  expect(zones()).toEqual(['America/New_York', '', 'Asia/Tokyo'])
  await home.rest('POST', '/v1/playbooks/spelled-out/resume')
  expect(zones()).toEqual(['America/New_York', 'America/New_York', 'Asia/Tokyo'])
})

it('quiet hours that name no zone go by it', async () => {
  await moves('Asia/Tokyo')
  const quiet = { from: '21:00', to: '08:00', property: null }
  const zoneKept = async (zone: object) => {
    const rules = { caps: [], quiet: { ...quiet, ...zone }, holdoutPercent: 0 }
    expect((await home.rest('PUT', '/v1/contact-rules', rules)).json()).toEqual(rules)
    return (await rulesInForce(onPool(api.database.pool), home.id)).quiet?.zone
  }
  expect(await zoneKept({})).toBe('Asia/Tokyo')
  expect(await zoneKept({ zone: 'workspace' })).toBe('Asia/Tokyo')
  expect(await zoneKept({ zone: 'Europe/Berlin' })).toBe('Europe/Berlin')
})

it('a dry run waits by its clocks, for somebody made up and for somebody real', async () => {
  await moves('Europe/Berlin')
  const at = new Date(api.clock.now)
  const id = newId(api.clock.now)
  const contact = { workspace_id: home.id, id, external_id: 'ada', created_at: at, updated_at: at }
  await api.database.db.insertInto('contacts').values(contact).execute()
  // The evening before clocks go forward there.
  api.clock.now = Date.parse('2026-03-28T20:00:00Z')
  await home.rest('PUT', '/v1/playbooks/nine', document(manual, { mode: 'untilTime', time: '09:00' }))
  for (const subject of [{ contact: id }, { madeUp: { contact: { name: 'Bea' } } }]) {
    const answer = await home.rest('POST', '/v1/playbooks/nine/dry-run', { subject })
    const { endedAt, steps } = answer.json()
    expect(endedAt).toBe('2026-03-29T07:00:00.000Z')
    expect(steps).toMatchObject([
      {},
      { id: 'wait', text: 'It goes by Europe/Berlin, the time zone of the workspace' },
      {},
    ])
  }
})
