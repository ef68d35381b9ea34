import { describe, expect, it } from 'vitest'
import { dueAt, type EndedRun, healthOf, retryAt } from './health.ts'

const NOW = 1_700_000_000_000
const MINUTE = 60_000
const LIMITS = { firstFailure: true, failedPercent: 20 }
/** `f` failed, `.` did not; one a minute, the last at `NOW - ago` minutes. */
const runs = (text: string, ago = 0): EndedRun[] =>
  text.split('').map((one, i) => ({ failed: one === 'f', endedAt: NOW - (text.length - 1 - i + ago) * MINUTE }))
const state = (of: EndedRun[], limits = LIMITS) => healthOf(of, limits, NOW).state

describe('a playbook', () => {
  it('is failing with the first failure after a success, where that is asked for', () => {
    expect(state(runs('...f'))).toBe('failing')
    expect(state(runs('...f'), { ...LIMITS, firstFailure: false })).toBe('unsure')
  })

  it('is failing when the share of failures is too great, of ten runs or more', () => {
    expect(state(runs('f.f.......'))).toBe('failing')
    expect(state(runs('f.........'))).toBe('unsure')
    expect(state(runs('f.f......'))).toBe('unsure')
    expect(healthOf(runs('f.f.......'), LIMITS, NOW)).toEqual({ state: 'failing', failed: 2, ended: 10 })
  })

  it('is well again when nothing has failed for ten minutes, and not with the first success', () => {
    expect(state(runs('....f....'))).toBe('unsure')
    expect(state(runs('....f....', 10))).toBe('well')
    expect(state(runs('.........'))).toBe('well')
    expect(state([])).toBe('well')
  })

  it('is not judged by what ended more than a day ago', () => {
    expect(state(runs('f', 25 * 60))).toBe('well')
  })
})

describe('an alert', () => {
  it('is sent at once, or after a rest where its forerunner has just been told of', () => {
    expect(dueAt(NOW, null)).toBe(NOW)
    expect(dueAt(NOW, NOW - 5 * MINUTE)).toBe(NOW + 10 * MINUTE)
    expect(dueAt(NOW, NOW - 60 * MINUTE)).toBe(NOW)
  })

  it('is tried again with growing waits for some hours, then given up', () => {
    expect([1, 2, 3, 20].map((n) => retryAt(NOW, n))).toEqual([NOW + 30_000, NOW + 60_000, NOW + 120_000, null])
    expect(retryAt(NOW, 11)).toBe(NOW + 3_600_000)
  })
})
