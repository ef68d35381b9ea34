import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { commandOwed } from '../../engine/temporal/reconcile.ts'
import type { RunRef } from '../../engine/ports.ts'
import { chain, write } from '../../test/helpers/chain-plan.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { storePlaybook } from '../../test/helpers/store-playbook.ts'
import { newId } from '../db/new-id.ts'
import { cancelRerun, continueRerun, previewRerun, startRerun, viewRerun } from './reruns.ts'
import type { RerunView } from './rerun-schemas.ts'
import { createRerunWork } from './work-reruns.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
  broken.length = 0
})

const ctx = () => ({
  db: shell.database.db,
  workspaceId: shell.workspaceId,
  now: Date.now(),
  actor: { kind: 'key' as const, id: 'k', name: 'ops', scopes: ['admin'] },
})

/** A playbook whose runs all fail, because the vendor refuses what it writes. */
async function failing(runs: number, plan = chain(write('a', 'keyed'))): Promise<{ slug: string; runs: RunRef[] }> {
  const slug = `p-${newId(Date.now())}`
  const id = newId(Date.now())
  await storePlaybook({ ...shell.database, workspaceId: shell.workspaceId }, { id, slug })
  shell.outside.refused.add('a')
  const started: RunRef[] = []
  for (let i = 0; i < runs; i += 1) {
    const run = await shell.enroll(plan)
    await shell.database.db.updateTable('runs').set({ playbook_id: id }).where('id', '=', run.runId).execute()
    started.push(run)
  }
  await shell.client.startRuns(started)
  for (const run of started) await shell.ended(run)
  return { slug, runs: started }
}

/** What could not be worked on. */
const broken: string[] = []
const deps = () => ({
  db: shell.database.db,
  clock: Date.now,
  onError: (error: unknown) => void broken.push(error instanceof Error ? error.message : String(error)),
})

/** What workers do, two of them at once, until the rerun rests. */
async function worked(id: string, until: RerunView['status']): Promise<RerunView> {
  const [one, other] = [createRerunWork(deps()), createRerunWork(deps())]
  for (let i = 0; i < 600; i += 1) {
    await Promise.all([one(), other(), commandOwed(shell.directory, shell.client, Date.now())])
    const view = await viewRerun(ctx(), id)
    if (view.status === until && view.counts.begun === 0) return view
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`The rerun is not ${until}: ${JSON.stringify(await viewRerun(ctx(), id))}`)
}

