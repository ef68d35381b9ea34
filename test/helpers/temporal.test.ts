import { afterAll, beforeAll, expect, it } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../../engine/temporal/search-attributes.ts'
import { connectTemporal, type TestTemporal, timeSkippingEnvironment } from './temporal.ts'

let temporal: TestTemporal
beforeAll(async () => {
  temporal = await connectTemporal()
})
afterAll(() => temporal.close())

it('has the search attributes that runs are started with', async () => {
  const { customAttributes } = await temporal.client.connection.operatorService.listSearchAttributes({
    namespace: temporal.namespace,
  })
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)))
})

it('has a server whose time can be skipped', async () => {
  const environment = await timeSkippingEnvironment()
  const before = await environment.currentTimeMs()
  await environment.sleep('30 days')
  expect((await environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(30 * 24 * 3600 * 1000)
  await environment.teardown()
})
