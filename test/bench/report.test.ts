import { describe, expect, it } from 'vitest'
import { missedBy, percentile, shown } from './report.ts'

describe('a goal', () => {
  it('is met at the goal itself, whichever way it counts', () => {
    expect(missedBy({ value: 45, goal: { atMost: 45 } })).toBe(0)
    expect(missedBy({ value: 30, goal: { atLeast: 30 } })).toBe(0)
  })

  it('is missed by the part of it that is wanting', () => {
    expect(missedBy({ value: 54, goal: { atMost: 45 } })).toBeCloseTo(0.2)
    expect(missedBy({ value: 24, goal: { atLeast: 30 } })).toBeCloseTo(0.2)
  })

  it('is missed by a figure that could not be measured', () => {
    expect(missedBy({ value: Number.NaN, goal: { atMost: 1 } })).toBe(Number.POSITIVE_INFINITY)
  })

  it('is neither where there is none', () => {
    expect(missedBy({ value: 1 })).toBeNull()
  })
})

describe('percentile', () => {
  it('is a value that was measured', () => {
    const values = Array.from({ length: 20 }, (_, i) => 20 - i)
    expect(percentile(values, 0.5)).toBe(10)
    expect(percentile(values, 0.95)).toBe(19)
    expect(percentile([7], 0.95)).toBe(7)
  })

  it('is not a number where nothing was measured', () => {
    expect(percentile([], 0.5)).toBeNaN()
  })
})

it('shows three figures at least of a small number, and no parts of a large one', () => {
  expect([0.953, 12.34, 117, 1234.5, 20].map(shown)).toEqual(['0.95', '12.3', '117', '1,235', '20'])
})
