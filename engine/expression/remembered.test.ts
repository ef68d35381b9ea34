import { expect, it } from 'vitest'
import { remembered } from './remembered.ts'

it('works an answer out once, and again only when it was pushed out by later ones', () => {
  const asked: string[] = []
  const length = remembered(2, (text) => {
    asked.push(text)
    return text.length
  })
  expect([length('a'), length('bb'), length('a')]).toEqual([1, 2, 1])
  expect(asked).toEqual(['a', 'bb'])
  expect(length('ccc')).toBe(3)
  expect(length('bb')).toBe(2)
  expect(asked).toEqual(['a', 'bb', 'ccc'])
  expect(length('a')).toBe(1)
  expect(asked).toEqual(['a', 'bb', 'ccc', 'a'])
})
