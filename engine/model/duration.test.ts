import { expect, it } from 'vitest'
import { describeDuration, parseDuration } from './duration.ts'

it.each([
  ['P3D', 3 * 86_400_000],
  ['PT4H', 4 * 3600_000],
  ['P1DT12H30M', 36.5 * 3600_000],
  ['P2W', 14 * 86_400_000],
  ['PT0.5S', 500],
  ['-P7D', -7 * 86_400_000],
  ['PT0S', 0],
  ['PT5M', 300_000],
])('reads %s', (text, ms) => {
  expect(parseDuration(text)).toEqual({ ok: true, ms })
})

it.each(['', 'P', 'PT', '3 days', 'P1DT', 'P-1D', 'P1.5D', 'PT1H1D', 'p1d', ' P1D'])('refuses %j', (text) => {
  expect(parseDuration(text)).toMatchObject({ ok: false, why: expect.stringMatching(/Write e\.g\. P3D/) })
})

it.each(['P1M', 'P1Y', 'P1Y2D', 'P1MT1H'])('refuses %s, whose length varies, and says what to write', (text) => {
  expect(parseDuration(text)).toMatchObject({ ok: false, why: expect.stringMatching(/years or months.*Use days/) })
})

it('takes ten years and no more', () => {
  expect(parseDuration('P3660D').ok).toBe(true)
  expect(parseDuration('P3661D').ok).toBe(false)
})

it('says a duration in words', () => {
  expect(describeDuration(90_061_000)).toBe('1 day 1 hour 1 minute 1 second')
  expect(describeDuration(0)).toBe('no time')
})
