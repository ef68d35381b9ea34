import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shareOf } from '../../engine/run/share.ts'
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
const broken: unknown[] = []
const work = () =>
  workAdmissions({
    pool: api.database.pool,
    clock: () => api.clock.now,
    startRuns: async (runs) => void started.push(...runs.map((run) => run.runId)),
    onError: (error) => void broken.push(error),
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

describe('what the workspace says of reaching people', () => {
  const rules = {
    caps: [{ channel: 'email', most: 2, days: 7 }],
    quiet: { from: '21:00', to: '08:00', zone: 'Europe/Berlin', property: 'zone' },
    holdoutPercent: 50,
  }
  const put = (body: object) => home.rest('PUT', '/v1/contact-rules', body)

  it('is changed by an owner, whole and within bounds', async () => {
    expect((await home.rest('GET', '/v1/contact-rules')).json()).toEqual({ caps: [], quiet: null, holdoutPercent: 0 })
    const places = async (body: object) =>
      (await put(body)).json().problems?.map(({ path }: { path: string }) => path) ?? []
    expect(await places({ ...rules, caps: [{ channel: 'email', most: 0, days: 91 }] })).toEqual([
      'caps.0.most',
      'caps.0.days',
    ])
    expect(await places({ ...rules, quiet: { ...rules.quiet, to: '21:00' } })).toEqual(['quiet.to'])
    expect(await places({ ...rules, quiet: { ...rules.quiet, zone: 'Mars/Olympus' } })).toEqual(['quiet.zone'])
    expect(await places({ ...rules, holdoutPercent: 51 })).toEqual(['holdoutPercent'])
    expect((await put(rules)).json()).toEqual(rules)
    expect((await home.rest('GET', '/v1/contact-rules')).json()).toEqual(rules)
  })

  it('keeps the holdout group out, says so by whom they are, and lets a playbook ignore it', async () => {
    await home.rest('POST', '/v1/playbooks/p/pause')
    const byEvent = (slug: string, holdout?: 'ignore') =>
      home.rest('PUT', `/v1/playbooks/${slug}`, {
        ...document({ policy: 'leave' }),
        enrollment: {
          reentry: { policy: 'every' },
          exit: [],
          goal: null,
          ...(holdout === undefined ? {} : { holdout }),
        },
        steps: [
          { id: 'start', type: 'trigger.event', input: { event: 'Paid' } },
          { id: 'end', type: 'flow.exit', input: { reason: 'seen' } },
        ],
      })
    for (const [slug, holdout] of [['respects'], ['ignores', 'ignore']] as const) {
      await byEvent(slug, holdout)
      await home.rest('POST', `/v1/playbooks/${slug}/publish`)
    }
    const contacts = await api.database.db.selectFrom('contacts').select(['id', 'external_id as user']).execute()
    const heldOut = contacts.filter(({ id }) => shareOf('holdout', id) < 0.5).slice(0, 20)
    const others = contacts.filter(({ id }) => shareOf('holdout', id) >= 0.5).slice(0, 20)
    const users = (of: ReadonlyArray<{ user: string | null }>) => new Set(of.map(({ user }) => user))
    const batch = [...heldOut, ...others].map(({ user }) => ({ type: 'track', userId: user, event: 'Paid' }))
    await home.rest('POST', '/v1/batch', { batch })
    await dispatchAll(api.database, api.clock)
    const answers = await api.database.db
      .selectFrom('enrollments')
      .innerJoin('playbooks', 'playbooks.id', 'enrollments.playbook_id')
      .innerJoin('contacts', 'contacts.id', 'enrollments.subject_id')
      .select(['playbooks.slug', 'code', 'contacts.external_id as user'])
      .where('playbooks.slug', 'in', ['respects', 'ignores'])
      .execute()
    const out = answers.filter(({ code }) => code === 'HOLDOUT')
    expect(new Set(out.map(({ slug }) => slug))).toEqual(new Set(['respects']))
    expect(users(out)).toEqual(users(heldOut))
    expect([out.length, heldOut.length, others.length]).toEqual([20, 20, 20])
    expect(answers).toHaveLength(80)
    const timeline = await home.rest('GET', `/v1/contacts/${out[0]?.user ?? ''}/timeline?types=refusal`)
    expect(timeline.json().data).toMatchObject([
      { type: 'refusal', code: 'HOLDOUT', playbook: { slug: 'respects' }, reason: expect.stringContaining('holdout') },
    ])
    const dry = await home.rest('POST', '/v1/playbooks/respects/dry-run', { subject: { contact: out[0]?.user } })
    expect(dry.json()).toMatchObject({ enrolls: false, why: expect.stringContaining('holdout group') })
    const why = await home.rest('POST', '/v1/why', { subject: { contact: out[0]?.user }, playbook: 'respects' })
    expect([why.statusCode, JSON.stringify(why.json())]).toEqual([200, expect.stringContaining('holdout group')])
  })
})

it('goes on behind one that cannot, which rests meanwhile and is said', async () => {
  const { db } = api.database
  for (const slug of ['poisoned', 'good']) {
    const body = document({ policy: 'admit', perMinute: 60 })
    const [start] = body.steps
    await home.rest('PUT', `/v1/playbooks/${slug}`, {
      ...body,
      steps: [start, { id: 'end', type: 'flow.exit', input: { reason: slug } }],
    })
    await home.rest('POST', `/v1/playbooks/${slug}/publish`)
  }
  const due = async (slug: string) =>
    (await home.rest('GET', `/v1/playbooks/${slug}/existing`)).json().admissions[0].asked
  const { plan_hash: hash } = await db
    .selectFrom('playbook_versions')
    .innerJoin('playbooks', 'playbooks.id', 'playbook_versions.playbook_id')
    .select('plan_hash')
    .where('slug', '=', 'poisoned')
    .executeTakeFirstOrThrow()
  const { plan } = await db.selectFrom('plans').select('plan').where('hash', '=', hash).executeTakeFirstOrThrow()
  const put = (value: unknown) =>
    db
      .updateTable('plans')
      .set({ plan: JSON.stringify(value) })
      .where('hash', '=', hash)
      .execute()
  await put({})
  api.clock.now += 1000
  await work()
  expect(broken).toHaveLength(1)
  expect(await due('poisoned')).toBe(0)
  expect(await due('good')).toBeGreaterThan(0)
  await put(plan)
  api.clock.now += 29_000
  await work()
  expect(await due('poisoned')).toBe(0)
  api.clock.now += 1000
  await work()
  expect([broken.length, await due('poisoned')]).toEqual([1, 1])
})
