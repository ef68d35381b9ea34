import { expect, it } from 'vitest'
import { eventWords, isInstantText } from './facts-words.ts'

it('shows the latest five times, newest first, and counts the others', () => {
  expect(eventWords([1, 2, 3, 4, 5])).toEqual({ latest: [5, 4, 3, 2, 1], rest: null })
  expect(eventWords([1, 2, 3, 4, 5, 6, 7])).toEqual({ latest: [7, 6, 5, 4, 3], rest: 'and 2 earlier' })
  expect(eventWords([])).toEqual({ latest: [], rest: 'not once' })
})

it.each([
  ['2026-11-22T03:48:12.123Z', true],
  ['2026-11-22T03:48+01:00', true],
  ['2026-11-22', false],
  ['2026-13-45T99:99:99Z', false],
  ['on 2026-11-22T03:48:12Z', false],
  [1_795_319_292_123, false],
])('takes %s for an instant: %s', (value, expected) => {
  expect(isInstantText(value)).toBe(expected)
})
