import { expect, it } from 'vitest'
import { FIGURES, figureScenario } from './time-travel-figures.ts'
import { absenceScenario } from './time-travel.ts'

it('“no login for 7 days” comes true and ends at the millisecond that each history alone says', async () => {
  const report = await absenceScenario({ contacts: 600, days: 30, seed: 3 })
  expect(report.wrong).toEqual([])
  expect(report.edges).toBeGreaterThan(600)
  expect(report.asked / report.polled).toBeLessThan(0.01)
}, 120_000)

it.each(FIGURES)(
  '$name turns at the moment the naive evaluator says',
  async (figure) => {
    const report = await figureScenario(figure, { contacts: figure.windows.length === 0 ? 30 : 120, days: 40, seed: 5 })
    expect(report.wrong).toEqual([])
    expect(report.edges).toBeGreaterThan(20)
  },
  120_000,
)
