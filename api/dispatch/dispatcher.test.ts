import { sql } from 'kysely'
import { afterEach, expect, it } from 'vitest'
import { until } from '../../test/helpers/until.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { createRunDirectory } from '../db/run-directory.ts'
import type { EnteredRun } from '../enroll/enroll.ts'
import { type Dispatcher, startDispatcher } from './dispatcher.ts'
import { createCatalogCache } from './workspace-catalog.ts'
import { workEvents } from './work-events.ts'

let w: TestWorkspace
const running: Dispatcher[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((dispatcher) => dispatcher.stop()))
  await w.close()
})

const start = (startRuns: (ids: string[], runs: EnteredRun[]) => void, errors: unknown[] = []): void => {
  running.push(
    startDispatcher({
      pool: w.opened.pool,
      clock: () => Date.now(),
      startRuns: async (runs) =>
        startRuns(
          runs.map((run) => run.runId),
          runs,
        ),
      touchRuns: () => Promise.resolve(),
      onError: (error) => errors.push(error),
    }),
  )
}
const pending = async () =>
  (await w.opened.db.selectFrom('events').select('seq').where('status', '=', 'pending').execute()).length

it('several at once keep each subject’s order and start each run once', async () => {
  w = await createTestWorkspace(Date.now())
  await w.playbook('tenth', { trigger: { type: 'trigger.event', input: { event: 'Step' } } })
  const runs: string[] = []
  const errors: unknown[] = []
  for (let i = 0; i < 3; i++) start((ids) => runs.push(...ids), errors)
  for (let round = 0; round < 10; round++)
    await w.send(
      ...Array.from({ length: 40 }, (_, i) => ({
        type: 'track',
        userId: `u${i}`,
        anonymousId: `c${i % 7}`,
        event: 'Step',
        messageId: `${round}-${i}`,
      })), // prettier-ignore
      ...Array.from({ length: 10 }, (_, i) => ({ type: 'identify', userId: `u${i}`, traits: { round } })),
      ...Array.from({ length: 10 }, (_, i) => ({
        type: 'group',
        userId: `u${i}`,
        groupId: `g${i % 2}`,
        traits: { round },
      })),
    )
  await until('all is worked off and handed over', async () => (await pending()) === 0 && runs.length === 400)
  expect(errors).toEqual([])
  expect(new Set(runs).size).toBe(400)
  const rows = await w.opened.db
    .selectFrom('events')
    .select(['subject_key', 'seq', 'position', 'status'])
    .orderBy('position')
    .execute()
  expect(new Set(rows.map((row) => row.status))).toEqual(new Set(['done']))
  for (const [, events] of Map.groupBy(rows, (row) => row.subject_key)) {
    const seqs = events.map((event) => Number(event.seq))
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
  }
  const people = await w.opened.db.selectFrom('contacts').selectAll().where('external_id', 'is not', null).execute()
  expect(people).toHaveLength(40)
  for (let i = 0; i < 10; i++)
    expect(people.find((row) => row.external_id === `u${i}`)?.properties).toEqual({ round: 9 })
})

it('wakes at once when an event is committed', async () => {
  w = await createTestWorkspace(Date.now())
  await w.playbook('quick', { trigger: { type: 'trigger.event', input: { event: 'Now' } } })
  const started = new Promise<string>((resolve) => start(([id]) => resolve(id ?? '')))
  await w.send({ type: 'track', userId: 'u', event: 'Now' })
  expect(await started).toMatch(/^run_/)
})

it('sets an event aside that cannot be processed, and goes on with the others of its lane', async () => {
  w = await createTestWorkspace(Date.now())
  // A stored plan without its enrollment rules stands for any defect of ours.
  await w.playbook('broken', { trigger: { type: 'trigger.event', input: { event: 'Poison' } } })
  await sql`UPDATE plans SET plan = (plan::jsonb - 'enrollment')::json`.execute(w.opened.db)
  await w.send(
    { type: 'track', userId: 'u', event: 'Before' },
    { type: 'track', userId: 'u', event: 'Poison' },
    { type: 'track', userId: 'u', event: 'After' },
  )
  const deps = { pool: w.opened.pool, clock: () => w.clock.now, catalogs: createCatalogCache() }
  await workEvents(deps)
  const rows = await w.opened.db.selectFrom('events').select(['name', 'status', 'refusal']).orderBy('seq').execute()
  expect(rows).toMatchObject([
    { name: 'Before', status: 'done' },
    { name: 'Poison', status: 'refused', refusal: { code: 'PROCESSING_FAILED' } },
    { name: 'After', status: 'done' },
  ])
})

it('asks the rule of a new audience for everybody who is there, in pages that a kill does not lose', async () => {
  w = await createTestWorkspace(Date.now())
  await w.send(...Array.from({ length: 450 }, (_, i) => ({ type: 'identify', userId: `u${i}`, traits: { n: i } })))
  await w.dispatch()
  const id = await w.audience('segment', 'upper', { rule: { property: 'contact.n', op: 'gte', value: 100 } })
  await w.opened.db.updateTable('audiences').set({ backfill_done: false }).execute()
  const runs: string[] = []
  await w.playbook('entered', { trigger: { type: 'trigger.segment', input: { segment: 'upper', edge: 'entered' } } })
  start((ids) => runs.push(...ids))
  await until('all members are looked at', async () => {
    const row = await w.opened.db.selectFrom('audiences').select('backfill_done').executeTakeFirst()
    return row?.backfill_done === true
  })
  const members = await w.opened.db
    .selectFrom('audience_members')
    .select('is_member')
    .where('audience_id', '=', id)
    .execute()
  expect([members.length, runs]).toEqual([350, []])
})

it('hands a run over as its row says it, with the account of its event', async () => {
  w = await createTestWorkspace(Date.now())
  await w.playbook('grouped', { trigger: { type: 'trigger.event', input: { event: 'Now' } } })
  await w.send({ type: 'group', userId: 'u', groupId: 'g1' }, { type: 'group', userId: 'u', groupId: 'g2' })
  const started = new Promise<EnteredRun[]>((resolve) => start((_ids, runs) => resolve(runs)))
  await w.send({ type: 'track', userId: 'u', event: 'Now', properties: { seats: 4 }, context: { groupId: 'g2' } })
  const runs = await started
  expect(runs[0]?.subject.related).toEqual(expect.any(String))
  expect(runs).toEqual(await createRunDirectory(w.opened.pool).startData(runs))
})
