import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { dispatchAll } from '../../test/helpers/dispatch.ts'
import { workAdmissions } from './work-admissions.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const rule = { property: 'contact.n', op: 'exists' }
  await home.rest('POST', '/v1/segments', { slug: 'all', name: 'All', subject: 'contact', rule })
  await identify(0, 250)
})
afterAll(() => api.close())

async function identify(from: number, to: number): Promise<void> {
  const batch = Array.from({ length: to - from }, (_, n) => ({
    type: 'identify',
    userId: `u${from + n}`,
    traits: { n },
  }))
  await home.rest('POST', '/v1/batch', { batch })
  await dispatchAll(api.database, api.clock)
}
const document = (existing: object) => ({
  name: 'P',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null, existing },
  steps: [
    { id: 'start', type: 'trigger.segment', input: { segment: 'all', edge: 'entered' } },
    { id: 'end', type: 'flow.exit', input: { reason: 'seen' } },
  ],
  edges: [['start', 'end']],
})
const publish = async (existing: object): Promise<void> => {
  expect((await home.rest('PUT', '/v1/playbooks/p', document(existing))).statusCode).toBe(200)
  const published = await home.rest('POST', '/v1/playbooks/p/publish')
  expect([published.statusCode, published.json()]).toEqual([200, { version: expect.any(Number) }])
}
const started: string[] = []
const work = () =>
  workAdmissions({
    pool: api.database.pool,
    clock: () => api.clock.now,
    startRuns: async (runs) => void started.push(...runs.map((run) => run.runId)),
  })
const view = async () => (await home.rest('GET', '/v1/playbooks/p/existing')).json()

describe('who is in the segment when it is published', () => {
  it('stays out unless the version admits them', async () => {
    await publish({ policy: 'leave' })
    expect(await work()).toBe(0)
    expect(await view()).toEqual({
      triggers: [{ step: 'start', kind: 'segment', slug: 'all', members: 250, outside: 250, alike: true }],
      admissions: [],
    })
  })

  it('enters at the rate that was asked for, and who comes meanwhile by their edge alone', async () => {
    await publish({ policy: 'admit', perMinute: 6000 })
    await identify(250, 253)
    expect(await api.database.db.selectFrom('runs').select('id').execute()).toHaveLength(3)
    expect(await work()).toBe(100)
    expect(await work()).toBe(0)
    expect((await view()).admissions).toMatchObject([
      { version: 2, step: 'start', slug: 'all', status: 'running', total: 250, asked: 100, started: 100, reason: null },
    ])
    api.clock.now += 1000
    expect(await work()).toBe(100)
    // Paused, nobody enters; on again, it goes on.
    await home.rest('POST', '/v1/playbooks/p/pause')
    api.clock.now += 3_600_000
    expect(await work()).toBe(0)
    await home.rest('POST', '/v1/playbooks/p/resume')
    expect(await work()).toBe(50)
    expect((await view()).admissions).toMatchObject([{ status: 'done', asked: 250, started: 250 }])
    expect(new Set(started).size).toBe(250)
  })

  it('enters once, however often it is published', async () => {
    await publish({ policy: 'admit', perMinute: 10_000 })
    api.clock.now += 60_000
    for (let n = 0; n < 5; n += 1, api.clock.now += 60_000) await work()
    expect((await view()).admissions[0]).toMatchObject({ version: 3, status: 'done', total: 0, started: 0 })
    expect(await api.database.db.selectFrom('runs').select('id').execute()).toHaveLength(253)
  })

  it('enters no more once that is cancelled, or another version is published', async () => {
    await home.rest('POST', '/v1/playbooks/p/pause')
    await identify(253, 260)
    await home.rest('POST', '/v1/playbooks/p/resume')
    await publish({ policy: 'admit', perMinute: 1 })
    expect(await work()).toBe(1)
    await publish({ policy: 'admit', perMinute: 2 })
    const { admissions } = await view()
    expect(admissions).toMatchObject([
      { version: 5, status: 'running' },
      { version: 4, status: 'cancelled', reason: 'Version 5 was published.' },
      {},
      {},
    ])
    const cancel = () => home.rest('POST', `/v1/playbooks/p/admissions/${admissions[0].id}/cancel`)
    expect((await cancel()).statusCode).toBe(200)
    expect((await cancel()).json()).toMatchObject({ status: 409, code: 'ADMISSION_ENDED' })
    api.clock.now += 60_000
    expect(await work()).toBe(0)
  })
})
