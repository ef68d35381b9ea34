import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OperatorCommand } from '../../engine/model/run.ts'
import type { MigrationRefusal } from '../../engine/run/migrate.ts'
import type { GoneOver } from '../../engine/ports.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { newId } from '../db/new-id.ts'
import { createRunRecord } from '../db/run-record.ts'
import { onPool } from '../db/sql.ts'
import { workMigrations } from './work-migrations.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const at = new Date(api.clock.now)
  await api.database.db
    .insertInto('contacts')
    .values({
      workspace_id: home.id,
      id: newId(api.clock.now),
      external_id: 'u-1',
      name: 'Ada',
      created_at: at,
      updated_at: at,
    })
    .execute()
})
afterAll(() => api.close())

const call = (id: string) => ({ id, type: 'http.request', input: { method: 'POST', url: `https://example.com/${id}` } })
const wait = (id: string) => ({ id, type: 'flow.delay', input: { mode: 'for', for: 'P1D' } })
const document = (...steps: Array<{ id: string }>) => ({
  name: 'P',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [{ id: 'start', type: 'trigger.manual', input: {} }, ...steps],
  edges: steps.map(({ id }, i) => [i === 0 ? 'start' : (steps[i - 1]?.id ?? ''), id]),
})

async function publish(slug: string, body: object = {}, ...steps: Array<{ id: string }>) {
  const saved = await home.rest('PUT', `/v1/playbooks/${slug}`, document(...steps))
  expect(saved.json().problems.filter(({ severity }: { severity: string }) => severity === 'error')).toEqual([])
  return home.rest('POST', `/v1/playbooks/${slug}/publish`, body)
}

/** Open runs that wait at a step, as the workers would have written them. */
async function runsAt(slug: string, step: string, many: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < many; i += 1) {
    api.clock.now += 1
    const { run } = (await home.rest('POST', `/v1/playbooks/${slug}/runs`, { subject: { contact: 'u-1' } })).json()
    ids.push(run.id)
  }
  await api.database.db
    .updateTable('runs')
    .set({ status: 'waiting', at_steps: [step], started: true })
    .where('id', 'in', ids)
    .execute()
  return ids
}

const broken: unknown[] = []
const work = () => {
  api.clock.now += 1000
  const onError = (error: unknown) => void broken.push(error)
  return workMigrations({ db: api.database.db, clock: () => api.clock.now, onError })
}

/** What runs were told and have not answered yet. */
async function toldRuns(migration: string) {
  const rows = await api.database.db
    .selectFrom('run_outbox')
    .innerJoin('run_commands', (join) =>
      join.onRef('run_commands.run_id', '=', 'run_outbox.run_id').onRef('run_commands.id', '=', 'run_outbox.id'),
    )
    .select(['run_outbox.run_id', 'run_outbox.id', 'run_commands.command'])
    .where('run_outbox.id', 'like', `%migrate:${migration}%`)
    .orderBy('run_commands.at')
    .execute()
  return rows.map(({ run_id: run, id, command }) => ({ run, id, command: command as unknown as OperatorCommand }))
}

/** As a run's stint does in the transaction in which it records what it was told. */
async function answer(told: Awaited<ReturnType<typeof toldRuns>>[number], refused: MigrationRefusal | null = null) {
  const { run, id, command } = told
  if (command.kind !== 'migrate' && command.kind !== 'unmigrate') throw new Error('Not a migration.')
  const at = api.clock.now
  const over: GoneOver = {
    position: 1,
    input: { kind: 'operator', at, id, command },
    epoch: at,
    summary: { status: 'waiting', reason: null, waitingUntil: null, at: ['x'], heldBy: [] },
    migration: command.migration,
    back: command.kind === 'unmigrate',
    plan: refused === null ? command.to.plan : command.from.plan,
    version: refused === null ? command.to.version : command.from.version,
    refused,
  }
  const record = createRunRecord(onPool(api.database.pool), () => undefined)
  expect(await record.goOver({ workspaceId: home.id, runId: run }, over)).toMatchObject({ ours: true })
  await api.database.db.deleteFrom('run_outbox').where('run_id', '=', run).where('id', '=', id).execute()
}

const read = async (slug: string, id: string) =>
  (await home.rest('GET', `/v1/playbooks/${slug}/migrations/${id}`)).json()

