import { expect, it } from 'vitest'
import { absenceScenario } from './time-travel.ts'

it('“no login for 7 days” comes true and ends at the millisecond that each history alone says', async () => {
  const report = await absenceScenario({ contacts: 600, days: 30, seed: 3 })
  expect(report.wrong).toEqual([])
  expect(report.edges).toBeGreaterThan(600)
  expect(report.asked / report.polled).toBeLessThan(0.01)
}, 120_000)
