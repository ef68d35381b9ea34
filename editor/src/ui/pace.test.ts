import { expect, it } from 'vitest'
import { paceWords, readPace } from './pace.ts'

it('reads nothing as no limit, a pace as it is, and anything else as none', () => {
  expect(readPace('')).toBe(null)
  expect([0.01, 0.5, 20, 1000].map(readPace)).toEqual([0.01, 0.5, 20, 1000])
  expect([0, -1, 0.009, 1000.1, Number.NaN, '-', '.'].map(readPace)).toEqual(Array.from({ length: 7 }))
})

it('says a slow pace as slow as it is', () => {
  expect([0.1, 1 / 3, 1, 1.25, 9.96, 16.4, 2000].map(paceWords)).toEqual([
    'about 0.1 a second',
    'about 0.33 a second',
    'about 1 a second',
    'about 1.3 a second',
    'about 10 a second',
    'about 16 a second',
    'about 2,000 a second',
  ])
})
