import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Concurrency, Enrollment } from '../../engine/model/playbook.ts'
import type { Json } from '../../nodes/manifest.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { inTransaction } from '../db/sql.ts'
import { type Candidate, enroll, type EnrollmentOutcome, occurrence } from './enroll.ts'
import { startNextInLine } from './start-next-in-line.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const trigger = { type: 'trigger.event', input: { event: 'Ordered' } }
const order = (userId: string, orderId?: string | number): Json => ({
  type: 'track',
  userId,
  event: 'Ordered',
  properties: orderId === undefined ? {} : { orderId },
})
async function playbook(slug: string, enrollment: Partial<Enrollment>) {
  // One at a time listens.
  await w.opened.db.updateTable('playbooks').set({ status: 'archived' }).execute()
  return w.playbook(slug, { trigger, enrollment })
}
const answers = async (playbookId: string): Promise<Array<[code: string, runId: string | null]>> => {
  const rows = await w.opened.db
    .selectFrom('enrollments')
    .select(['code', 'run_id'])
    .where('playbook_id', '=', playbookId)
    .orderBy('id')
    .execute()
  return rows.map((row) => [row.code, row.run_id])
}
const codes = async (playbookId: string) => (await answers(playbookId)).map(([code]) => code)
const next = async (): Promise<string[]> => {
  const started: string[] = []
  await startNextInLine({
    pool: w.opened.pool,
    clock: () => w.clock.now,
    startRuns: async (runs) => void started.push(...runs.map((run) => run.runId)),
  })
  return started
}
const row = (id: string) =>
  w.opened.db
    .selectFrom('runs')
    .select(['status', 'reason', 'ended_at', 'place'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
const end = async (id: string): Promise<void> => {
  const ended_at = new Date(w.clock.now)
  await w.opened.db
    .updateTable('runs')
    .set({ status: 'completed', started: true, ended_at })
    .where('id', '=', id)
    .execute()
}
const runsOf = async (playbookId: string): Promise<string[]> =>
  (await answers(playbookId)).flatMap(([, id]) => (id === null ? [] : [id]))

describe('entry by a key', () => {
  it('lets each order in once, and says why not where an event has none', async () => {
    const id = await playbook('orders', { reentry: { policy: 'once', key: 'trigger.properties.orderId' } })
    await w.send(order('ada', 17), order('ada', 18), order('ada', 17), order('ada', '17'), order('ada'))
    expect(await w.dispatch()).toHaveLength(3)
    expect(await codes(id)).toEqual(['STARTED', 'STARTED', 'ALREADY_ENROLLED', 'STARTED', 'NO_KEY'])
    await w.send(order('bob', 17))
    expect(await w.dispatch()).toHaveLength(1)
  })

  it('remembers it of runs that are no longer kept, also where the contact has become another', async () => {
    const id = await playbook('kept', { reentry: { policy: 'once', key: 'trigger.properties.orderId' } })
    await w.send(order('cid', 1), order('former', 2))
    await w.dispatch()
    const cid = await subjectOf('cid')
    const former = await subjectOf('former')
    await w.opened.pool.query(
      `INSERT INTO former_entries SELECT workspace_id, playbook_id, subject_id, entry_key, created_at FROM runs WHERE playbook_id = $1`,
      [id],
    )
    await w.opened.db.deleteFrom('runs').where('playbook_id', '=', id).execute()
    await w.opened.db.updateTable('contacts').set({ merged_into: cid }).where('id', '=', former).execute()
    await w.send(order('cid', 1), order('cid', 2), order('cid', 3))
    await w.dispatch()
    expect((await codes(id)).slice(2)).toEqual(['ALREADY_ENROLLED', 'ALREADY_ENROLLED', 'STARTED'])
  })
})

const subjectOf = async (externalId: string): Promise<string> =>
  (
    await w.opened.db
      .selectFrom('contacts')
      .select('id')
      .where('external_id', '=', externalId)
      .executeTakeFirstOrThrow()
  ).id

const serial = (concurrency: Concurrency) => ({ reentry: { policy: 'every' as const }, concurrency })

describe('runs that take turns', () => {
  it('wait in the order in which they came, so many and no more', async () => {
    const id = await playbook('queue', serial({ policy: 'queue', most: 2 }))
    await w.send(order('dan', 1), order('dan', 2), order('dan', 3), order('dan', 4))
    const started = (await w.dispatch()).map((run) => run.runId)
    expect(await codes(id)).toEqual(['STARTED', 'WAITS_ITS_TURN', 'WAITS_ITS_TURN', 'QUEUE_FULL'])
    const [first = '', second = '', third = ''] = await runsOf(id)
    expect(started).toEqual([first])
    expect(await next()).toEqual([])
    expect(await row(second)).toMatchObject({ status: 'queued', reason: 'Waits for its turn', ended_at: null })
    await end(first)
    // Those that wait go first: whoever comes now stands behind them.
    await w.send(order('dan', 5))
    expect(await w.dispatch()).toEqual([])
    expect(await codes(id)).toContain('QUEUE_FULL')
    expect(await next()).toEqual([second])
    expect(await row(second)).toMatchObject({ status: 'queued', reason: null, place: null })
    expect(await next()).toEqual([])
    await end(second)
    expect(await next()).toEqual([third])
    await end(third)
    await w.send(order('dan', 6))
    expect(await w.dispatch()).toHaveLength(1)
  })

  it('of different keys go on together', async () => {
    const id = await playbook('per-order', {
      reentry: { policy: 'every', key: 'trigger.properties.orderId' },
      concurrency: { policy: 'queue', most: 9 },
    })
    await w.send(order('eve', 1), order('eve', 2), order('eve', 1))
    expect(await w.dispatch()).toHaveLength(2)
    const [first = '', , again = ''] = await runsOf(id)
    await end(first)
    expect(await next()).toEqual([again])
  })

  it('give way to the newest, also within one batch', async () => {
    const id = await playbook('newest', serial({ policy: 'newest' }))
    await w.send(order('fay', 1), order('fay', 2), order('fay', 3))
    await w.dispatch()
    await w.send(order('fay', 4))
    await w.dispatch()
    const [first = '', second = '', third = '', fourth = ''] = await runsOf(id)
    for (const gone of [second, third])
      expect(await row(gone)).toMatchObject({ status: 'exited', reason: 'replaced', ended_at: expect.any(Date) })
    await end(first)
    expect(await next()).toEqual([fourth])
    expect(await w.opened.db.selectFrom('run_outbox').selectAll().execute()).toEqual([])
  })

  it('are told to end where the newest replaces them', async () => {
    const id = await playbook('replace', serial({ policy: 'replace' }))
    await w.send(order('gus', 1), order('gus', 2))
    await w.dispatch()
    await w.send(order('gus', 3))
    await w.dispatch()
    const [first = '', second = '', third = ''] = await runsOf(id)
    const owed = await w.opened.db
      .selectFrom('run_outbox')
      .innerJoin('run_commands', 'run_commands.id', 'run_outbox.id')
      .select(['run_outbox.run_id', 'run_commands.command'])
      .execute()
    expect(new Set(owed.map((one) => one.run_id))).toEqual(new Set([first]))
    expect(owed[0]?.command).toEqual({ kind: 'exit', reason: 'replaced' })
    expect(await row(second)).toMatchObject({ status: 'exited', reason: 'replaced' })
    expect(await next()).toEqual([])
    await end(first)
    expect(await next()).toEqual([third])
  })
})

it('a run that another one waits for is told to end, so that the other hears of it', async () => {
  const id = await playbook('called', serial({ policy: 'newest' }))
  await w.send(order('ida', 1), order('ida', 2))
  await w.dispatch()
  const [first = '', called = ''] = await runsOf(id)
  await w.opened.db
    .insertInto('run_calls')
    .values({ workspace_id: w.id, key: 'k', caller_id: first, step: 's', visit: 1, run_id: called, waits: true })
    .execute()
  await w.send(order('ida', 3))
  await w.dispatch()
  expect(await row(called)).toMatchObject({ status: 'queued', ended_at: null })
  const owed = w.opened.db.selectFrom('run_outbox').select('run_id').where('run_id', 'in', [first, called])
  expect(await owed.execute()).toEqual([{ run_id: called }])
})

describe('many at once', () => {
  const candidateOf = (playbookId: string, subjectId: string, n: number): Candidate => ({
    playbook: {
      id: playbookId,
      version: 1,
      planHash: 'hash',
      subject: 'contact',
      enrollment: serial({ policy: 'queue', most: 5 }),
    },
    step: 'start',
    subjectId,
    occurrence: occurrence.key(`many-${n}`),
    data: {},
    cause: { kind: 'test' },
    eventSeq: null,
    edgeId: null,
    refusal: null,
    why: null,
  })

  it('one begins, as many wait as may, and each begins once, by whomever it is found', async () => {
    const id = await playbook('many', serial({ policy: 'queue', most: 5 }))
    await w.send({ type: 'identify', userId: 'hal' })
    await w.dispatch()
    const hal = await subjectOf('hal')
    const outcomes = await Promise.all(
      Array.from(
        { length: 12 },
        (_, n): Promise<EnrollmentOutcome[]> =>
          inTransaction(w.opened.pool, (q) =>
            enroll(q, w.id, { candidates: [candidateOf(id, hal, n)], now: w.clock.now + n }),
          ),
      ),
    )
    const kinds = outcomes.flat().map((o) => (o.outcome === 'refused' ? o.code : o.outcome))
    const count = (kind: string) => kinds.filter((one) => one === kind).length
    expect([count('started'), count('waiting'), count('QUEUE_FULL')]).toEqual([1, 5, 6])
    // The same request again: nothing that waits is started by it.
    const repeated = outcomes.findIndex(([o]) => o?.outcome === 'waiting')
    const again = await inTransaction(w.opened.pool, (q) =>
      enroll(q, w.id, { candidates: [candidateOf(id, hal, repeated)], now: w.clock.now }),
    )
    expect(again).toMatchObject([{ outcome: 'repeated', waits: true }])

    const begun: string[] = []
    for (let turn = 0; turn < 6; turn += 1) {
      const open = await w.opened.db
        .selectFrom('runs')
        .select('id')
        .where('playbook_id', '=', id)
        .where('ended_at', 'is', null)
        .where('place', 'is', null)
        .execute()
      expect(open).toHaveLength(1)
      await end(open[0]?.id ?? '')
      begun.push(...(await Promise.all([next(), next(), next()])).flat())
    }
    expect(new Set(begun).size).toBe(5)
    expect(begun).toHaveLength(5)
  })
})