describe('a rerun of failed runs', () => {
  it('begins one, then ten, then the rest, and does each once', async () => {
    const { slug, runs } = await failing(13)
    const filter = { playbook: slug, code: 'INVALID_INPUT', step: 'a' }
    expect(await previewRerun(ctx(), filter)).toMatchObject({
      count: 13,
      byCode: [{ code: 'INVALID_INPUT', runs: 13 }],
    })
    for (const other of [{ code: 'NOT_FOUND' }, { step: 'b' }, { version: 2 }, { to: '2020-01-01T00:00:00Z' }])
      expect((await previewRerun(ctx(), { ...filter, ...other })).count).toBe(0)
    shell.outside.refused.clear()
    // Of two at once one takes them, and nobody else meanwhile.
    const both = await Promise.allSettled([1, 2].map(() => startRerun(ctx(), { filter, maxFailures: 0 })))
    const [id = ''] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []))
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toMatchObject([{ code: 'NOTHING_FAILED' }])
    await expect(startRerun(ctx(), { filter, maxFailures: 0 })).rejects.toMatchObject({ code: 'NOTHING_FAILED' })
    const view = await worked(id, 'done')
    expect(view).toMatchObject({ counts: { passed: 13, failed: 0, moved: 0 }, stage: 2 })
    const [one, ...others] = view.runs
    const [ten, rest] = [others.slice(0, 10), others.slice(10)]
    const begun = (of: RerunView['runs']) => Math.min(...of.map((run) => Date.parse(run.begunAt ?? '')))
    const over = (of: RerunView['runs']) => Math.max(...of.map((run) => Date.parse(run.endedAt ?? '')))
    expect(begun(ten)).toBeGreaterThanOrEqual(over(one ? [one] : []))
    expect(begun(rest)).toBeGreaterThanOrEqual(over(ten))
    expect(shell.outside.written.map(({ key }) => key).sort()).toEqual(runs.map(({ runId }) => `${runId}:a:1`).sort())
    const told = (await shell.inputs(runs[5] ?? runs[0]!)).filter(({ kind }) => kind === 'operator')
    expect(told).toHaveLength(1)
  })

  it('stops when its first fails again, goes on when a person says so, and can be cancelled', async () => {
    const { slug, runs } = await failing(4)
    const filter = { playbook: slug }
    const { id } = await startRerun(ctx(), { filter, maxFailures: 0 })
    expect(await worked(id, 'stopped')).toMatchObject({
      counts: { waiting: 3, failed: 1 },
      reason: 'During the first run 1 run failed again, at “a”: Not this text.',
    })
    await continueRerun(ctx(), id)
    expect((await worked(id, 'stopped')).counts).toMatchObject({ waiting: 0, failed: 4 })
    await cancelRerun(ctx(), id)
    await expect(continueRerun(ctx(), id)).rejects.toMatchObject({ code: 'RERUN_STATE' })
    shell.outside.refused.clear()
    const [byHand] = runs
    const again = await startRerun(ctx(), { filter, maxFailures: 0 })
    // One is retried by hand before its turn.
    if (byHand) {
      await shell.client.command(byHand, { id: 'by hand', command: { kind: 'retry', step: null } })
      await expect.poll(async () => (await shell.row(byHand)).status, { timeout: 10_000 }).toBe('completed')
    }
    expect((await worked(again.id, 'done')).counts).toMatchObject({ passed: 3, moved: 1, failed: 0 })
    expect(new Set(shell.outside.written.map(({ key }) => key)).size).toBe(4)
    expect(shell.outside.written).toHaveLength(4)
  })

  it('finds a run by what a step failed of that is no action', async () => {
    const day = { mode: 'untilDate', property: 'trigger.day', offsetMs: 0, missing: 'fail' } as const
    const { slug, runs } = await failing(1, chain({ id: 'day', op: 'delay', delay: day }))
    const byCode = [{ code: 'INVALID_INPUT', runs: 1, example: 'day: trigger.day is missing.' }]
    for (const by of [{}, { code: 'INVALID_INPUT' }, { step: 'day' }, { code: 'INVALID_INPUT', step: 'day' }])
      expect(await previewRerun(ctx(), { playbook: slug, ...by })).toMatchObject({ count: 1, byCode })
    for (const by of [{ code: 'NOT_FOUND' }, { step: 'other' }, { code: 'NOT_FOUND', step: 'day' }])
      expect(await previewRerun(ctx(), { playbook: slug, ...by })).toMatchObject({ count: 0 })
    const { id } = await startRerun(ctx(), { filter: { playbook: slug, step: 'day' }, maxFailures: 0 })
    const view = await worked(id, 'stopped')
    expect(view.runs).toMatchObject([{ id: runs[0]?.runId, status: 'failed', step: 'day', code: 'INVALID_INPUT' }])
    await cancelRerun(ctx(), id)
  })

  it('gets its turn behind many that were left stopped, and one that cannot be worked on', async () => {
    shell.outside.refused.clear()
    const poisoned = await left('running', { plan: 'not kept' })
    for (let i = 0; i < 21; i += 1) await left('stopped', {})
    const { slug } = await failing(1)
    shell.outside.refused.clear()
    const { id } = await startRerun(ctx(), { filter: { playbook: slug }, maxFailures: 0 })
    expect((await worked(id, 'done')).counts).toMatchObject({ passed: 1 })
    // Said once by each of the two, which then let it rest.
    expect(broken).toEqual(['There is no plan not kept.', 'There is no plan not kept.'])
    await shell.database.db.deleteFrom('reruns').where('id', '=', poisoned).execute()
  })

  it('is read again only when a run of it has moved', async () => {
    const id = await left('running', { status: 'review' })
    let reads = 0
    const reading = shell.database.db.withPlugin({
      transformQuery: ({ node }) => {
        if (node.kind === 'SelectQueryNode' && JSON.stringify(node.from).includes('"run_inputs"')) reads += 1
        return node
      },
      transformResult: ({ result }) => Promise.resolve(result),
    })
    const look = createRerunWork({ ...deps(), db: reading })
    for (let i = 0; i < 3; i += 1) await look()
    expect(reads).toBe(1)
    await shell.database.db.updateTable('runs').set({ status: 'running' }).where('id', '=', `run of ${id}`).execute()
    for (let i = 0; i < 3; i += 1) await look()
    expect(reads).toBe(2)
    await cancelRerun(ctx(), id)
  })
})

/** An old rerun with one run under way, as though told long ago; one that is stopped has none. */
async function left(
  status: 'running' | 'stopped',
  { plan, status: stands = 'failed' }: { plan?: string; status?: string },
) {
  const { db } = shell.database
  const id = newId(Date.now())
  const at = new Date(0)
  const workspace_id = shell.workspaceId
  const row = { filter: '{}', total: 1, max_failures: 0, actor: 'ops', created_at: at, updated_at: at }
  await db
    .insertInto('reruns')
    .values({ workspace_id, id, status, ...row })
    .execute()
  if (status === 'stopped') return id
  const { runId } = await shell.enroll(chain(write('a', 'keyed')))
  const own = { id: `run of ${id}`, status: stands, started: true, ended_at: stands === 'failed' ? at : null }
  await db
    .updateTable('runs')
    .set(plan === undefined ? own : { ...own, plan_hash: plan })
    .where('id', '=', runId)
    .execute()
  const begun = { run_id: own.id, place: 1, status: 'begun' as const, begun_at: at }
  await db
    .insertInto('rerun_runs')
    .values({ workspace_id, rerun_id: id, ...begun })
    .execute()
  return id
}
