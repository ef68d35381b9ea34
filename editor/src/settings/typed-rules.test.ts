import { expect, it } from 'vitest'
import { readRules, type TypedRules } from './typed-rules.ts'

const typed: TypedRules = { caps: [{ channel: 'email', most: 2, days: 7 }], quiet: null, holdoutPercent: 10 }
const withCap = (more: Partial<TypedRules['caps'][number]>): TypedRules => ({
  ...typed,
  caps: typed.caps.map((cap) => ({ ...cap, ...more })),
})

it('reads what was typed, as it is', () => {
  expect(readRules(typed)).toEqual(typed)
  expect(readRules({ ...typed, holdoutPercent: 0 })).toEqual({ ...typed, holdoutPercent: 0 })
  expect(readRules({ ...typed, holdoutPercent: 50 })).toEqual({ ...typed, holdoutPercent: 50 })
})

it('reads nothing of a number that was cleared, is half written, or lies beyond its limits', () => {
  for (const holdoutPercent of ['', '-', 50.01, -1])
    expect(readRules({ ...typed, holdoutPercent }), String(holdoutPercent)).toBeNull()
  for (const wrong of [{ most: '' }, { days: '' }, { most: 0 }, { days: 91 }, { most: 1.5 }])
    expect(readRules(withCap(wrong)), JSON.stringify(wrong)).toBeNull()
})
