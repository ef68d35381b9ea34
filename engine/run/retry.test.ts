import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chain, write } from '../../test/helpers/chain-plan.ts'
import { factsAt } from '../../test/helpers/plans.ts'
import type { Fault, FaultCode } from '../../nodes/fault.ts'
import type { RunInput, RunState, StepOutcome } from '../model/run.ts'
import { actOrderOf } from './act-order.ts'
import { advance } from './advance.ts'
import { nextAttempt, type RetryLimits, retryOf } from './retry.ts'

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

describe('a step’s own limits', () => {
  const LIMITS = { attempts: 3, withinMs: null, since: T0, failed: 0 }
  const ask = (code: FaultCode, limits: Partial<RetryLimits>, more: { attempt?: number; after?: number } = {}) =>
    nextAttempt(fault(code, more.after), more.attempt ?? 1, { now: T0, random: 1, limits: { ...LIMITS, ...limits } })

  it('end the repeats after so many failures, and say so', () => {
    expect(ask('VENDOR_UNAVAILABLE', { failed: 1 })).toEqual({ kind: 'retry', at: T0 + 2000 })
    expect(ask('VENDOR_UNAVAILABLE', { failed: 2 })).toEqual({ kind: 'failed', gaveUp: 'Given up after 3 attempts.' })
    expect(ask('VENDOR_BUSY', { attempts: 1 })).toEqual({ kind: 'failed', gaveUp: 'The step is not tried again.' })
  })

  it('begin nothing after their end of time, whatever would follow', () => {
    const gaveUp = 'Given up: the time that the step gives its attempts is over.'
    expect(ask('VENDOR_UNAVAILABLE', { withinMs: 1000 })).toEqual({ kind: 'retry', at: T0 + 1000 })
    expect(ask('VENDOR_UNAVAILABLE', { withinMs: 999 })).toEqual({ kind: 'failed', gaveUp })
    expect(ask('RATE_LIMITED', { withinMs: 10_000 }, { after: 10_000 })).toEqual({ kind: 'failed', gaveUp })
    expect(ask('OUTCOME_UNKNOWN', { withinMs: 999 })).toEqual({ kind: 'failed', gaveUp })
  })

  it('wait as they say between two attempts', () => {
    const backoff = { initialMs: 5000, coefficient: 3, maximumMs: 20_000 }
    const waits = [0, 1, 2, 400].map((failed) => ask('VENDOR_BUSY', { attempts: 500, failed, backoff }))
    expect(waits.map((next) => ('at' in next ? next.at - T0 : next.kind))).toEqual([5000, 15_000, 20_000, 20_000])
  })

  it('widen nothing: a limit uses none of them, an unknown outcome is looked for, what a person mends is left to them', () => {
    expect(ask('RATE_LIMITED', { failed: 2 }, { attempt: 9, after: 10_000 })).toEqual({
      kind: 'retry',
      at: T0 + 11_000,
    })
    expect(ask('OUTCOME_UNKNOWN', { attempts: 1 })).toEqual({ kind: 'settle', at: T0 + 1000 })
    expect(ask('AUTH_EXPIRED', { attempts: 1 })).toEqual({ kind: 'held' })
    expect(ask('INVALID_INPUT', { attempts: 100 })).toEqual({ kind: 'failed' })
  })
})

