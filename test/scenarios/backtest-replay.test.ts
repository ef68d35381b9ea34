import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLiveShell, type LiveShell } from '../helpers/live-shell.ts'
import { replayScenario } from './backtest-replay.ts'

/** `BACKTEST_PEOPLE=600 npx vitest run test/scenarios/backtest-replay.test.ts` lives through more. */
const PEOPLE = Number(process.env.BACKTEST_PEOPLE ?? 24)

let shell: LiveShell
beforeAll(async () => {
  shell = await createLiveShell()
})
afterAll(() => shell.close())

it('a backtest with the recorded answers comes to what the dispatcher and Temporal really came to', async () => {
  const { real, backtest, early } = await replayScenario(shell, PEOPLE)
  expect(backtest).toEqual(real)
  expect(early).toEqual([])
  // Each of the fates was lived through.
  expect(Object.keys(real.runs)).toHaveLength(PEOPLE)
  expect(Object.keys(real.written).toSorted()).toEqual(['find', 'miss', 'sorry', 'thank', 'welcome'])
  expect(new Set(Object.values(real.runs).map(({ status }) => status))).toEqual(new Set(['completed', 'exited']))
  expect(real.refused).toEqual({ ALREADY_ENROLLED: PEOPLE / 6 })
}, 120_000)
