import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chain, write } from '../../test/helpers/chain-plan.ts'
import { createLiveShell, type LiveShell } from '../../test/helpers/live-shell.ts'
import { until } from '../../test/helpers/until.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { RunRef } from '../ports.ts'
import { replay } from '../run/view.ts'
import { createTouch } from './reconcile.ts'

let shell: LiveShell
beforeAll(async () => {
  shell = await createLiveShell()
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
  shell.errors.length = 0
})

const waiting = async (run: RunRef) => {
  await until('the run waits', async () => expect(await shell.row(run)).toMatchObject({ status: 'waiting' }))
  await until('what it listens for is committed', async () => expect(await listening(run)).not.toEqual([]))
}
/** Whatever it was told of it has looked at. */
const untouched = (run: RunRef) =>
  until('the run has looked', async () => expect(await listening(run)).toMatchObject([{ touched_at: null }]))
const texts = () => shell.outside.written.map((line) => line.text).toSorted()
const listening = (run: RunRef) =>
  shell.w.opened.db.selectFrom('run_waits').selectAll().where('run_id', '=', run.runId).execute()
/** All that was sent has been worked off, and whoever listens for it has been told. */
const heard = () =>
  until('every event is worked off', async () =>
    expect(
      await shell.w.opened.db.selectFrom('events').select('seq').where('status', '=', 'pending').execute(),
    ).toEqual([]),
  )

type WaitEvent = PlanStep & { op: 'waitEvent' }

/** start --> wait --> happened: yes, timeout: no */
function waitFor(given: Partial<WaitEvent>): Plan {
  const plan = chain(
    { id: 'wait', op: 'waitEvent', where: [], keys: [], since: 'entry', maxWaitMs: null, keeps: false, ...given },
    write('yes'),
    write('no'),
  )
  return forked(plan, ['happened', 'timeout'])
}

/** The last two steps behind two ports of the one before them. */
function forked(plan: Plan, [first, second]: [string, string]): Plan {
  const steps = plan.steps.map((step): PlanStep => {
    if (step.id === 'wait') return { ...step, out: { [first]: ['yes'], [second]: ['no'] } }
    if (step.id === 'yes') return { ...step, in: [{ step: 'wait', port: first }], out: { next: [] } }
    return step.id === 'no' ? { ...step, in: [{ step: 'wait', port: second }] } : step
  })
  return { ...plan, steps }
}

const track = (userId: string, event: string, properties = {}) => ({
  type: 'track',
  messageId: randomUUID(),
  userId,
  event,
  properties,
})

describe('a run that waits for an event', () => {
  it('goes on when it comes with its keys, and not when another order is shipped', async () => {
    const { id, userId } = await shell.contact()
    const plan = waitFor({ event: 'Order Shipped', keys: [{ property: 'order', path: 'trigger.order' }] })
    const [one, two] = [await shell.start(plan, { order: 17 }, id), await shell.start(plan, { order: 18 }, id)]
    await waiting(one)
    await waiting(two)
    await shell.send(track(userId, 'Order Shipped', { order: 18 }))
    await shell.ended(two)
    expect(await shell.row(one)).toMatchObject({ status: 'waiting' })
    expect(await shell.inputs(one)).toHaveLength(1)
    await shell.send(track(userId, 'Order Shipped', { order: 17 }))
    await shell.ended(one)
    expect(texts()).toEqual(['yes', 'yes'])
    expect((await shell.inputs(one)).map(({ kind }) => kind)).toEqual(['start', 'event', 'outcome'])
    expect(await listening(one)).toEqual([])
    expect(shell.errors).toEqual([])
  })

  it('takes the timeout where nothing came, also where something comes too late', async () => {
    const { id, userId } = await shell.contact()
    const run = await shell.start(waitFor({ event: 'Paid', maxWaitMs: 400 }), {}, id)
    const patient = await shell.start(waitFor({ event: 'Paid' }), {}, id)
    await waiting(patient)
    await shell.ended(run)
    expect(texts()).toEqual(['no'])
    const before = shell.told.length
    await shell.send(track(userId, 'Paid'))
    // Whoever is told of an event is told together: once this one has heard it, the other would have, too.
    await shell.ended(patient)
    await heard()
    expect(shell.told.slice(before)).toMatchObject([patient])
    expect((await shell.inputs(run)).map(({ kind }) => kind)).toEqual(['start', 'due', 'outcome'])
    expect(await shell.row(run)).toMatchObject({ status: 'completed' })
    expect(texts()).toEqual(['no', 'yes'])
  })

  it('hears what came after its trigger and before it began to wait', async () => {
    const { id, userId } = await shell.contact()
    const run = await shell.enroll(waitFor({ event: 'Paid', since: 'trigger' }), {}, id)
    const late = await shell.enroll(waitFor({ event: 'Paid', since: 'entry' }), {}, id)
    await shell.send(track(userId, 'Paid'))
    await heard()
    await shell.client.startRuns([run, late])
    await shell.ended(run)
    await waiting(late)
    expect(texts()).toEqual(['yes'])
  })

  // Nobody sweeps here: one that were missed would wait for ever.
  it('misses none that comes while it begins to wait', async () => {
    const { id, userId } = await shell.contact()
    const plan = waitFor({ event: 'Paid', since: 'trigger', keys: [{ property: 'n', path: 'trigger.n' }] })
    const numbers = Array.from({ length: 60 }, (_, n) => n)
    const runs = await Promise.all(numbers.map((n) => shell.enroll(plan, { n }, id)))
    const starting = shell.client.startRuns(runs)
    for (const n of numbers) await shell.send(track(userId, 'Paid', { n: (n * 7) % 60 }))
    await starting
    await Promise.all(runs.map((run) => shell.ended(run)))
    expect(texts().filter((text) => text === 'yes')).toHaveLength(60)
    expect(shell.errors).toEqual([])
  })

  it('is told again where whoever was to tell it died on the way', async () => {
    const { id, userId } = await shell.contact()
    const run = await shell.start(waitFor({ event: 'Paid' }), {}, id)
    await waiting(run)
    // As though the process had ended between the commit and the call.
    await shell.w.opened.db
      .updateTable('run_waits')
      .set({ touched_at: new Date(1) })
      .where('run_id', '=', run.runId)
      .execute()
    const touching = createTouch(shell.directory, shell.client)
    expect(await touching.overdue(Date.now() - 1000)).toBe(1)
    await untouched(run)
    await shell.send(track(userId, 'Paid'))
    await shell.ended(run)
  })
})

