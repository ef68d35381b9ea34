import { afterAll, beforeAll, expect, it } from 'vitest'
import { planHash } from '../../engine/ids.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { Concurrency } from '../../engine/model/playbook.ts'
import type { RunRef } from '../../engine/ports.ts'
import { replay } from '../../engine/run/view.ts'
import { commandOwed } from '../../engine/temporal/reconcile.ts'
import { chain, wait, write } from '../../test/helpers/chain-plan.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { storePlan } from '../../test/helpers/store-playbook.ts'
import { until } from '../../test/helpers/until.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { NO_CONTACT_RULES, writeContactRules } from '../db/contact-rules-store.ts'
import { inTransaction, onPool } from '../db/sql.ts'
import { enroll, occurrence, toStart } from './enroll.ts'
import { startNextInLine } from './start-next-in-line.ts'

let w: TestWorkspace
let shell: Shell
let ada: string
beforeAll(async () => {
  w = await createTestWorkspace()
  shell = await createShell({}, { within: w })
  await w.send({ type: 'identify', userId: 'ada' })
  await w.dispatch()
  ada = (await w.opened.db.selectFrom('contacts').select('id').executeTakeFirstOrThrow()).id
})
afterAll(async () => {
  await shell.close()
  await w.close()
})

/** A playbook of this plan; answers what lets somebody in and starts what may start. */
async function entrance(plan: Plan, concurrency?: Concurrency) {
  const slug = `p${planHash(w.id, JSON.stringify(plan)).slice(-8)}`
  const id = await w.playbook(slug, { trigger: { type: 'trigger.manual', input: {} } })
  const hash = await storePlan({ ...w.opened, workspaceId: w.id }, plan)
  const enrollment = { reentry: { policy: 'every' as const }, ...(concurrency === undefined ? {} : { concurrency }) }
  return async (n: number) => {
    const candidate = {
      playbook: { id, version: 1, planHash: hash, subject: 'contact' as const, enrollment },
      step: 'start',
      subjectId: ada,
      occurrence: occurrence.key(String(n)),
      data: { n },
      cause: {},
      eventSeq: null,
      edgeId: null,
      refusal: null,
      why: null,
    }
    const outcomes = await inTransaction(w.opened.pool, (q) =>
      enroll(q, w.id, { candidates: [candidate], now: Date.now() }),
    )
    await shell.client.startRuns(toStart(w.id, outcomes))
    const [outcome] = outcomes
    if (outcome === undefined || outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome))
    return { workspaceId: w.id, runId: outcome.runId }
  }
}
const sweep = () =>
  startNextInLine({ pool: w.opened.pool, clock: Date.now, startRuns: (runs) => shell.client.startRuns(runs) })
const texts = () => shell.outside.written.splice(0).map(({ text }) => text)

it('runs of one person begin in the order in which they came, each when the one before it has ended', async () => {
  const enter = await entrance(chain(wait('pause', 300), write('a', 'keyed', 'run {{ trigger.n }}')), {
    policy: 'queue',
    most: 9,
  })
  const runs: RunRef[] = []
  for (const n of [1, 2, 3]) runs.push(await enter(n))
  expect(await sweep()).toBe(0)
  await until('all had their turn', async () => {
    await sweep()
    for (const run of runs) expect(await shell.row(run)).toMatchObject({ status: 'completed', reason: null })
  })
  expect(texts()).toEqual(['run 1', 'run 2', 'run 3'])
})

it('the one that replaces another begins when that has ended', async () => {
  const enter = await entrance(chain(wait('pause', 3_600_000), write('a')), { policy: 'replace' })
  const first = await enter(1)
  await until('the first waits', async () => expect(await shell.row(first)).toMatchObject({ status: 'waiting' }))
  const second = await enter(2)
  expect(await shell.row(second)).toMatchObject({ status: 'queued', reason: 'Waits for its turn' })
  await commandOwed(shell.directory, shell.client, Date.now() + 1)
  await until('the second has taken its place', async () => {
    await sweep()
    expect(await shell.row(first)).toMatchObject({ status: 'exited', reason: 'replaced' })
    expect(await shell.row(second)).toMatchObject({ status: 'waiting' })
  })
  // One that waits is ended as any other: nothing of it is begun.
  const third = await enter(3)
  await shell.client.command(third, { id: 'c', command: { kind: 'cancel', reason: 'Not needed' } })
  await until('the third is ended', async () =>
    expect(await shell.row(third)).toMatchObject({ status: 'cancelled', reason: 'Not needed' }),
  )
  expect(texts()).toEqual([])
})

it('a step beyond a cap is left out and its run goes on; in quiet hours it waits for their end', async () => {
  const q = onPool(w.opened.pool)
  const rules = { ...NO_CONTACT_RULES, now: Date.now() }
  await writeContactRules(q, w.id, { ...rules, caps: [{ channel: 'email', most: 1, days: 7 }] })
  const plan = chain(write('a', 'keyed', 'mail {{ trigger.n }}'), write('b', 'keyed', 'note {{ trigger.n }}'))
  const enter = await entrance(plan)
  for (const n of [1, 2]) {
    const run = await enter(n)
    await shell.ended(run)
    expect(await shell.row(run)).toMatchObject({ status: 'completed' })
    if (n === 1) continue
    const { state, timeline } = replay(plan, await shell.inputs(run))
    expect(state?.steps.a).toMatchObject({ status: 'done', withheld: { code: 'FREQUENCY_CAP' } })
    expect(timeline.find(({ step, what }) => step === 'a' && what === 'done')?.text).toContain(
      'at most 1 e-mail in 7 days',
    )
  }
  expect(texts()).toEqual(['mail 1', 'note 1', 'note 2'])

  const hour = (plus: number) => `${String((new Date().getUTCHours() + plus + 24) % 24).padStart(2, '0')}:00`
  await writeContactRules(q, w.id, { ...rules, quiet: { from: hour(-1), to: hour(2), zone: 'UTC', property: null } })
  const held = await enter(3)
  await until('it waits for the morning', async () =>
    expect(await shell.row(held)).toMatchObject({ status: 'waiting', at_steps: ['a'] }),
  )
  const { state, timeline } = replay(plan, await shell.inputs(held))
  expect(state?.steps.a).toMatchObject({ status: 'paced' })
  expect(timeline.find(({ what }) => what === 'paced')?.text).toContain('Quiet hours')
  expect(texts()).toEqual([])
})