describe('publishing over runs that are open', () => {
  it('shows where they wait and what becomes of them, and takes what is said of it', async () => {
    expect((await publish('p', {}, call('a'), wait('pause'), call('b'))).json()).toEqual({ version: 1 })
    await runsAt('p', 'pause', 3)
    await home.rest('PUT', '/v1/playbooks/p', document(call('a'), wait('rest'), call('c')))
    const preview = (await home.rest('GET', '/v1/playbooks/p/publish-preview')).json()
    expect(preview).toMatchObject({ open: 3, versions: [{ version: 1, runs: 3 }], warnings: [] })
    expect(preview.waits).toMatchObject([{ step: 'pause', version: 1, runs: 3, change: 'gone' }])
    expect(preview.waits[0].targets.map(({ step }: { step: string }) => step)).toEqual(['a', 'rest', 'c'])

    const wrong = await home.rest('POST', '/v1/playbooks/p/publish', {
      openRuns: { moves: { pause: { to: 'nowhere' } } },
    })
    expect([wrong.statusCode, wrong.json().code]).toEqual([422, 'MOVE_INVALID'])
    const view = (await home.rest('GET', '/v1/playbooks/p')).json()
    expect(view.liveVersion, 'nothing was published').toBe(1)

    const moves = { pause: { to: 'rest' } }
    const done = (await home.rest('POST', '/v1/playbooks/p/publish', { openRuns: { moves, canary: 1 } })).json()
    expect(done).toMatchObject({ version: 2, migration: { total: 3 } })
    const second = await home.rest('POST', '/v1/playbooks/p/migrations', {})
    expect([second.statusCode, second.json().code]).toEqual([409, 'MIGRATION_RUNNING'])
  })
})

