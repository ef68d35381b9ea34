import { expect, it } from 'vitest'
import { isSame, segmentScenario } from './segment.ts'

it('what Segment’s own library sends while the API is killed is stored as an independent model says', async () => {
  const report = await segmentScenario({ calls: 2_000, apiKills: 1, workerKills: 0, seed: 3 })
  expect(report, JSON.stringify(report, null, 1)).toSatisfy(isSame)
}, 240_000)
