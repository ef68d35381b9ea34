import { describe, expect, it } from 'vitest'
import type { Fault, FaultCode } from '../../nodes/fault.ts'
import { nextAttempt, retryOf } from './retry.ts'

const T0 = 1_700_000_000_000
const fault = (code: FaultCode, retryAfterMs?: number): Fault => ({
  code,
  who: 'vendor',
  message: 'm',
  fix: 'f',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})
const at = (code: FaultCode, attempt: number, { random, after }: { random: number; after?: number }) => {
  const next = nextAttempt(fault(code, after), attempt, { now: T0, random })
  return 'at' in next ? next.at - T0 : next.kind
}

describe('nextAttempt', () => {
  it('doubles the wait from a second, between half and all of it by chance, up to five minutes', () => {
    expect([1, 2, 3, 4].map((n) => at('VENDOR_UNAVAILABLE', n, { random: 1 }))).toEqual([1000, 2000, 4000, 8000])
    expect([1, 2, 3, 4].map((n) => at('VENDOR_UNAVAILABLE', n, { random: 0 }))).toEqual([500, 1000, 2000, 4000])
    expect(at('VENDOR_UNAVAILABLE', 50, { random: 1 })).toBe(300_000)
  })

  it('outlives an outage of ten minutes, and of twelve hours, even with the shortest waits', () => {
    let elapsed = 0
    for (let attempt = 1; ; attempt += 1) {
      const wait = at('VENDOR_UNAVAILABLE', attempt, { random: 0 })
      if (typeof wait === 'string') break
      elapsed += wait
    }
    expect(elapsed).toBeGreaterThan(12 * 3600_000)
    expect(elapsed).toBeLessThan(24 * 3600_000)
  })

  it('never comes back before a limit’s own time, and spreads what comes after', () => {
    expect(at('RATE_LIMITED', 1, { random: 0, after: 10_000 })).toBe(10_000)
    expect(at('RATE_LIMITED', 400, { random: 1, after: 10_000 })).toBe(11_000)
    expect(at('RATE_LIMITED', 1, { random: 1 })).toBe(1000)
    expect(at('VENDOR_UNAVAILABLE', 1, { random: 0, after: 60_000 })).toBe(60_000)
  })

  it('holds what a person must mend at the connection, and fails what no repeat can mend', () => {
    expect(at('AUTH_EXPIRED', 1, { random: 0 })).toBe('held')
    expect(at('QUOTA_EXHAUSTED', 1, { random: 0 })).toBe('held')
    expect(at('INVALID_INPUT', 1, { random: 0 })).toBe('failed')
    expect(at('TEMPLATE_FAILED', 1, { random: 0 })).toBe('failed')
    expect(at('VENDOR_BUSY', 300, { random: 0 })).toBe('failed')
    expect(at('VENDOR_BUSY', 299, { random: 0 })).toBe(150_000)
  })

  it('leaves an unknown outcome to the action’s way of making a repeat safe', () => {
    expect(retryOf('OUTCOME_UNKNOWN')).toBe('settle')
    expect(nextAttempt(fault('OUTCOME_UNKNOWN'), 1, { now: T0, random: 1 })).toEqual({ kind: 'settle', at: T0 + 1000 })
  })
})
