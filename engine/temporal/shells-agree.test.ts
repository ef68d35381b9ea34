import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLiveShell, type LiveShell } from '../../test/helpers/live-shell.ts'
import { seeded } from '../../test/helpers/random.ts'
import { factsArbitrary, KINDS_WITH_PEOPLE, ORDERLESS_KINDS, planArbitrary } from '../../test/helpers/random-plans.ts'
import { expectedActs, reference } from '../../test/helpers/reference.ts'
import { testFault } from '../../test/helpers/shell.ts'
import { until } from '../../test/helpers/until.ts'
import { effectKey } from '../ids.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import type { OperatorCommand, RunState } from '../model/run.ts'
import type { RunRef } from '../ports.ts'
import { simulate } from '../run/simulate.ts'
import { replay } from '../run/view.ts'

const SEED = 20_261_122
const FAILS = new Set(['s2', 's5'])

let shell: LiveShell
/** Whether workers lose their tasks now and then, at any point. */
let breaking = false
const random = seeded(SEED)
beforeAll(async () => {
  shell = await createLiveShell({
    reached: (point) => {
      if (breaking && random() < 0.03) throw new Error(`Broken off at ${point}.`)
    },
  })
  for (const id of FAILS) shell.outside.refused.add(id)
})
afterAll(() => shell.close())

/** The same graph over the test connector, with waits of milliseconds. */
function durable(plan: Plan): Plan {
  const step = (s: PlanStep): PlanStep => {
    if (s.op === 'act') {
      const { answer } = s
      const own = { type: 'pad.readBack@1', connection: 'pad', input: { text: s.id } }
      return { ...s, ...own, ...(answer === undefined ? {} : { answer: { ...answer, maxWaitMs: 400 } }) }
    }
    if (s.op === 'delay' && s.delay.mode === 'for') return { ...s, delay: { mode: 'for', ms: 20 } }
    return s.op === 'waitRule' || s.op === 'waitEvent' ? { ...s, maxWaitMs: 60 } : s
  }
  const properties = [0, 1, 2, 3].flatMap((n) => [`contact.flag${n}`, `contact.date${n}`, `contact.list${n}`])
  return { ...plan, reads: { ...plan.reads, properties }, steps: plan.steps.map(step) }
}

interface Drawn {
  plan: Plan
  facts: Facts
}

function draw(kinds: Parameters<typeof planArbitrary>[0], count: number): Drawn[] {
  const both = fc.tuple(planArbitrary(kinds), factsArbitrary)
  return fc.sample(both, { seed: SEED, numRuns: count }).map(([plan, facts]) => ({ plan: durable(plan), facts }))
}

/** Starts a run of each for a contact of whom these facts are true. */
function startAll(drawn: Drawn[]) {
  return Promise.all(
    drawn.map(async ({ plan, facts }) => {
      const { id, userId } = await shell.contact(facts.contact?.properties)
      const run = await shell.start(plan, {}, id)
      return {
        plan,
        run,
        userId,
        facts: { ...facts, contact: { id, externalId: null, properties: facts.contact?.properties ?? {} } },
      }
    }),
  )
}

const written = (run: RunRef) =>
  shell.outside.written.filter(({ key }) => key.startsWith(`${run.runId}:`)).map(({ key }) => key)

/** What each step came to; times and attempts left out. */
const shape = (state: RunState) =>
  Object.entries(state.steps)
    .map(([id, { status, port }]) => [id, status, port ?? null] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))

it('does what the equations over the graph and the simulator say, though workers break off and people interfere', async () => {
  breaking = true
  const runs = await startAll(draw(ORDERLESS_KINDS, 24))
  // A person pauses some of them, and lets them go on.
  for (const [i, { run }] of runs.entries()) {
    if (i % 3 !== 0) continue
    await shell.client.command(run, { id: 'p', command: { kind: 'pause', reason: 'looking' } })
    await shell.client.command(run, { id: 'q', command: { kind: 'continue' } })
  }
  await Promise.all(runs.map(({ run }) => shell.ended(run)))
  breaking = false
  for (const { plan, run, facts } of runs) {
    const { state } = replay(plan, await shell.inputs(run))
    if (state === null) throw new Error(`Run ${run.runId} has no record.`)
    const expected = reference(plan, 't0', { facts, fails: FAILS })
    expect(shape(state)).toEqual(
      [...expected]
        .map(([id, { status, port }]) => [id, status, port])
        .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    )
    const acts = expectedActs(plan, expected, facts).filter((id) => !FAILS.has(id))
    expect(written(run).toSorted()).toEqual(acts.map((id) => effectKey(run.runId, id, 1)).toSorted())
    const dry = simulate(plan, {
      facts,
      trigger: { step: 't0', data: {} },
      answer: ({ id }) => (FAILS.has(id) ? { fault: testFault } : { output: null }),
      render: (input) => input,
      entered: null,
    })
    expect(dry.status).toBe(state.status)
    const outside = dry.steps.filter(({ step }) => expected.has(step))
    expect(outside.map(({ step, status }) => [step, status])).toEqual(
      outside.map(({ step }) => [step, expected.get(step)?.status]),
    )
    await rowAgrees(run, state)
  }
})

