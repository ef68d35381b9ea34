import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { planArbitrary } from '../../test/helpers/random-plans.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { RunRef } from '../ports.ts'
import { replay } from '../run/view.ts'

const SEED = 20_261_122
const PLANS = 30

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())

/** The same graph over the test connector, with waits of milliseconds. */
function durable(plan: Plan): Plan {
  const step = (s: PlanStep): PlanStep => {
    if (s.op === 'act') return { ...s, type: 'pad.natural@1', connection: 'pad', input: { text: s.id } }
    if (s.op === 'delay') return { ...s, delay: { mode: 'for', ms: 20 } }
    return s
  }
  return { ...plan, steps: plan.steps.map(step) }
}

const finalSteps = (state: { steps: { [id: string]: { status: string } } }, status: string) =>
  Object.entries(state.steps).flatMap(([id, step]) => (step.status === status ? [id] : []))

it('ends random plans where their own record, replayed through advance, says, with the effects it says', async () => {
  const plans = fc.sample(planArbitrary(['act', 'act', 'act', 'branch', 'for', 'all', 'any', 'exit']), {
    seed: SEED,
    numRuns: PLANS,
  })
  for (const id of ['s2', 's5']) shell.outside.refused.add(id)
  const runs = await Promise.all(plans.map(durable).map(async (plan) => ({ plan, run: await shell.start(plan) })))
  await Promise.all(runs.map(({ run }) => shell.ended(run)))
  for (const { plan, run } of runs) await agrees(plan, run)
})

async function agrees(plan: Plan, run: RunRef): Promise<void> {
  const row = await shell.row(run)
  const { state } = replay(plan, await shell.inputs(run))
  if (state === null) throw new Error(`Run ${run.runId} has no record.`)
  expect({ status: state.status, reason: state.reason }).toEqual({ status: row.status, reason: row.reason })
  expect(row.ended_at).not.toBeNull()
  const acts = new Set(plan.steps.flatMap((step) => (step.op === 'act' ? [step.id] : [])))
  const written = shell.outside.written.filter(({ key }) => key.startsWith(`${run.runId}:`)).map(({ text }) => text)
  expect(new Set(written).size, 'a step wrote twice').toBe(written.length)
  expect(written.toSorted()).toEqual(
    finalSteps(state, 'done')
      .filter((id) => acts.has(id))
      .toSorted(),
  )
  expect(finalSteps(state, 'failed').every((id) => shell.outside.refused.has(id))).toBe(true)
}
