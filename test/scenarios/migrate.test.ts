import { expect, it } from 'vitest'
import { isClean, migrateScenario } from './migrate.ts'

it('moves waiting runs of every kind to a new version while the worker is killed, and each ends once, as it was said', async () => {
  const report = await migrateScenario({ seed: 7, runs: 5, kills: 1, processes: ['worker'], holdSeconds: 10 })
  expect(report, JSON.stringify(report)).toSatisfy(isClean)
}, 180_000)
