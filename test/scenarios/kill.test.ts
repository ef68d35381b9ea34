import { expect, it } from 'vitest'
import { isClean, killScenario } from './kill.ts'

it('loses nothing and does nothing twice while every process is killed once under vendor faults', async () => {
  const report = await killScenario({ seed: 7, runs: 24, kills: 1 })
  expect(report, JSON.stringify(report)).toSatisfy(isClean)
}, 240_000)
