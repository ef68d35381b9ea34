import { afterAll, beforeAll, expect, it } from 'vitest'
import { chain, write } from '../../test/helpers/chain-plan.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'

let shell: Shell
beforeAll(async () => {
  // Every action that was ever timed counts as slow.
  shell = await createShell({ slowMs: 0 })
})
afterAll(() => shell.close())

it('hands an action that is slow lately to the shared queue, shared fairly between connections', async () => {
  const plan = chain(write('a'))
  const quick = await shell.start(plan)
  await shell.ended(quick)
  const slow = await shell.start(plan)
  await shell.ended(slow)
  expect(await scheduled(quick.runId)).toEqual([])
  const { id } = await shell.database.db.selectFrom('connections').select('id').executeTakeFirstOrThrow()
  expect(await scheduled(slow.runId)).toEqual([{ queue: `${shell.temporal.taskQueue}-actions`, fairnessKey: id }])
  expect(shell.outside.written.map(({ key }) => key)).toEqual([`${quick.runId}:a:1`, `${slow.runId}:a:1`])
})

async function scheduled(runId: string): Promise<unknown[]> {
  const { events } = await shell.temporal.client.workflow.getHandle(runId).fetchHistory()
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: it }) =>
    it == null ? [] : [{ queue: it.taskQueue?.name, fairnessKey: it.priority?.fairnessKey }],
  )
}
