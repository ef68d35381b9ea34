import { describe, expect, it } from 'vitest'
import { chain, wait, write } from '../../test/helpers/chain-plan.ts'
import { factsAt } from '../../test/helpers/plans.ts'
import type { Fault } from '../../nodes/fault.ts'
import type { Plan } from '../model/plan.ts'
import type { RunInput, StepOutcome } from '../model/run.ts'
import { mayBegin, rerunResult, stageOf } from './rerun.ts'

const T0 = 1_700_000_000_000
const fault: Fault = { code: 'VENDOR_UNAVAILABLE', who: 'vendor', message: 'It is away.', fix: 'Wait.' }

/** The record of a run that was told these things, one after another. */
function record(...inputs: Array<[step: string, outcome: StepOutcome] | string>): RunInput[] {
  const start: RunInput = { kind: 'start', at: T0, trigger: { step: 'start', data: {} }, facts: factsAt(T0) }
  const rest = inputs.map((input, i): RunInput => {
    const at = T0 + i + 1
    if (typeof input === 'string') return { kind: 'operator', at, id: input, command: { kind: 'retry', step: null } }
    return { kind: 'outcome', at, step: input[0], visit: 1, outcome: input[1] }
  })
  return [start, ...rest]
}
const failed: StepOutcome = { kind: 'failed', fault }
const done: StepOutcome = { kind: 'done', output: null }

describe('what came of a rerun', () => {
  // start --> a --> b
  const plan = chain(write('a'), write('b'))
  const result = (of: Plan, ...inputs: Parameters<typeof record>) => rerunResult(of, record(...inputs), 'again').kind

  it('is open until the run was told, while it acts, and while it will try again', () => {
    expect(result(plan, ['a', failed])).toBe('open')
    expect(result(plan, ['a', failed], 'again')).toBe('open')
    expect(result(plan, ['a', failed], 'again', ['a', done])).toBe('open')
    const later: StepOutcome = { kind: 'retry', fault, at: T0 + 60_000 }
    expect(result(plan, ['a', failed], 'again', ['a', later])).toBe('open')
    expect(result(plan, ['a', failed], 'again', ['a', { kind: 'review', fault }])).toBe('open')
    expect(result(plan, ['a', failed], 'again', ['a', { kind: 'held', fault, connection: 'pad' }])).toBe('open')
  })

  it('is passed when the run has ended well, or waits behind the failed step', () => {
    expect(result(plan, ['a', failed], 'again', ['a', done], ['b', done])).toBe('passed')
    expect(result(chain(write('a'), wait('w', 1000)), ['a', failed], 'again', ['a', done])).toBe('passed')
  })

  it('is failed with the step and the fault when it fails again, there or further on', () => {
    for (const [step, ...inputs] of [
      ['a', ['a', failed]],
      ['b', ['a', done], ['b', failed]],
    ] as Array<[string, ...Array<[string, StepOutcome]>]>)
      expect(rerunResult(plan, record(['a', failed], 'again', ...inputs), 'again')).toEqual({
        kind: 'failed',
        step,
        fault,
      })
  })

  it('is moved when somebody else had it done again before', () => {
    expect(result(plan, ['a', failed], 'by hand', 'again')).toBe('moved')
    expect(result(plan, ['a', failed], 'by hand', ['a', done], ['b', done], 'again')).toBe('moved')
  })

  it('says nothing of another failed step that was left as it was', () => {
    const beside: Plan = chain(write('a'))
    const b = { ...beside.steps[1], id: 'b', label: 'b' } as Plan['steps'][number]
    const both: Plan = {
      ...beside,
      steps: [...beside.steps.map((s) => (s.op === 'trigger' ? { ...s, out: { next: ['a', 'b'] } } : s)), b],
    }
    const [start, ...rest] = record(['a', failed], ['b', failed], 'again', ['a', done])
    const only = rest.map((input) =>
      input.kind === 'operator' ? { ...input, command: { kind: 'retry' as const, step: 'a' } } : input,
    )
    expect(rerunResult(both, [...(start ? [start] : []), ...only], 'again').kind).toBe('passed')
    expect(rerunResult(both, record(['a', failed], ['b', failed], 'again', ['a', done]), 'again').kind).toBe('open')
  })
})

describe('the order of a rerun', () => {
  it('is one, then ten, then the rest a batch at a time, each stage when the one before is through', () => {
    expect(mayBegin({ begun: 0, through: 0 })).toBe(1)
    expect(mayBegin({ begun: 1, through: 0 })).toBe(0)
    expect(mayBegin({ begun: 0, through: 1 })).toBe(10)
    expect(mayBegin({ begun: 4, through: 7 })).toBe(0)
    expect(mayBegin({ begun: 1, through: 10 })).toBe(0)
    expect(mayBegin({ begun: 0, through: 11 })).toBe(25)
    expect(mayBegin({ begun: 20, through: 100 })).toBe(5)
    expect(mayBegin({ begun: 30, through: 100 })).toBe(0)
    expect([0, 1, 10, 11].map((through) => stageOf({ through }))).toEqual([0, 1, 1, 2])
  })
})
