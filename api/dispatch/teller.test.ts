import { expect, it } from 'vitest'
import { createTeller } from './teller.ts'
import type { TouchedRun } from './tell-waiting.ts'

const run = (runId: string, concern: TouchedRun['concern']): TouchedRun => ({ workspaceId: 'w', runId, concern })

it('tells those whose event came while it is asked of others whether they need a look, and each once', async () => {
  const told: string[][] = []
  const errors: unknown[] = []
  let answer: () => void = () => undefined
  const teller = createTeller({
    touchRuns: async (runs) => {
      told.push(runs.map(({ runId }) => runId))
      if (runs.some(({ concern }) => concern === 'rule')) await new Promise<void>((resolve) => (answer = resolve))
      if (runs.some(({ runId }) => runId === 'b')) throw new Error('No answer.')
    },
    onError: (error) => errors.push(error),
  })
  teller.add([run('a', 'rule'), run('b', 'event')])
  teller.add([run('c', 'rule'), run('d', 'event')])
  teller.add([run('c', 'rule'), run('e', 'event'), run('d', 'event')])
  await expect.poll(() => told).toEqual([['b'], ['a'], ['d', 'e']])
  expect(errors).toMatchObject([{ message: 'No answer.' }])
  answer()
  await expect.poll(() => told.at(-1)).toEqual(['c'])
  answer()
  await teller.done()
  expect(told).toHaveLength(4)
})