describe('the attempts that a step’s limits count', () => {
  const retry = { attempts: 3, withinMs: 60_000 }
  const plan = chain({ ...write('a'), retry })
  const feed = (state: RunState | null, input: RunInput): RunState => advance(plan, state, input).state
  const start: RunInput = { kind: 'start', at: T0, trigger: { step: 'start', data: {} }, facts: factsAt(T0) }
  const again = (code: FaultCode, at: number): RunInput => ({
    kind: 'outcome',
    at,
    step: 'a',
    visit: 1,
    outcome: { kind: 'retry', fault: fault(code), at: at + 1 },
  })
  const due = (at: number): RunInput => ({ kind: 'due', at, step: 'a', visit: 1, facts: null })
  const limitsOf = (state: RunState) =>
    actOrderOf({ workspaceId: 'w', runId: 'r' }, { plan, state }, { kind: 'act', step: 'a', visit: 1, attempt: 1 })
      .limits

  it('are those that failed, over sleeps and turns in a line, and not those at a limit', () => {
    const inputs = [again('VENDOR_BUSY', T0 + 1), due(T0 + 2), again('RATE_LIMITED', T0 + 3), due(T0 + 4)]
    let state = inputs.reduce(feed, feed(null, start))
    expect(limitsOf(state)).toEqual({ ...retry, since: T0, failed: 1 })
    state = feed(state, { kind: 'outcome', at: T0 + 5, step: 'a', visit: 1, outcome: { kind: 'paced', at: T0 + 6 } })
    state = feed(state, due(T0 + 6))
    expect(limitsOf(state)).toEqual({ ...retry, since: T0, failed: 1 })
  })

  it('are counted anew when a person retries it, or its connection works again', () => {
    const busy = [again('VENDOR_BUSY', T0 + 1), due(T0 + 2)].reduce(feed, feed(null, start))
    const outcome = (kind: 'failed' | 'held'): RunInput => {
      const what = kind === 'failed' ? { kind } : { kind, connection: 'pad' }
      return { kind: 'outcome', at: T0 + 3, step: 'a', visit: 1, outcome: { ...what, fault: fault('NOT_FOUND') } }
    }
    const command = { kind: 'retry', step: null } as const
    const retried = feed(feed(busy, outcome('failed')), { kind: 'operator', at: T0 + 4, id: 'o', command })
    expect(limitsOf(retried)).toEqual({ ...retry, since: T0 + 4, failed: 0 })
    const resumed = feed(feed(busy, outcome('held')), { kind: 'resume', at: T0 + 5, connection: 'pad' })
    expect(limitsOf(resumed)).toEqual({ ...retry, since: T0 + 5, failed: 0 })
  })
})

describe('whatever goes wrong in whatever order', () => {
  const faults = fc.array(
    fc.constantFrom<FaultCode>('VENDOR_UNAVAILABLE', 'VENDOR_BUSY', 'RATE_LIMITED', 'INTERNAL', 'OUTCOME_UNKNOWN'),
    { minLength: 1, maxLength: 40 },
  )
  const policy = fc.record({
    attempts: fc.integer({ min: 1, max: 6 }),
    withinMs: fc.option(fc.integer({ min: 0, max: 90_000 })),
  })

  it('no more attempts fail than the step allows, and none begins after its end of time', () => {
    fc.assert(
      fc.property(policy, faults, fc.double({ min: 0, max: 0.99, noNaN: true }), (retry, codes, random) => {
        const plan = chain({ ...write('a'), retry })
        const start: RunInput = { kind: 'start', at: T0, trigger: { step: 'start', data: {} }, facts: factsAt(T0) }
        let { state } = advance(plan, null, start)
        let now = T0
        let refusedWrites = 0
        for (const code of codes) {
          const step = state.steps.a
          if (step?.status !== 'acting') break
          expect(now - T0).toBeLessThanOrEqual(retry.withinMs ?? Number.POSITIVE_INFINITY)
          const command = { kind: 'act', step: 'a', visit: 1, attempt: step.attempts } as const
          const { limits } = actOrderOf({ workspaceId: 'w', runId: 'r' }, { plan, state }, command)
          if (retryOf(code) === 'backoff') refusedWrites += 1
          const next = nextAttempt(fault(code, 5_000), step.attempts, { now, random, ...(limits && { limits }) })
          if (next.kind === 'held') throw new Error('None of these holds.')
          const outcome: StepOutcome =
            next.kind === 'failed'
              ? { kind: 'failed', fault: fault(code) }
              : { kind: 'retry', fault: fault(code), at: next.at }
          state = advance(plan, state, { kind: 'outcome', at: now, step: 'a', visit: 1, outcome }).state
          if (next.kind === 'failed') break
          now = next.at
          state = advance(plan, state, { kind: 'due', at: now, step: 'a', visit: 1, facts: null }).state
        }
        expect(refusedWrites).toBeLessThanOrEqual(retry.attempts)
      }),
      { numRuns: 300 },
    )
  })
})
