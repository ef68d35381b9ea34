import { afterAll, beforeAll, expect, it } from 'vitest'
import { asks, delay, planOf, trigger } from '../../test/helpers/plans.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { until } from '../../test/helpers/until.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { nextTimeOfDay } from '../model/business-hours.ts'
import type { Delay, Plan } from '../model/plan.ts'
import { replay } from '../run/view.ts'

let w: TestWorkspace
let shell: Shell
beforeAll(async () => {
  w = await createTestWorkspace()
  shell = await createShell({}, { within: w })
})
afterAll(async () => {
  await shell.close()
  await w.close()
})

const nine: Delay = { mode: 'untilTime', time: '09:00', zone: { name: null } }

// start ─┬─ before
//        └─ ask ── after, both until nine by the clocks of the workspace
const drawn = planOf([
  trigger('start', ['before', 'ask']),
  delay('before', nine),
  { ...asks('ask', null, { yes: ['after'] }), input: { title: 'Go on?', maxWait: 'P3D' } },
  delay('after', nine),
])
const plan: Plan = { ...drawn, reads: { ...drawn.reads, properties: ['workspace.timeZone'] } }

const isIn = (timeZone: string) =>
  w.opened.db.updateTable('workspaces').set({ time_zone: timeZone }).where('id', '=', w.id).execute()

it('a wait that has begun keeps its moment when the workspace moves, and one that begins later goes by the new zone', async () => {
  await w.send({ type: 'identify', userId: 'ada' })
  await w.dispatch()
  const { id } = await w.opened.db.selectFrom('contacts').select('id').executeTakeFirstOrThrow()
  await isIn('Europe/Berlin')
  const run = await shell.start(plan, {}, id)
  const waitsAt = (steps: string[]) =>
    until(`the run waits at ${steps.join(' and ')}`, async () => {
      const row = await shell.row(run)
      expect(row.at_steps.toSorted()).toEqual(steps)
    })
  await waitsAt(['ask', 'before'])
  await isIn('Asia/Tokyo')
  const answer = { kind: 'answer', step: 'ask', visit: 1, port: 'yes', output: {}, by: 'Ada' } as const
  await shell.client.command(run, { id: 'yes', command: answer })
  await waitsAt(['after', 'before'])
  const { state } = replay(plan, await shell.inputs(run))
  const { before, after } = state?.steps ?? {}
  const nineIn = (zone: string, at = 0) => nextTimeOfDay(at, { time: '09:00', zone })
  expect(before?.until).toBe(nineIn('Europe/Berlin', before?.startedAt))
  expect(after?.until).toBe(nineIn('Asia/Tokyo', after?.startedAt))
  await shell.client.command(run, { id: 'stop', command: { kind: 'cancel', reason: 'Seen.' } })
  await shell.ended(run)
})
