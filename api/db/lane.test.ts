import { expect, it } from 'vitest'
import { createLane } from './lane.ts'

it('lets so many work at once, the others in their order, and goes on when one fails', async () => {
  const inLane = createLane(2)
  const [begun, ends]: [number[], Array<(failed: boolean) => void>] = [[], []]
  const all = Array.from({ length: 5 }, (_, n) =>
    inLane(
      () =>
        new Promise<number>((resolve, reject) => {
          begun.push(n)
          ends.push((failed) => (failed ? reject(new Error(String(n))) : resolve(n)))
        }),
    ),
  )
  const settled = Promise.allSettled(all)
  expect(begun).toEqual([0, 1])
  ends[1]?.(true)
  await expect(all[1]).rejects.toThrow('1')
  expect(begun).toEqual([0, 1, 2])
  for (const n of [0, 2, 3, 4]) {
    await expect.poll(() => ends.length).toBeGreaterThan(n)
    ends[n]?.(false)
  }
  expect((await settled).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
  expect(begun).toEqual([0, 1, 2, 3, 4])
})
