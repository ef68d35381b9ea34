import { expect, it } from 'vitest'
import { newId } from './new-id.ts'

it('makes version 7 UUIDs that begin with their time and are never the same', () => {
  const now = Date.UTC(2026, 10, 22, 4, 5, 6, 789)
  const ids = Array.from({ length: 2_000 }, () => newId(now))
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(now)
  }
  expect(newId(now + 1) > (ids[0] ?? '')).toBe(true)
})

it('counts up within a millisecond, far beyond what one batch makes', () => {
  const ids = Array.from({ length: 50_000 }, () => newId(1_700_000_000_000))
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})
