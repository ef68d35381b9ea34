import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AwaitedEvent, canListen, type Listening } from '../../engine/run/listens.ts'
import type { GoneOver, RunRef, RunSummary, RunWaits } from '../../engine/ports.ts'
import { chain, write } from '../../test/helpers/chain-plan.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { workEvents } from '../dispatch/work-events.ts'
import { mergeContacts } from '../identity/merge-contacts.ts'
import { newId } from './new-id.ts'
import { createRunRecord } from './run-record.ts'
import { createRunWaits, shareWaits, spareLooks, touchedBefore, touchWaits, unsureRuns } from './run-waits.ts'
import { inTransaction, onPool, type Queryable } from './sql.ts'

let w: TestWorkspace
let q: Queryable
let waits: RunWaits
beforeAll(async () => {
  w = await createTestWorkspace()
  q = onPool(w.opened.pool)
  waits = createRunWaits(w.opened.pool)
  const plan = chain(
    { id: 'wait', op: 'waitEvent', event: 'Paid', where: [], keys: [], since: 'entry', maxWaitMs: null, keeps: false },
    write('done'),
  )
  expect(canListen(plan)).toBe(true)
  const at = new Date(w.clock.now)
  const row = { workspace_id: w.id, hash: 'p', plan: JSON.stringify(plan), listens: true, created_at: at }
  await w.opened.db.insertInto('plans').values(row).execute()
})
afterAll(() => w.close())

async function contact(): Promise<{ id: string; userId: string }> {
  const userId = `u-${randomUUID()}`
  await w.send({ type: 'identify', userId, messageId: randomUUID() })
  await w.dispatch()
  const { id } = await w.opened.db
    .selectFrom('contacts')
    .select('id')
    .where('external_id', '=', userId)
    .executeTakeFirstOrThrow()
  return { id, userId }
}

async function run(subjectId: string, of: { kind?: 'contact' | 'account'; cause?: object } = {}): Promise<RunRef> {
  const id = `r-${randomUUID()}`
  const at = new Date(w.clock.now)
  await w.opened.db
    .insertInto('runs')
    .values({
      workspace_id: w.id,
      id,
      playbook_id: newId(w.clock.now),
      version: 1,
      plan_hash: 'p',
      subject_kind: of.kind ?? 'contact',
      subject_id: subjectId,
      occurrence: id,
      trigger: '{}',
      cause: JSON.stringify(of.cause ?? {}),
      created_at: at,
      updated_at: at,
    })
    .execute()
  return { workspaceId: w.id, runId: id }
}

const rows = (of: RunRef) =>
  w.opened.db
    .selectFrom('run_waits')
    .select(['subject_id', 'topics', 'awaited', 'asked', 'touched_at'])
    .where('run_id', '=', of.runId)
    .orderBy('subject_id')
    .execute()
const rule = { property: 'contact.plan', op: 'eq' as const, value: 'pro' }
const forRule = (...topics: string[]): Listening => ({ topics, awaited: [], asked: [{ rule, until: null }] })
const touch = (of: RunRef, now: number) => touchWaits(q, w.id, { runs: [of.runId], now })

describe('a look that is owed', () => {
  it('is owed still where another touch came after it was asked, however its clock stood', async () => {
    const { id } = await contact()
    const one = await run(id)
    await waits.listen(one, { kind: 'contact', id }, forRule('property:contact.plan'))
    for (const later of [0, -5, 5]) {
      await touch(one, w.clock.now)
      const asked = await unsureRuns(q, [one])
      expect(asked).toMatchObject([{ runId: one.runId, asked: [{ rule }] }])
      await touch(one, w.clock.now + later)
      await spareLooks(q, asked)
      expect((await rows(one))[0]?.touched_at, `touched again ${later} ms later`).not.toBeNull()
      await spareLooks(q, await unsureRuns(q, [one]))
      expect((await rows(one))[0]?.touched_at).toBeNull()
    }
  })

  it('is owed still where that touch is committed while the first is spared', async () => {
    const { id } = await contact()
    const one = await run(id)
    await waits.listen(one, { kind: 'contact', id }, forRule('property:contact.plan'))
    await touch(one, w.clock.now)
    const asked = await unsureRuns(q, [one])
    let sparing: Promise<void> = Promise.resolve()
    await inTransaction(w.opened.pool, async (trx) => {
      await touchWaits(trx, w.id, { runs: [one.runId], now: w.clock.now })
      sparing = spareLooks(q, asked)
      await expect.poll(() => blocked()).toBe(1)
    })
    await sparing
    expect((await rows(one))[0]?.touched_at).not.toBeNull()
  })

  it('comes to those first that are owed it longest', async () => {
    const { id } = await contact()
    const runs = [await run(id), await run(id), await run(id)]
    for (const [n, one] of runs.entries()) {
      await waits.listen(one, { kind: 'contact', id }, forRule('property:contact.plan'))
      await touch(one, [3, 1, 2][n] ?? 0)
    }
    expect(await touchedBefore(q, 10, { limit: 2, told: new Map() })).toEqual([runs[1], runs[2]])
    for (const one of runs) await spareLooks(q, await unsureRuns(q, [one]))
  })
})

