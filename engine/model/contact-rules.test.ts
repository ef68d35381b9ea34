import { describe, expect, it } from 'vitest'
import { capReached, type QuietIn, quietUntil } from './contact-rules.ts'

const at = (text: string) => Date.parse(text)
const night: QuietIn = { from: '21:00', to: '08:00', zone: 'Europe/Berlin', property: null }

describe('quiet hours', () => {
  it.each([
    ['2026-11-22T12:00:00Z', null, '2026-11-22T12:00:00Z'],
    // Both sides of both limits.
    ['2026-11-22T19:59:59Z', null, '2026-11-22T19:59:59Z'],
    ['2026-11-22T20:00:00Z', null, '2026-11-23T07:00:00Z'],
    ['2026-11-23T06:59:59Z', null, '2026-11-23T07:00:00Z'],
    ['2026-11-23T07:00:00Z', null, '2026-11-23T07:00:00Z'],
    // By the clocks of the person.
    ['2026-11-22T20:00:00Z', 'America/New_York', '2026-11-22T20:00:00Z'],
    ['2026-11-22T12:00:00Z', 'America/New_York', '2026-11-22T13:00:00Z'],
    // The night in which the clocks go forward.
    ['2026-03-28T22:00:00Z', null, '2026-03-29T06:00:00Z'],
  ])('at %s in %s: %s', (now, zone, until) => {
    expect(new Date(quietUntil(night, at(now), zone)).toISOString()).toBe(until.replace('Z', '.000Z'))
  })

  it('may lie within a day', () => {
    const noon = { ...night, from: '12:00', to: '13:00', zone: 'UTC' }
    expect(quietUntil(noon, at('2026-11-22T12:30:00Z'), null)).toBe(at('2026-11-22T13:00:00Z'))
    expect(quietUntil(noon, at('2026-11-22T23:30:00Z'), null)).toBe(at('2026-11-22T23:30:00Z'))
  })
})

it('a cap is reached by what was sent within its days, and the first that is counts', () => {
  const now = at('2026-11-22T12:00:00Z')
  const day = 86_400_000
  const two = { channel: 'email' as const, most: 2, days: 7 }
  expect(capReached([two], [now - 7 * day, now - day], now)).toBeNull()
  expect(capReached([two], [now - 7 * day + 1, now - day], now)).toEqual(two)
  const five = { ...two, most: 5, days: 30 }
  expect(
    capReached(
      [two, five],
      [8, 9, 10, 11, 12].map((days) => now - days * day),
      now,
    ),
  ).toEqual(five)
})
