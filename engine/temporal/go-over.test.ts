import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { chain, wait, write } from '../../test/helpers/chain-plan.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { storePlan } from '../../test/helpers/store-playbook.ts'
import { until } from '../../test/helpers/until.ts'
import type { Plan } from '../model/plan.ts'
import type { Move, PlanName } from '../model/run.ts'
import type { RunRef } from '../ports.ts'
import { replay } from '../run/view.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
})

const row = ({ runId }: RunRef) =>
  shell.database.db
    .selectFrom('runs')
    .select(['status', 'version', 'plan_hash', 'first_version', 'first_plan_hash', 'at_steps'])
    .where('id', '=', runId)
    .executeTakeFirstOrThrow()
const isAt = (run: RunRef, step: string) =>
  until(`the run waits at ${step}`, async () =>
    expect(await row(run)).toMatchObject({ status: 'waiting', at_steps: [step] }),
  )
const texts = () => shell.outside.written.map(({ text }) => text)

const version = async (plan: Plan, number: number): Promise<PlanName> => ({
  plan: await storePlan({ ...shell.database, workspaceId: shell.workspaceId }, plan),
  version: number,
})

const goOver = (run: RunRef, id: string, given: { from: PlanName; to: PlanName; moves?: { [step: string]: Move } }) =>
  shell.client.command(run, {
    id,
    command: { kind: 'migrate', migration: '00000000-0000-0000-0000-000000000001', moves: {}, ...given },
  })

const leaveOut = (run: RunRef, step: string) =>
  shell.client.command(run, { id: `skip ${step}`, command: { kind: 'skip', step } })

// v1: start → a → pause → b      v2: start → a → pause → c → b      v3: start → a → d → rest → e
// Nobody waits so long: who is to go on is let go on.
const LONG_MS = 3_600_000
const v1 = chain(write('a'), wait('pause', LONG_MS), write('b'))
const v2 = chain(write('a'), wait('pause', LONG_MS), write('c'), write('b'))
const v3 = chain(write('a'), write('d'), wait('rest', 300), write('e'))

it('a waiting run goes over to another version, and its row, its record and its workflow follow', async () => {
  const run = await shell.start(v1)
  await isAt(run, 'pause')
  const [from, to] = [await version(v1, 1), await version(v2, 2)]
  await goOver(run, 'over', { from, to })
  await until('it went over', async () => expect(await row(run)).toMatchObject({ version: 2, plan_hash: to.plan }))
  expect(await row(run)).toMatchObject({ first_version: 1, first_plan_hash: from.plan, status: 'waiting' })
  // What it is told before, it still does in the history in which it went over.
  await until('it goes on in a fresh history', async () => {
    const { searchAttributes } = await shell.temporal.client.workflow.getHandle(run.runId).describe()
    expect(searchAttributes['SignalboxVersion']).toEqual([2])
  })
  await leaveOut(run, 'pause')
  await shell.ended(run)
  expect(texts()).toEqual(['a', 'c', 'b'])
  const plans = new Map([
    [from.plan, v1],
    [to.plan, v2],
  ])
  const planOf = (hash: string) => plans.get(hash) as Plan
  const told = replay({ first: { hash: from.plan, plan: v1 }, planOf }, await shell.inputs(run))
  expect(told.state).toMatchObject({ status: 'completed', under: to })
  expect(told.versions).toEqual([{ input: 2, from: 1, to: 2 }])
})

it('a run that waits at a step which is gone begins at the one that was chosen, and one that acts is not moved', async () => {
  const run = await shell.start(v1)
  await isAt(run, 'pause')
  const [from, to] = [await version(v1, 1), await version(v3, 3)]
  await goOver(run, 'unsaid', { from, to })
  await until('it was asked', async () => expect(await shell.inputs(run)).toHaveLength(3))
  expect(await row(run)).toMatchObject({ version: 1, plan_hash: from.plan, first_plan_hash: null, at_steps: ['pause'] })
  await goOver(run, 'said', { from, to, moves: { pause: { to: 'rest' } } })
  await shell.ended(run)
  expect(texts()).toEqual(['a', 'e'])
})

it('a run whose workflow is lost after it went over goes on from its record, under the version that it went over to', async () => {
  const run = await shell.start(v1)
  await isAt(run, 'pause')
  const [from, to] = [await version(v1, 1), await version(v3, 3)]
  const long = chain(write('a'), wait('rest', LONG_MS), write('e'))
  const middle = await version(long, 2)
  await goOver(run, 'over', { from, to: middle, moves: { pause: { to: 'rest' } } })
  await isAt(run, 'rest')
  await shell.temporal.client.workflow.getHandle(run.runId).terminate('lost')
  await shell.client.restartRuns([run])
  await goOver(run, 'on', { from: middle, to })
  await until('it went on to the third', async () =>
    expect(await row(run)).toMatchObject({ version: 3, first_version: 1 }),
  )
  await leaveOut(run, 'rest')
  await shell.ended(run)
  expect(texts()).toEqual(['a', 'e'])
})

it('goes back while it has not left the wait, and a person may still act on it', async () => {
  const run = await shell.start(v1)
  await isAt(run, 'pause')
  const [from, to] = [await version(v1, 1), await version(chain(write('a'), wait('rest', LONG_MS)), 2)]
  await goOver(run, 'over', { from, to, moves: { pause: { to: 'rest' } } })
  await isAt(run, 'rest')
  const migration = '00000000-0000-0000-0000-000000000001'
  await shell.client.command(run, { id: 'back', command: { kind: 'unmigrate', migration, from: to, to: from } })
  await isAt(run, 'pause')
  expect(await row(run)).toMatchObject({ version: 1, plan_hash: from.plan })
  await leaveOut(run, 'pause')
  await shell.ended(run)
  expect(texts()).toEqual(['a', 'b'])
})
