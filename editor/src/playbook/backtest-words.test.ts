import { expect, it } from 'vitest'
import { endedWords, notEnteredWords } from './backtest-words.ts'

it('says in words why somebody was kept out, and shows a code only where it knows no better', () => {
  expect(notEnteredWords('HOLDOUT')).toBe('Kept out: in the holdout group')
  expect(notEnteredWords('OF_A_LATER_VERSION')).toBe('Kept out: OF_A_LATER_VERSION')
  expect(notEnteredWords('toString')).toBe('Kept out: toString')
})

it('says what became of a run, with its reason where it has one', () => {
  expect(endedWords({ status: 'open', reason: null })).toBe('still open at the end')
  expect(endedWords({ status: 'exited', reason: 'Too small' })).toBe('exited: Too small')
})
