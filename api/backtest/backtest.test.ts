import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAY } from '../../engine/model/duration.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import type { Rule } from '../../engine/model/rule.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import { mergeReads, readsOf } from '../../engine/rules/reads.ts'
import { act, branch, planOf, trigger } from '../../test/helpers/plans.ts'
import type { Json } from '../../nodes/manifest.ts'
import { seeded } from '../../test/helpers/random.ts'
import { type Happening, travel } from '../../test/helpers/time-travel.ts'
import { until } from '../../test/helpers/until.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { newId } from '../db/new-id.ts'
import { onPool } from '../db/sql.ts'
import { factsThen, isNotYet } from '../why/facts-then.ts'
import { startBacktestRunner } from './backtest-runner.ts'
import { type AskedBacktest, claimBacktest } from './backtest-store.ts'
import { type BacktestResult, runBacktest } from './run-backtest.ts'

const START = Date.parse('2026-01-05T00:00:00Z')
const FROM = START + 5 * DAY
const UNTIL = START + 20 * DAY
const PEOPLE = 24
const TEAM: Rule = { property: 'contact.plan', op: 'eq', value: 'team' }
const RULES: { [port: string]: Rule } = {
  // Of the contact, of its account, a signal, counts with values in a window, and what changed when.
  hot: {
    all: [
      { signal: 'busy', is: 'set' },
      { property: 'account.seats', op: 'gt', value: 20 },
    ],
  },
  paid: { aggregate: 'sum', event: 'Paid', of: 'amount', op: 'gt', value: 15, within: 'P9D' },
  moved: { changed: 'contact.plan', within: 'P3D' },
  team: TEAM,
}

const plan: Plan = {
  ...planOf([
    { ...trigger('start', ['which']), op: 'trigger', type: 'trigger.event@1', input: { event: 'Asked' } } as PlanStep,
    branch(
      'which',
      Object.entries(RULES).map(([port, rule]) => ({ port, if: rule })),
      {
        hot: ['write'],
        paid: [],
        moved: [],
        team: [],
        else: [],
      },
    ),
    act('write'),
  ]),
  enrollment: { reentry: { policy: 'once' }, exit: [], goal: null },
  reads: mergeReads(Object.values(RULES).map(readsOf)),
}

let w: TestWorkspace
let playbookId: string
beforeAll(async () => {
  w = await createTestWorkspace(START)
  await w.audience('signal', 'busy', { rule: { event: 'Used', count: { op: 'gte', value: 2 }, within: 'P8D' } })
  playbookId = await w.playbook('asked', {
    trigger: { type: 'trigger.event', input: { event: 'Asked' } },
    reentry: { policy: 'once' },
  })
  await travel(w, { happenings: lives(), until: UNTIL })
})
afterAll(() => w.close())

/** Random lives of some people in a few accounts; many things happen at the same instant. */
function* lives(): Iterable<Happening> {
  const random = seeded(4)
  const any = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  for (let hour = 0; hour < 20 * 24; hour += 8) {
    const at = START + 1 + hour * 3_600_000
    for (let n = 0; n < 8; n += 1) {
      const userId = `u-${Math.floor(random() * PEOPLE)}`
      const groupId = `g-${userId.slice(-1)}`
      const message = any<{ [field: string]: Json }>([
        { type: 'track', event: 'Used', properties: { n } },
        { type: 'track', event: 'Used', properties: { n } },
        { type: 'track', event: 'Paid', properties: { amount: Math.floor(random() * 30) } },
        { type: 'track', event: 'Asked', properties: { n } },
        { type: 'identify', traits: { plan: any(['free', 'team', 'pro']), other: hour } },
        { type: 'group', groupId, traits: { seats: Math.floor(random() * 40) } },
      ])
      yield { at, message: { ...message, userId } }
    }
  }
}

const asked = (more: Partial<AskedBacktest> = {}): AskedBacktest => ({
  plan,
  live: null,
  isLive: false,
  answers: { write: { id: '1' } },
  holdoutPercent: 0,
  ...more,
})