const blocked = async (): Promise<number> =>
  (
    await q.rows<{ n: number }>(
      {
        name: 'test-blocked',
        text: `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      },
      [],
    )
  )[0]?.n ?? 0

const merge = (one: string, other: string) =>
  inTransaction(w.opened.pool, async (trx) =>
    mergeContacts(trx, {
      workspaceId: w.id,
      catalog: await createCatalogCache().get(trx, w.id),
      contacts: [one, other],
      reason: { kind: 'hand' },
      actor: 'test',
      now: w.clock.now,
    }),
  )

describe('two contacts that become one', () => {
  it('leave a run that waits for both one row, and a look that only the run can answer', async () => {
    const [one, other] = [await contact(), await contact()]
    const account = `acme-${randomUUID()}`
    for (const { userId } of [one, other])
      await w.send({ type: 'group', userId, groupId: account, messageId: randomUUID(), traits: {} })
    await w.dispatch()
    const { id } = await w.opened.db
      .selectFrom('accounts')
      .select('id')
      .where('external_id', '=', account)
      .executeTakeFirstOrThrow()
    const ofAccount = await run(id, { kind: 'account' })
    await waits.listen(ofAccount, { kind: 'account', id }, forRule('*'))
    expect((await rows(ofAccount)).map((row) => row.subject_id)).toEqual([one.id, other.id, id].toSorted())
    const ofLoser = await run(other.id)
    await waits.listen(ofLoser, { kind: 'contact', id: other.id }, forRule('property:contact.plan'))
    const merged = await merge(one.id, other.id)
    expect(merged?.winner).toBe(one.id)
    const left = await rows(ofAccount)
    expect(left.map((row) => row.subject_id)).toEqual([one.id, id].toSorted())
    expect(left.find((row) => row.subject_id === one.id)).toMatchObject({ asked: null, touched_at: expect.any(Date) })
    expect(await rows(ofLoser)).toMatchObject([{ subject_id: one.id, asked: null, touched_at: expect.any(Date) }])
    // However the rules stand: what it is told of is another's now.
    expect(await unsureRuns(q, [ofAccount, ofLoser])).toMatchObject([{ asked: null }, { asked: null }])
  })
})

describe('a run that begins to wait', () => {
  it('waits for who changes its subject, and follows where that contact has become another', async () => {
    const [winner, loser] = [await contact(), await contact()]
    const one = await run(loser.id)
    let listening: Promise<void> = Promise.resolve()
    await inTransaction(w.opened.pool, async (trx) => {
      await mergeContacts(trx, {
        workspaceId: w.id,
        catalog: await createCatalogCache().get(trx, w.id),
        contacts: [winner.id, loser.id],
        reason: { kind: 'hand' },
        actor: 'test',
        now: w.clock.now,
      })
      listening = waits.listen(one, { kind: 'contact', id: loser.id }, forRule('property:contact.plan'))
      await expect.poll(() => blocked()).toBe(1)
      expect(await rows(one)).toEqual([])
    })
    await listening
    expect((await rows(one)).map((row) => row.subject_id)).toEqual([winner.id])
  })

  it('is told for sure when its contact comes to an account, which it listens to from then on', async () => {
    const { id, userId } = await contact()
    const one = await run(id)
    const topics = forRule('attached', 'property:account.plan')
    await waits.listen(one, { kind: 'contact', id }, topics)
    await w.send({ type: 'group', userId, groupId: `g-${userId}`, messageId: randomUUID(), traits: { plan: 'free' } })
    const deps = { pool: w.opened.pool, clock: () => w.clock.now, catalogs: createCatalogCache() }
    const { touched } = await workEvents(deps)
    expect(touched).toEqual([{ ...one, concern: 'event' }])
    await waits.listen(one, { kind: 'contact', id }, topics)
    expect(await rows(one)).toMatchObject([{ touched_at: null }, { touched_at: null }])
  })

  it('writes nothing where nothing is another, and leaves no row of what it no longer reads', async () => {
    const { id } = await contact()
    const one = await run(id)
    const version = async () =>
      (
        await q.rows<{ v: string }>(
          { name: 'test-xmin', text: 'SELECT xmin::text AS v FROM run_waits WHERE run_id = $1' },
          [one.runId],
        )
      ).map(({ v }) => v)
    await waits.listen(one, { kind: 'contact', id }, forRule('property:contact.plan'))
    const before = await version()
    await waits.listen(one, { kind: 'contact', id }, forRule('property:contact.plan'))
    expect(await version()).toEqual(before)
    await waits.listen(one, { kind: 'contact', id }, forRule('segment:x'))
    expect(await rows(one)).toMatchObject([{ topics: ['segment:x'] }])
    await waits.listen(one, { kind: 'contact', id }, null)
    expect(await rows(one)).toEqual([])
  })

  it('is many at once, with connections left for others', async () => {
    const { id } = await contact()
    const runs = await Promise.all(Array.from({ length: 20 }, () => run(id)))
    let done: Promise<unknown> = Promise.resolve()
    await inTransaction(w.opened.pool, async (trx) => {
      await shareWaits(trx, [id])
      const listening = runs.map((one) => waits.listen(one, { kind: 'contact', id }, forRule('property:contact.plan')))
      await expect.poll(() => blocked()).toBe(4)
      // The pool has ten.
      expect(await Promise.all(runs.slice(0, 5).map(rows))).toEqual([[], [], [], [], []])
      done = Promise.all(listening)
    })
    await done
    for (const one of runs) expect(await rows(one)).toHaveLength(1)
  })
})

describe('what was heard', () => {
  const awaited = (more: Partial<AwaitedEvent> = {}): AwaitedEvent => ({
    step: 'wait',
    visit: 1,
    event: 'Paid',
    where: [],
    keys: {},
    since: 'trigger',
    deadline: null,
    ...more,
  })

  it('is the first that fits, by its key, its filters and its time, however many came before', async () => {
    const { id, userId } = await contact()
    const paid = (n: number, more = {}) => ({
      type: 'track',
      event: 'Paid',
      userId,
      messageId: randomUUID(),
      properties: { order: { n }, lines: [{ n }], ...more },
    })
    await w.send(paid(1), paid(1))
    await w.dispatch()
    w.clock.now += 1000
    const one = await run(id)
    const begun = w.clock.now
    await w.send(...Array.from({ length: 230 }, (_, n) => paid(n)))
    await w.send(paid(7, { again: true }))
    await w.dispatch()
    const first = async (...of: AwaitedEvent[]) => {
      const found = await waits.first(one, { kind: 'contact', id }, { awaited: of, at: w.clock.now })
      return found && [found.awaited.step, found.event.properties]
    }
    const properties = (n: number, more = {}) => ({ order: { n }, lines: [{ n }], ...more })
    expect(await first(awaited({ keys: { 'order.n': 1 } }))).toEqual(['wait', properties(1)])
    expect(await first(awaited({ keys: { 'lines.0.n': 229 } })), 'beyond the first pages').toEqual([
      'wait',
      properties(229),
    ])
    expect(
      await first(awaited({ keys: { order: { n: 7 } }, where: [{ property: 'again', op: 'eq', value: true }] })),
    ).toEqual(['wait', properties(7, { again: true })])
    expect(await first(awaited({ keys: { 'order.n': 300 } }))).toBeNull()
    expect(await first(awaited({ keys: { 'order.n': '1' } })), 'text is no number').toBeNull()
    expect(await first(awaited({ since: w.clock.now }))).toEqual(['wait', properties(7, { again: true })])
    expect(await first(awaited({ since: w.clock.now + 1 }))).toBeNull()
    expect(await first(awaited({ deadline: begun }))).toBeNull()
    expect(await first(awaited({ deadline: begun + 1, keys: { 'order.n': 7 } }))).toEqual(['wait', properties(7)])
    const two = [
      awaited({ step: 'a', event: 'Never' }),
      awaited({ step: 'b', keys: { 'order.n': 3 } }),
      awaited({ step: 'c' }),
    ]
    expect(await first(...two)).toEqual(['c', properties(0)])
  })

  it('counts from the event that started the run', async () => {
    const { id, userId } = await contact()
    const paid = (n: number) => ({ type: 'track', event: 'Paid', userId, messageId: randomUUID(), properties: { n } })
    await w.send(paid(1))
    await w.dispatch()
    const { seq } = await w.opened.db
      .selectFrom('events')
      .select('seq')
      .where('contact_id', '=', id)
      .where('kind', '=', 'track')
      .executeTakeFirstOrThrow()
    const one = await run(id, { cause: { kind: 'event', seq } })
    const heard = async () =>
      (await waits.first(one, { kind: 'contact', id }, { awaited: [awaited()], at: w.clock.now }))?.event
    expect(await heard()).toBeUndefined()
    await w.send(paid(2))
    await w.dispatch()
    expect(await heard()).toMatchObject({ properties: { n: 2 } })
  })
})

describe('what the record says of a run', () => {
  const record = () => createRunRecord(q, () => undefined)
  const summary = (status: RunSummary['status']): RunSummary => ({
    status,
    reason: null,
    waitingUntil: null,
    at: [],
    heldBy: [],
    milestoneDue: 5000,
  })
  const row = (of: RunRef) =>
    w.opened.db.selectFrom('runs').selectAll().where('id', '=', of.runId).executeTakeFirstOrThrow()
  const plan = (hash: string, listens: boolean) =>
    w.opened.db
      .insertInto('plans')
      .values({ workspace_id: w.id, hash, plan: '{}', listens, created_at: new Date(w.clock.now) })
      .execute()
  const goneOver = (to: string, more: Partial<GoneOver> = {}): GoneOver => {
    const migration = randomUUID()
    const from = { plan: 'p', version: 1 }
    const command = { kind: 'migrate' as const, migration, from, to: { plan: to, version: 2 }, moves: {} }
    return {
      position: 1,
      input: { kind: 'operator', at: w.clock.now, id: `migrate:${migration}`, command },
      epoch: 10,
      summary: summary('waiting'),
      migration,
      back: false,
      plan: to,
      version: 2,
      refused: null,
      ...more,
    }
  }

  it('takes its waits with its end, unless a later task has it', async () => {
    const { id } = await contact()
    const one = await run(id)
    await waits.listen(one, { kind: 'contact', id }, forRule('segment:x'))
    await record().append(one, { from: 0, inputs: [], epoch: 10, summary: summary('waiting') })
    const end = (epoch: number) =>
      record().conclude(one, { from: 1, inputs: [], epoch, summary: summary('completed') }, w.clock.now)
    await end(9)
    expect(await rows(one)).toHaveLength(1)
    await end(10)
    expect(await rows(one)).toEqual([])
    expect(await row(one)).toMatchObject({ status: 'completed', ended_at: expect.any(Date) })
  })

  it('takes them where it goes over to a plan whose runs wait for nothing, and no others', async () => {
    const { id } = await contact()
    const [one, other] = [await run(id), await run(id)]
    for (const each of [one, other]) await waits.listen(each, { kind: 'contact', id }, forRule('segment:x'))
    await plan('silent', false)
    await plan('listening', true)
    await record().goOver(one, goneOver('silent', { epoch: -1 }))
    expect(await rows(one), 'a later task has it').toHaveLength(1)
    await record().goOver(one, goneOver('silent'))
    await record().goOver(other, goneOver('listening'))
    expect(await rows(one)).toEqual([])
    expect(await rows(other)).toHaveLength(1)
    expect(await row(one)).toMatchObject({ plan_hash: 'silent', version: 2, milestone_due: new Date(5000) })
  })

  it('keeps when a run ended that is asked to go over afterwards', async () => {
    const { id } = await contact()
    const one = await run(id)
    await record().conclude(one, { from: 0, inputs: [], epoch: 10, summary: summary('completed') }, w.clock.now)
    const { ended_at } = await row(one)
    const refused = { code: 'over' as const, text: 'The run has ended: completed' }
    await record().goOver(one, goneOver('p', { version: 1, summary: summary('completed'), refused }))
    expect(await row(one)).toMatchObject({ status: 'completed', ended_at, version: 1 })
    expect(ended_at).not.toBeNull()
  })
})