describe('a migration of open runs', () => {
  it('tells the first alone, then the rest, asks one that was busy again, and is taken back', async () => {
    await publish('q', {}, wait('pause'), call('b'))
    const runs = await runsAt('q', 'pause', 4)
    const { migration } = (await publish('q', { openRuns: { canary: 1 } }, wait('pause'), call('c'))).json()
    await work()
    const [first, ...none] = await toldRuns(migration.id)
    expect(none, 'the others wait for the first').toEqual([])
    expect(first).toMatchObject({
      run: runs[0],
      command: { kind: 'migrate', from: { version: 1 }, to: { version: 2 }, moves: {} },
    })
    await work()
    expect(await toldRuns(migration.id)).toHaveLength(1)
    if (first) await answer(first)
    await api.database.db
      .updateTable('runs')
      .set({ status: 'completed', ended_at: new Date() })
      .where('id', '=', runs[3] ?? '')
      .execute()
    await work()
    const [busy, other] = await toldRuns(migration.id)
    if (busy) await answer(busy, { code: 'busy', text: 'The run is acting' })
    if (other) await answer(other, { code: 'noMove', text: 'It waits elsewhere' })
    expect((await read('q', migration.id)).data).toMatchObject([
      { status: 'moved' },
      { status: 'waiting', code: 'busy' },
      { status: 'refused', code: 'noMove', reason: 'It waits elsewhere' },
      { status: 'passed', reason: 'The run has ended: completed' },
    ])
    api.clock.now += 6000
    await work()
    const [again] = await toldRuns(migration.id)
    expect(again?.id).toBe(`migrate:${migration.id}:2`)
    if (again) await answer(again)
    await work()
    expect((await read('q', migration.id)).migration).toMatchObject({
      status: 'done',
      total: 4,
      counts: { moved: 2, refused: 1, passed: 1 },
    })
    const rows = await api.database.db
      .selectFrom('runs')
      .select(['version', 'first_version'])
      .where('id', 'in', runs)
      .orderBy('created_at')
      .execute()
    expect(rows.map(({ version, first_version: was }) => [version, was])).toEqual([
      [2, 1],
      [2, 1],
      [1, null],
      [1, null],
    ])

    const reverted = await home.rest('POST', `/v1/playbooks/q/migrations/${migration.id}/revert`)
    expect(reverted.json()).toMatchObject({ status: 'reverting' })
    await work()
    const [back, left] = await toldRuns(migration.id)
    expect(back?.command).toMatchObject({ kind: 'unmigrate', from: { version: 2 }, to: { version: 1 } })
    if (back) await answer(back)
    if (left) await answer(left, { code: 'left', text: 'The run has left the wait' })
    await work()
    expect((await read('q', migration.id)).migration).toMatchObject({
      status: 'reverted',
      counts: { returned: 1, stayed: 1, refused: 1, passed: 1 },
    })
  })

  it('goes on behind one that cannot, which rests meanwhile and is said', async () => {
    const ids: string[] = []
    for (const slug of ['poisoned', 'good']) {
      await publish(slug, {}, wait('pause'), call('b'))
      await runsAt(slug, 'pause', 1)
      ids.push((await publish(slug, { openRuns: {} }, wait('pause'), call('c'))).json().migration.id)
    }
    const [poisoned = '', good = ''] = ids
    const perSecond = (n: number) =>
      api.database.db.updateTable('run_migrations').set({ per_second: n }).where('id', '=', poisoned).execute()
    await perSecond(-1)
    await work()
    expect([broken.length, (await toldRuns(good)).length]).toEqual([1, 1])
    await perSecond(1)
    await work()
    expect(await toldRuns(poisoned)).toHaveLength(0)
    api.clock.now += 30_000
    await work()
    expect([broken.length, (await toldRuns(poisoned)).length]).toEqual([1, 1])
  })

  it('stops when one of the first does not go over, and goes on when somebody says so', async () => {
    await publish('r', {}, wait('pause'), call('b'))
    await runsAt('r', 'pause', 2)
    await publish('r', {}, wait('rest'), call('b'))
    const { id } = (await home.rest('POST', '/v1/playbooks/r/migrations', { canary: 1 })).json()
    await work()
    const [first] = await toldRuns(id)
    if (first) await answer(first, { code: 'noMove', text: 'Nothing was said of it' })
    await work()
    expect((await read('r', id)).migration).toMatchObject({
      status: 'paused',
      reason: '1 of the first 1 runs did not go over. See why, then continue or take it back.',
    })
    const change = (what: string) => home.rest('POST', `/v1/playbooks/r/migrations/${id}/${what}`)
    expect((await change('pause')).json()).toMatchObject({ status: 409, code: 'MIGRATION_STATE' })
    expect((await change('continue')).json()).toMatchObject({ status: 'running', reason: null })
    await work()
    expect(await toldRuns(id)).toHaveLength(1)
    expect((await change('cancel')).json()).toMatchObject({ status: 'cancelled' })
    const away = await api.workspace('away')
    expect((await away.rest('GET', `/v1/playbooks/r/migrations/${id}`)).statusCode).toBe(404)
  })

  it('lets runs that wait for their turn begin under the version, without beginning them, and lets them go back', async () => {
    await publish('line', {}, wait('pause'), call('b'))
    const [open, ...inLine] = await runsAt('line', 'pause', 4)
    const queue = (ids: string[]) =>
      api.database.db
        .updateTable('runs')
        .set({ status: 'queued', at_steps: [], started: false, place: String(ids.length) })
        .where('id', 'in', ids)
        .execute()
    await queue(inLine)
    // One that entered by what version 2 does not have.
    const [other = '', ...fitting] = inLine
    await api.database.db
      .updateTable('runs')
      .set({ trigger: JSON.stringify({ step: 'another', data: {} }) })
      .where('id', '=', other)
      .execute()
    const { migration } = (await publish('line', { openRuns: { canary: 1 } }, wait('pause'), call('c'))).json()
    expect(migration).toMatchObject({ total: 4 })
    await work()
    const told = await toldRuns(migration.id)
    expect(
      told.map(({ run }) => run),
      'those in line are told nothing',
    ).toEqual([open])
    if (told[0]) await answer(told[0])
    await work()
    await work()
    expect(await toldRuns(migration.id)).toEqual([])
    expect((await read('line', migration.id)).migration).toMatchObject({
      status: 'done',
      counts: { moved: 3, passed: 1 },
    })
    const versions = async () =>
      (
        await api.database.db
          .selectFrom('runs')
          .select(['version', 'first_version'])
          .where('id', 'in', [other, ...fitting])
          .orderBy('created_at')
          .execute()
      ).map(({ version, first_version: was }) => [version, was])
    expect(await versions()).toEqual([
      [1, null],
      [2, null],
      [2, null],
    ])
    // One of them has its turn before the migration is taken back.
    await api.database.db
      .updateTable('runs')
      .set({ place: null })
      .where('id', '=', fitting[0] ?? '')
      .execute()
    await home.rest('POST', `/v1/playbooks/line/migrations/${migration.id}/revert`)
    await work()
    expect((await toldRuns(migration.id)).map(({ run }) => run)).toEqual([open])
    expect(await versions()).toEqual([
      [1, null],
      [2, null],
      [1, null],
    ])
    expect((await read('line', migration.id)).migration.counts).toEqual({
      passed: 1,
      stayed: 1,
      returned: 1,
      toldBack: 1,
    })
  })

  it('is not taken back while a newer one is under way', async () => {
    await publish('newer', {}, wait('pause'), call('b'))
    await runsAt('newer', 'pause', 1)
    const { migration } = (await publish('newer', { openRuns: {} }, wait('pause'), call('c'))).json()
    await work()
    for (const told of await toldRuns(migration.id)) await answer(told)
    await work()
    expect((await publish('newer', { openRuns: {} }, wait('pause'), call('d'))).json()).toMatchObject({ version: 3 })
    const revert = await home.rest('POST', `/v1/playbooks/newer/migrations/${migration.id}/revert`)
    expect([revert.statusCode, revert.json().code]).toEqual([409, 'MIGRATION_RUNNING'])
  })
})