async function ask(of: AskedBacktest): Promise<string> {
  const id = newId(UNTIL)
  await w.opened.db
    .insertInto('backtests')
    .values({
      workspace_id: w.id,
      id,
      playbook_id: playbookId,
      status: 'waiting',
      from_at: new Date(FROM),
      until_at: new Date(UNTIL),
      asked: JSON.stringify(of),
      asked_by: 'test',
      asked_at: new Date(UNTIL),
    })
    .execute()
  return id
}

const view = (id: string) =>
  w.opened.db.selectFrom('backtests').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

describe('a backtest over the store', () => {
  it('begins for whom runs really began, with the facts of that moment', async () => {
    const id = await ask(asked())
    const job = await claimBacktest(onPool(w.opened.pool), { worker: randomUUID(), now: UNTIL })
    if (job === null) throw new Error('There was nothing to claim.')
    const client = await w.opened.pool.connect()
    const found = await runBacktest(client, job, () => undefined)
    client.release()
    await w.opened.db.deleteFrom('backtests').where('id', '=', id).execute()
    const { draft, real } = found
    expect(real?.entered).toBeGreaterThan(3)
    // Those who were in before the period are not new to the draft either.
    expect(draft.entered).toBe(real?.entered)
    expect(draft.refused).toEqual(real?.refused)
    expect(draft.sample.length).toBe(Math.min(20, draft.entered))
    const ports = new Set<string>()
    for (const run of draft.sample) {
      const which = run.path.find(({ step }) => step === 'which')
      const then = await factsThen(onPool(w.opened.pool), {
        workspaceId: w.id,
        subject: { kind: 'contact', id: run.subjectId },
        reads: plan.reads,
        at: run.enteredAt,
        now: UNTIL,
      })
      if (then === null || isNotYet(then)) throw new Error('The contact was not there.')
      const port =
        Object.entries(RULES).find(([, rule]) => evaluate(rule, then.facts, run.enteredAt).value)?.[0] ?? 'else'
      expect([run.subjectId, which?.port]).toEqual([run.subjectId, port])
      ports.add(port)
    }
    expect(ports.size, 'several ports were taken').toBeGreaterThan(2)
    const step = draft.steps.find((one) => one.step === 'which')
    expect(Object.values(step?.ports ?? {}).reduce((sum, n) => sum + n, 0)).toBe(draft.entered)
    expect(draft.steps.find((one) => one.step === 'write')?.written).toBe(step?.ports.hot)
  })

  it('begins for accounts, and by signals that were set', async () => {
    const LARGE: Rule = { property: 'account.seats', op: 'gt', value: 20 }
    const which = branch('which', [{ port: 'large', if: LARGE }], { large: [], else: [] })
    const every = { reentry: { policy: 'every' as const }, exit: [], goal: null }
    const on = (type: string, input: { [field: string]: Json }): PlanStep =>
      ({ ...trigger('start', ['which']), op: 'trigger', type, input }) as PlanStep
    const played = async (of: Plan) => {
      const client = await w.opened.pool.connect()
      const job = { workspaceId: w.id, id: newId(1), playbookId: newId(1), from: FROM, until: UNTIL, attempts: 1 }
      const { draft } = await runBacktest(client, { ...job, asked: asked({ plan: of }) }, () => undefined)
      client.release()
      return draft
    }
    const count = async (text: string) =>
      (await w.opened.pool.query<{ n: number }>(text, [w.id, new Date(FROM), new Date(UNTIL)])).rows[0]?.n
    const reads = readsOf(LARGE)
    const ofAccounts = await played({
      ...planOf([on('trigger.event@1', { event: 'Asked' }), which]),
      enrollment: every,
      subject: 'account',
      reads,
    })
    expect(ofAccounts.entered).toBe(
      await count(`SELECT count(*)::int AS n FROM events WHERE workspace_id = $1 AND name = 'Asked' AND account_id IS NOT NULL
        AND processed_at BETWEEN $2 AND $3`),
    )
    const then = await Promise.all(
      ofAccounts.sample.map(async ({ subjectId: id, enteredAt: at }) => {
        const subject = { kind: 'account' as const, id }
        const found = await factsThen(onPool(w.opened.pool), { workspaceId: w.id, subject, reads, at, now: UNTIL })
        if (found === null || isNotYet(found)) throw new Error('The account was not there.')
        return evaluate(LARGE, found.facts, at).value ? 'large' : 'else'
      }),
    )
    expect(ofAccounts.sample.map(({ path }) => path.find(({ step }) => step === 'which')?.port)).toEqual(then)
    expect(new Set(then).size, 'both ports were taken').toBe(2)
    const bySignal = await played({
      ...planOf([on('trigger.signal@1', { signal: 'busy', edge: 'set' }), which]),
      enrollment: every,
      reads,
    })
    expect(bySignal.entered).toBeGreaterThan(5)
    expect(bySignal.entered).toBe(
      await count(
        `SELECT count(*)::int AS n FROM audience_edges WHERE workspace_id = $1 AND edge = 'set' AND at BETWEEN $2 AND $3`,
      ),
    )
  })

  it('runs in a process of its own, tells how far it is, and keeps what is published beside it', async () => {
    const everyone: Plan = { ...plan, enrollment: { ...plan.enrollment, reentry: { policy: 'every' } } }
    const id = await ask(asked({ live: { version: 3, plan: everyone } }))
    const errors: unknown[] = []
    const runner = startBacktestRunner({ ...runnerDeps(), onError: (error) => errors.push(error) })
    const ended = await until('the backtest has ended', async () => {
      const row = await view(id)
      return row.status === 'done' || row.status === 'failed' ? row : null
    })
    await runner.stop()
    expect([errors, ended.fault, ended.progress]).toEqual([[], null, 1])
    const result = ended.result as unknown as BacktestResult
    expect(ended.subjects).toHaveLength(result.draft.sample.length)
    if (result.live === null || !('found' in result.live)) throw new Error('The published one was not followed.')
    const { found, version } = result.live
    expect(version).toBe(3)
    expect(found.entered).toBe(result.draft.entered + (result.draft.refused.ALREADY_ENROLLED ?? 0))
  })

  it('says what it cannot follow, begins anew after its worker died, and gives up in the end', async () => {
    const scores: Plan = { ...plan, reads: { ...plan.reads, scores: ['health'] } }
    const refused = await ask(asked({ plan: scores }))
    const runner = startBacktestRunner({ ...runnerDeps(), onError: () => undefined })
    const row = await until('it is refused', async () =>
      (await view(refused)).status === 'failed' ? view(refused) : null,
    )
    expect(row.fault).toContain('score “health”')
    await runner.stop()

    const id = await ask(asked())
    const q = onPool(w.opened.pool)
    const [dead, next] = [randomUUID(), randomUUID()]
    expect(await claimBacktest(q, { worker: dead, now: UNTIL })).toMatchObject({ id, attempts: 1 })
    expect(await claimBacktest(q, { worker: next, now: UNTIL + 5_000 })).toBeNull()
    expect(await claimBacktest(q, { worker: next, now: UNTIL + 20_000 })).toMatchObject({ id, attempts: 2 })
    await w.opened.db
      .updateTable('backtests')
      .set({ attempts: 3, worked_at: new Date(UNTIL) })
      .where('id', '=', id)
      .execute()
    const again = startBacktestRunner({ ...runnerDeps(), onError: () => undefined })
    const over = await until('it is given up', async () => ((await view(id)).status === 'failed' ? view(id) : null))
    expect(over.fault).toContain('each time the process')
    await again.stop()
  })

  it('ends at once when nobody wants it any more', async () => {
    const id = await ask(asked())
    await w.opened.db.updateTable('backtests').set({ status: 'cancelled' }).where('id', '=', id).execute()
    expect(await claimBacktest(onPool(w.opened.pool), { worker: randomUUID(), now: UNTIL })).toBeNull()
  })
})

const runnerDeps = () => ({ pool: w.opened.pool, url: String(w.opened.pool.options.connectionString), clock: Date.now })