describe('a run that was told', () => {
  it('is not told again while it has not looked, unless more has happened or it could not be told', async () => {
    const { id } = await shell.contact()
    const run = await shell.start(waitFor({ event: 'Paid' }), {}, id)
    await waiting(run)
    const touched = (at: number) =>
      shell.w.opened.db
        .updateTable('run_waits')
        .set({ touched_at: new Date(at) })
        .where('run_id', '=', run.runId)
        .execute()
    const told: RunRef[] = []
    let refuses = true
    // Nobody looks, so that only what was told counts.
    const deaf = (runs: RunRef[]) => {
      if (refuses) return Promise.reject(new Error('Temporal is away.'))
      told.push(...runs)
      return Promise.resolve()
    }
    const touching = createTouch(shell.directory, { touchRuns: deaf })
    await touched(1)
    await expect(touching.overdue(Date.now())).rejects.toThrow('Temporal is away.')
    refuses = false
    expect([await touching.overdue(Date.now()), await touching.overdue(Date.now())]).toEqual([1, 0])
    await touched(Date.now() + 1)
    expect(await touching.overdue(Date.now() + 1000)).toBe(1)
    expect(told).toEqual([run, run].map(({ workspaceId, runId }) => ({ workspaceId, runId })))
    await shell.client.command(run, { id: 'enough', command: { kind: 'cancel', reason: 'enough' } })
    await shell.ended(run)
  })
})

describe('a run that waits for a rule', () => {
  const rule = { property: 'contact.plan', op: 'eq' as const, value: 'pro' }
  const reads = { properties: ['contact.plan'], segments: [], signals: [], events: {} }
  const waitRule = (maxWaitMs: number | null): Plan =>
    forked({ ...chain({ id: 'wait', op: 'waitRule', rule, maxWaitMs }, write('yes'), write('no')), reads }, [
      'met',
      'timeout',
    ])

  it('goes on when a property makes it true, and keeps nothing of looks that changed nothing', async () => {
    const { id, userId } = await shell.contact({ plan: 'free' })
    const run = await shell.start(waitRule(null), {}, id)
    await waiting(run)
    for (const plan of ['team', 'trial'])
      await shell.send({ type: 'identify', messageId: randomUUID(), userId, traits: { plan } })
    await heard()
    await untouched(run)
    expect(shell.told, 'a look that changes nothing is not even told').not.toContainEqual(expect.objectContaining(run))
    await shell.send({ type: 'identify', messageId: randomUUID(), userId, traits: { plan: 'pro' } })
    await shell.ended(run)
    expect((await shell.inputs(run)).map(({ kind }) => kind)).toEqual(['start', 'look', 'outcome'])
    expect(texts()).toEqual(['yes'])
  })

  it('ends at once where the goal is reached while it waits for something else', async () => {
    const { id, userId } = await shell.contact({ plan: 'free' })
    const plan = {
      ...waitFor({ event: 'Never' }),
      reads,
      watches: true as const,
      enrollment: { reentry: { policy: 'every' as const }, exit: [], goal: { name: 'on pro', if: rule } },
    }
    const run = await shell.start(plan, {}, id)
    await waiting(run)
    await shell.send({ type: 'identify', messageId: randomUUID(), userId, traits: { plan: 'pro' } })
    await shell.ended(run)
    const { state } = replay(plan, await shell.inputs(run))
    expect(state).toMatchObject({ status: 'exited', reason: 'goal: on pro' })
    expect(await listening(run)).toEqual([])
  })

  it('waits for whom its contact has become', async () => {
    const { id } = await shell.contact({ plan: 'free', email: `${randomUUID()}@example.com` })
    const run = await shell.start(waitRule(null), {}, id)
    await waiting(run)
    const other = await shell.contact({ plan: 'free' })
    const { mergeContacts } = await import('../../api/identity/merge-contacts.ts')
    const { inTransaction } = await import('../../api/db/sql.ts')
    const { createCatalogCache } = await import('../../api/dispatch/workspace-catalog.ts')
    await inTransaction(shell.w.opened.pool, async (q) =>
      mergeContacts(q, {
        workspaceId: shell.w.id,
        catalog: await createCatalogCache().get(q, shell.w.id),
        contacts: [id, other.id],
        reason: { kind: 'hand' },
        actor: 'test',
        now: Date.now(),
      }),
    )
    await shell.send({ type: 'identify', messageId: randomUUID(), userId: other.userId, traits: { plan: 'pro' } })
    await shell.ended(run)
    expect(texts()).toEqual(['yes'])
  })
})
