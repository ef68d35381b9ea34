import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Plan } from '../../engine/model/plan.ts'
import { replay } from '../../engine/run/view.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { documentOf, planFrom } from '../../test/helpers/flow-drawing.ts'
import { compileContext } from '../../test/helpers/manifest.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())

/** Start, split, and an exit of its own behind each arm. */
function planWith(key: string): Plan {
  const arms = [
    { port: 'new', percent: 50 },
    { port: 'old', percent: 50 },
  ]
  const document = documentOf([
    [
      { id: 'start', type: 'trigger.manual' },
      { id: 'offer', type: 'flow.split', input: { arms, key } },
      { id: 'shown', type: 'flow.exit', input: { reason: 'new' } },
      { id: 'spared', type: 'flow.exit', input: { reason: 'old' } },
    ],
    [
      ['start', 'offer'],
      ['offer.new', 'shown'],
      ['offer.old', 'spared'],
    ],
  ])
  return planFrom(document, compileContext)
}

it('a published split sends a subject down the same arm for a key, run after run, and draws anew for another key', async () => {
  const keys = ['spring', 'summer', 'autumn', 'winter', 'spring', 'summer', 'autumn', 'winter']
  const runs = await Promise.all(
    keys.map(async (key) => {
      const plan = planWith(key)
      return { key, plan, run: await shell.start(plan) }
    }),
  )
  await Promise.all(runs.map(({ run }) => shell.ended(run)))
  const arms = new Map<string, Set<string | null>>()
  for (const { key, plan, run } of runs) {
    const { status, reason } = await shell.row(run)
    expect(status).toBe('exited')
    const { state } = replay(plan, await shell.inputs(run))
    expect(state?.steps.offer).toMatchObject({ status: 'done', port: reason })
    arms.set(key, (arms.get(key) ?? new Set()).add(reason))
  }
  expect([...arms.values()].map((taken) => taken.size)).toEqual([1, 1, 1, 1])
  expect(new Set([...arms.values()].flatMap((taken) => [...taken]))).toEqual(new Set(['new', 'old']))
})
