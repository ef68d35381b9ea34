import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { enrollSegmentPage, type SegmentPage } from './enroll-segment.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.audience('segment', 'all', { rule: { property: 'contact.n', op: 'exists' } })
  await w.send(...Array.from({ length: 250 }, (_, n) => ({ type: 'identify', userId: `u${n}`, traits: { n } })))
  await w.dispatch()
})
afterAll(() => w.close())

const firing = async (page: SegmentPage): Promise<string[]> => {
  const started: string[] = []
  const deps = {
    pool: w.opened.pool,
    clock: () => w.clock.now,
    startRuns: async (runs: Array<{ runId: string }>) => void started.push(...runs.map((run) => run.runId)),
  }
  let after: string | null = null
  do after = await enrollSegmentPage(deps, { ...page, after })
  while (after !== null)
  return started
}

it('enrolls everybody who was in the segment at the planned instant, page by page and once', async () => {
  const playbookId = await w.playbook('daily', {
    trigger: { type: 'trigger.schedule', input: { cron: '0 9 * * *', timeZone: 'UTC', segment: 'all' } },
  })
  const scheduledAt = w.clock.now + 1000
  w.clock.now += 5000
  await w.send({ type: 'identify', userId: 'late', traits: { n: 1 } })
  await w.dispatch()
  const page = { workspaceId: w.id, playbookId, step: 'start', version: 1, segment: 'all', scheduledAt, after: null }
  const first = await firing(page)
  expect(new Set(first).size).toBe(250)
  expect(await firing(page)).toEqual(first)
  expect(await w.opened.db.selectFrom('runs').select('id').execute()).toHaveLength(250)
  expect(await firing({ ...page, segment: 'gone' })).toEqual([])
})

it('says why nobody is enrolled when segment and playbook are about different things', async () => {
  const playbookId = await w.playbook('accounts', {
    subject: 'account',
    trigger: { type: 'trigger.schedule', input: { cron: '0 9 * * *', timeZone: 'UTC', segment: 'all' } },
  })
  const page = {
    workspaceId: w.id,
    playbookId,
    step: 'start',
    version: 1,
    segment: 'all',
    scheduledAt: w.clock.now,
    after: null,
  }
  expect(await firing(page)).toEqual([])
  const rows = await w.opened.db
    .selectFrom('enrollments')
    .select('code')
    .where('playbook_id', '=', playbookId)
    .execute()
  expect(rows).toEqual([{ code: 'NO_ACCOUNT' }])
})