it('ends every other plan where its own record says, with the effects it says, whatever happens meanwhile', async () => {
  breaking = true
  const runs = await startAll(draw(['act', 'act', ...KINDS_WITH_PEOPLE], 24))
  // What some of them wait for happens, to some in time.
  for (const { userId } of runs)
    await shell.send(
      ...[0, 1, 2, 3].map((n) => ({
        type: 'track',
        messageId: randomUUID(),
        userId,
        event: `event-${n}`,
        properties: {},
      })),
    )
  // Those who are asked answer, some of them before it is known that they were.
  await Promise.all(runs.map(({ plan, run }) => answerAll(plan, run)))
  // People say something of every second run, whether it applies or not.
  const meddled = runs.filter((_, i) => i % 2 === 0)
  await Promise.all(meddled.map(({ plan, run }) => meddle(plan, run)))
  await Promise.all(runs.map(({ run }) => over(run)))
  breaking = false
  expect(shell.errors).toEqual([])
  for (const { plan, run } of runs) {
    const { state } = replay(plan, await shell.inputs(run))
    if (state === null) throw new Error(`Run ${run.runId} has no record.`)
    await rowAgrees(run, state)
    const keys = written(run)
    expect(new Set(keys).size, 'a step wrote twice').toBe(keys.length)
    const done = Object.entries(state.steps)
      .filter(([, { status }]) => status === 'done')
      .map(([id]) => id)
    const acts = new Set(
      plan.steps.flatMap((step) => (step.op === 'act' && step.within === undefined ? [step.id] : [])),
    )
    const byRecord = done.filter((id) => acts.has(id)).map((id) => effectKey(run.runId, id, 1))
    const ofRun = keys.filter((key) => !key.includes('.'))
    // What a person left out is done without a write.
    expect(byRecord).toEqual(expect.arrayContaining(ofRun))
    if (!meddled.some((one) => one.run === run)) expect(ofRun.toSorted()).toEqual(byRecord.toSorted())
  }
})

async function answerAll(plan: Plan, run: RunRef): Promise<void> {
  for (const step of plan.steps)
    if (step.op === 'act' && step.answer !== undefined) {
      const given = { step: step.id, visit: 1, port: random() < 0.5 ? 'yes' : 'no', output: {}, by: 'somebody' }
      await shell.client.command(run, { id: `a-${step.id}`, command: { kind: 'answer', ...given } })
    }
}

async function meddle(plan: Plan, run: RunRef): Promise<void> {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  for (let n = 0; n < 4; n += 1) {
    const step = pick(plan.steps)
    if (step === undefined) return
    const port = pick(Object.keys(step.out))
    const command = pick<OperatorCommand>([
      { kind: 'pause', reason: 'looking' },
      { kind: 'skip', step: step.id, ...(port === undefined ? {} : { port }) },
      { kind: 'override', step: step.id, output: { text: 'said' } },
      { kind: 'retry', step: null },
    ])
    if (command !== undefined) await shell.client.command(run, { id: `m${n}`, command })
  }
  await shell.client.command(run, { id: 'last', command: { kind: 'continue' } })
}

/** A command starts a run that was over again: it is over when its row says so and nothing runs any more. */
const over = (run: RunRef): Promise<void> =>
  until('the run is over', async () => {
    await shell.ended(run)
    expect((await shell.row(run)).ended_at).not.toBeNull()
  })

async function rowAgrees(run: RunRef, state: RunState): Promise<void> {
  const row = await shell.row(run)
  expect({ status: state.status, reason: state.reason }).toEqual({ status: row.status, reason: row.reason })
  expect(row.ended_at).not.toBeNull()
}
