import { expect, it } from 'vitest'
import { until } from './until.ts'

const soon = { limitMs: 60, everyMs: 5 }

it('answers the first look that finds something, whatever the looks before it threw', async () => {
  const looks = [
    () => {
      throw new Error('not yet')
    },
    () => null,
    () => false,
    () => 0,
  ]
  let looked = 0
  expect(await until('it is there', () => looks[looked++]?.() ?? null)).toBe(0)
  expect(looked).toBe(4)
})

it('takes an expectation that holds for found', async () => {
  let n = 0
  await until('it is two', () => expect(++n).toBe(2))
  expect(n).toBe(2)
})

it('gives up with words, and with what was thrown last', async () => {
  const vain = until('the moon is blue', () => expect('grey').toBe('blue'), soon)
  await expect(vain).rejects.toThrow('Waited 0.06 s in vain until the moon is blue.')
  const cause = await vain.catch((error: Error) => error.cause)
  expect(String(cause)).toContain('grey')
  await expect(until('it is there', () => null, soon)).rejects.not.toHaveProperty('cause')
})
