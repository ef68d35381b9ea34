import { describe, expect, it } from 'vitest'
import type { RunDetail, RunStep } from '../api/types.ts'
import { mayOperate } from './may-operate.ts'

const run = (status: RunDetail['run']['status'], endedAt: string | null = null) =>
  ({ status, endedAt }) as RunDetail['run']
const step = (status: RunStep['status'], more: Partial<RunStep> = {}) =>
  ({ status, port: null, ports: ['next'], ...more }) as RunStep
const ask = (of: RunStep, within: RunDetail['run'], isAction = true) => mayOperate(of, { run: within, isAction })

describe('what a person can ask of a step', () => {
  it.each(['waiting', 'retrying', 'held', 'review', 'failed'] as const)('that is %s: both', (status) => {
    expect(ask(step(status), run('waiting'))).toEqual({ skip: true, override: true })
  })

  it('to come: to leave it out, and no more', () => {
    expect(ask(step('pending'), run('waiting'))).toEqual({ skip: true, override: false })
  })

  it('that failed in a run which failed of it: both; in one that is cancelled: nothing', () => {
    expect(ask(step('failed'), run('failed', '2026-01-01'))).toEqual({ skip: true, override: true })
    expect(ask(step('failed'), run('cancelled', '2026-01-01'))).toEqual({ skip: false, override: false })
  })

  it('that is done: to say what it gave, while the run goes on', () => {
    expect(ask(step('done'), run('waiting'))).toEqual({ skip: false, override: true })
    expect(ask(step('done'), run('completed', '2026-01-01'))).toEqual({ skip: false, override: false })
    expect(ask(step('done'), run('waiting'), false).override).toBe(false)
  })

  it('whose failure is dealt with, that acts, or that starts the run: nothing', () => {
    const nothing = { skip: false, override: false }
    expect(ask(step('failed', { port: 'error' }), run('waiting'))).toEqual(nothing)
    expect(ask(step('acting'), run('running'))).toEqual(nothing)
    expect(ask(step('done'), run('running'), false)).toEqual(nothing)
  })
})
