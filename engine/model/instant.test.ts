import { expect, it } from 'vitest'
import { parseInstant } from './instant.ts'

it.each([
  ['2026-03-01', '2026-03-01T00:00:00.000Z'],
  ['2026-03-01T10:30:00Z', '2026-03-01T10:30:00.000Z'],
  ['2026-03-01T10:30Z', '2026-03-01T10:30:00.000Z'],
  ['2026-03-01T10:30:00.123456+02:00', '2026-03-01T08:30:00.123Z'],
  ['2026-03-01T10:30:00.000+0000', '2026-03-01T10:30:00.000Z'],
  ['2026-03-01T23:30:00-05:00', '2026-03-02T04:30:00.000Z'],
])('reads %s', (text, iso) => {
  expect(new Date(parseInstant(text) ?? Number.NaN).toISOString()).toBe(iso)
})

it('reads numbers as unix seconds', () => {
  expect(parseInstant(1_700_000_000)).toBe(1_700_000_000_000)
})

it.each([
  '2026-02-30',
  '2026-13-01',
  '2026-03-01T10:30:00',
  '2026-03-01T25:00:00Z',
  '1 March 2026',
  '',
  true,
  null,
  [],
])('refuses %j', (value) => {
  expect(parseInstant(value)).toBeNull()
})
