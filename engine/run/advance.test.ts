import { describe, expect, it } from 'vitest'
import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { act, branch, delay, exit, factsAt, join, planOf, trigger } from '../../test/helpers/plans.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import type { Advanced, OperatorCommand, RunInput, RunState, StepOutcome } from '../model/run.ts'
import { advance } from './advance.ts'
import { PlanMismatch } from './plan-index.ts'

const T0 = 1_700_000_000_000
const fault: Fault = { code: 'NOT_FOUND', who: 'user', message: 'No such contact.', fix: 'Create it.' }
const unavailable: Fault = { ...fault, code: 'VENDOR_UNAVAILABLE', who: 'vendor' }

/** Feeds inputs one after another and keeps every answer. */
function drive(plan: Plan, facts: Facts = factsAt(T0), data: { [name: string]: Json } = {}) {
  let at = T0
  const log: Advanced[] = []
  let state: RunState | null = null
  const feed = (input: RunInput): Advanced => {
    const before = structuredClone(state)
    const given = state
    const next = advance(plan, state, input)
    expect(given, 'the given state is left as it was').toEqual(before)
    expect(JSON.parse(JSON.stringify(next.state)), 'the state is plain JSON').toEqual(next.state)
    log.push(next)
    state = next.state
    return next
  }
  feed({ kind: 'start', at, trigger: { step: plan.steps[0]?.id ?? '', data }, facts })
  return {
    log,
    get state(): RunState {
      if (!state) throw new Error('not started')
      return state
    },
    outcome: (step: string, outcome: StepOutcome, visit = 1) =>
      feed({ kind: 'outcome', at: ++at, step, visit, outcome }),
    done: (step: string, output: Json = null) =>
      feed({ kind: 'outcome', at: ++at, step, visit: 1, outcome: { kind: 'done', output } }),
    due: (step: string, when: number, fresh: Facts | null = null) => {
      at = when
      return feed({ kind: 'due', at, step, visit: 1, facts: fresh })
    },
    resume: (connection: string) => feed({ kind: 'resume', at: ++at, connection }),
    operate: (command: OperatorCommand, id = `op-${++at}`) => feed({ kind: 'operator', at: ++at, id, command }),
  }
}

const statuses = (state: RunState) => Object.fromEntries(Object.entries(state.steps).map(([id, s]) => [id, s.status]))

describe('a line of steps', () => {
  // start → a → b
  const plan = planOf([trigger('start', ['a']), act('a', ['b']), act('b')])

  it('acts one after the other and finishes once', () => {
    const run = drive(plan)
    expect(run.log[0]?.commands).toEqual([{ kind: 'act', step: 'a', visit: 1, attempt: 1 }])
    expect(run.done('a').commands).toEqual([{ kind: 'act', step: 'b', visit: 1, attempt: 1 }])
    expect(run.done('b').commands).toEqual([{ kind: 'finish', status: 'completed', reason: null }])
    expect(run.state.status).toBe('completed')
    expect(run.done('b').commands).toEqual([])
  })

  it('keeps an output only where a later step reads it', () => {
    const keeping = planOf([trigger('start', ['a']), { ...act('a', ['b']), keeps: true }, act('b')])
    const run = drive(keeping)
    run.done('a', { id: 7 })
    run.done('b', { id: 8 })
    expect(run.state.steps.a?.output).toEqual({ id: 7 })
    expect(run.state.steps.b).not.toHaveProperty('output')
  })

  it('skips what hangs on a failed step and says failed with the reason', () => {
    const run = drive(plan)
    const { commands } = run.outcome('a', { kind: 'failed', fault })
    expect(commands).toEqual([{ kind: 'finish', status: 'failed', reason: 'a: No such contact.' }])
    expect(statuses(run.state)).toEqual({ start: 'done', a: 'failed', b: 'skipped' })
  })

  it('sleeps before a retry and then acts with the next attempt of the same visit', () => {
    const run = drive(plan)
    expect(run.outcome('a', { kind: 'retry', fault: unavailable, at: T0 + 5000 }).commands).toEqual([
      { kind: 'sleep', step: 'a', visit: 1, until: T0 + 5000 },
    ])
    expect(run.state.status).toBe('waiting')
    expect(run.due('a', T0 + 5000).commands).toEqual([{ kind: 'act', step: 'a', visit: 1, attempt: 2 }])
  })

  it('keeps the attempt when the budget only paced it', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'paced', at: T0 + 100 })
    expect(run.state.steps.a?.status).toBe('paced')
    expect(run.due('a', T0 + 100).commands).toEqual([{ kind: 'act', step: 'a', visit: 1, attempt: 1 }])
  })

  it('is held by a connection until that one works again', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'held', fault, connection: 'salesforce' })
    expect(run.state.status).toBe('held')
    expect(run.resume('intercom').commands).toEqual([])
    expect(run.resume('salesforce').commands).toEqual([{ kind: 'act', step: 'a', visit: 1, attempt: 2 }])
    expect(run.state.status).toBe('running')
  })

  it('goes on when a person says that an unknown effect landed', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'review', fault })
    expect(run.state.status).toBe('review')
    const next = run.operate({ kind: 'settle', step: 'a', landed: true, output: null })
    expect(next.commands).toEqual([{ kind: 'act', step: 'b', visit: 1, attempt: 1 }])
  })

  it('acts with a new visit when a person says do it again', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'review', fault })
    const next = run.operate({ kind: 'settle', step: 'a', landed: false, output: null })
    expect(next.commands).toEqual([{ kind: 'act', step: 'a', visit: 2, attempt: 1 }])
    expect(run.outcome('a', { kind: 'done', output: null }, 1).commands, 'the old visit is over').toEqual([])
    expect(run.outcome('a', { kind: 'done', output: null }, 2).commands).toHaveLength(1)
  })
})

describe('a branch', () => {
  const over = (port: string, value: number) => ({ port, if: { property: 'account.mrr', op: 'gt' as const, value } })
  // start → big ─ over-100 → a
  //             └ else     → b
  const plan = planOf([
    trigger('start', ['big']),
    branch('big', [over('over-1000', 1000), over('over-100', 100)], {
      'over-1000': [],
      'over-100': ['a'],
      else: ['b'],
    }),
    act('a'),
    act('b'),
  ])

  it('takes the first case that holds and keeps the traces up to it', () => {
    const run = drive(plan, factsAt(T0, { account: { mrr: 250 } }))
    expect(statuses(run.state)).toEqual({ start: 'done', big: 'done', a: 'acting', b: 'skipped' })
    const note = run.log[0]?.notes.find((n) => n.step === 'big')
    expect(note?.port).toBe('over-100')
    expect(note?.why?.map((t) => [t.value, t.actual])).toEqual([
      [false, 250],
      [true, 250],
    ])
  })

  it('takes else when nothing holds, also when the value is not there', () => {
    expect(statuses(drive(plan).state)).toMatchObject({ a: 'skipped', b: 'acting' })
  })

  it('reads what the trigger brought and what a step left', () => {
    const reading = planOf([
      trigger('start', ['a']),
      { ...act('a', ['pick']), keeps: true },
      branch(
        'pick',
        [
          {
            port: 'yes',
            if: {
              all: [
                { property: 'trigger.plan', op: 'eq', value: 'pro' },
                { property: 'steps.a.stage', op: 'eq', value: 'won' },
              ],
            },
          },
        ],
        { yes: ['b'], else: [] },
      ),
      act('b'),
    ])
    const run = drive(reading, factsAt(T0), { plan: 'pro' })
    run.done('a', { stage: 'won' })
    expect(run.state.steps.b?.status).toBe('acting')
  })
})

describe('a delay', () => {
  const plan = planOf([trigger('start', ['wait']), delay('wait', { mode: 'for', ms: 3600_000 }, ['a']), act('a')])
  const until = (missing: 'skip' | 'fail', offsetMs = 0) =>
    planOf([
      trigger('start', ['wait']),
      delay('wait', { mode: 'untilDate', property: 'contact.renewal', offsetMs, missing }, ['a']),
      act('a'),
    ])

  it('sleeps from the moment it was reached', () => {
    const run = drive(plan)
    expect(run.log[0]?.commands).toEqual([{ kind: 'sleep', step: 'wait', visit: 1, until: T0 + 3600_000 }])
    expect(run.state.status).toBe('waiting')
    expect(run.due('wait', T0 + 3600_000).commands).toEqual([{ kind: 'act', step: 'a', visit: 1, attempt: 1 }])
  })

  it('waits until a date less its offset', () => {
    const renewal = new Date(T0 + 10 * 86_400_000).toISOString()
    const run = drive(until('fail', -7 * 86_400_000), factsAt(T0, { contact: { renewal } }))
    expect(run.log[0]?.commands).toEqual([{ kind: 'sleep', step: 'wait', visit: 1, until: T0 + 3 * 86_400_000 }])
  })

  it.each([
    ['the date when it comes before the longest wait', 2, 2],
    ['the longest wait when the date comes after it', 9, 3],
  ])('waits until %s', (_, renewalDays, dueDays) => {
    const most = { mode: 'untilDate', property: 'contact.renewal', offsetMs: 0, missing: 'fail' } as const
    const bounded = planOf([
      trigger('start', ['wait']),
      delay('wait', { ...most, maxWaitMs: 3 * 86_400_000 }, ['a']),
      act('a'),
    ])
    const renewal = new Date(T0 + renewalDays * 86_400_000).toISOString()
    const run = drive(bounded, factsAt(T0, { contact: { renewal } }))
    expect(run.log[0]?.commands).toEqual([{ kind: 'sleep', step: 'wait', visit: 1, until: T0 + dueDays * 86_400_000 }])
  })

  it.each([
    ['in the past', T0 / 1000 - 1],
    ['at this very moment', T0 / 1000],
  ])('goes on at once when the date is %s', (_, renewal) => {
    expect(drive(until('fail'), factsAt(T0, { contact: { renewal } })).state.steps.a?.status).toBe('acting')
  })

  it('goes on or fails without the date, as the plan says', () => {
    expect(drive(until('skip')).state.steps.a?.status).toBe('acting')
    expect(drive(until('fail')).state).toMatchObject({ status: 'failed', steps: { wait: { status: 'failed' } } })
  })

  it('fails on a value that is no date rather than guessing, and a retry with mended facts waits', () => {
    const run = drive(until('skip'), factsAt(T0, { contact: { renewal: 'soon' } }))
    expect(run.state.steps.wait?.fault?.code).toBe('INVALID_INPUT')
    const mended = factsAt(T0 + 10, { contact: { renewal: new Date(T0 + 1_000_000).toISOString() } })
    const next = advance(until('skip'), run.state, {
      kind: 'operator',
      at: T0 + 10,
      id: 'again',
      command: { kind: 'retry', step: null },
      facts: mended,
    })
    expect(next.commands).toEqual([{ kind: 'sleep', step: 'wait', visit: 1, until: T0 + 1_000_000 }])
  })
})

describe('joins', () => {
  // start ┬ a ┐
  //       └ b ┴ both → c
  const joined = (wait: 'all' | 'any', losers: string[] = []) =>
    planOf([
      trigger('start', ['a', 'b']),
      act('a', ['both']),
      act('b', ['both']),
      join('both', { wait, losers }, ['c']),
      act('c'),
    ])

  it('all waits for every branch', () => {
    const run = drive(joined('all'))
    expect(run.done('b').commands).toEqual([])
    expect(run.done('a').commands).toEqual([{ kind: 'act', step: 'c', visit: 1, attempt: 1 }])
  })

  it('all runs when one branch failed and the other arrived, and the run is failed in the end', () => {
    const run = drive(joined('all'))
    run.outcome('a', { kind: 'failed', fault })
    expect(run.done('b').commands).toEqual([{ kind: 'act', step: 'c', visit: 1, attempt: 1 }])
    expect(run.done('c').commands).toEqual([{ kind: 'finish', status: 'failed', reason: 'a: No such contact.' }])
  })

  it('all is skipped when every branch is', () => {
    const run = drive(joined('all'))
    run.outcome('a', { kind: 'failed', fault })
    run.outcome('b', { kind: 'failed', fault })
    expect(statuses(run.state)).toMatchObject({ both: 'skipped', c: 'skipped' })
  })

  it('any goes on with the first; what the other still does is recorded and leads nowhere', () => {
    const run = drive(joined('any', ['a', 'b']))
    expect(run.done('b').commands).toEqual([{ kind: 'act', step: 'c', visit: 1, attempt: 1 }])
    expect(run.state.steps.a).toMatchObject({ status: 'acting', cancelRequested: true })
    expect(run.done('c').commands, 'a is still acting').toEqual([])
    expect(run.done('a').commands).toEqual([{ kind: 'finish', status: 'completed', reason: null }])
    expect(run.state.steps.a).toMatchObject({ status: 'done', cancelRequested: true })
  })

  it('any does not retry a loser, and the failure of one does not fail the run', () => {
    for (const outcome of [
      { kind: 'retry', fault: unavailable, at: T0 + 9 },
      { kind: 'held', fault, connection: 'x' },
      { kind: 'failed', fault },
    ] as const) {
      const run = drive(joined('any', ['a', 'b']))
      run.done('b')
      run.outcome('a', outcome)
      expect(run.done('c').commands).toEqual([{ kind: 'finish', status: 'completed', reason: null }])
    }
  })

  it('any wakes a sleeping loser for good', () => {
    const plan = planOf([
      trigger('start', ['wait', 'b']),
      delay('wait', { mode: 'for', ms: 1000 }, ['a']),
      act('a', ['both']),
      act('b', ['both']),
      join('both', { wait: 'any', losers: ['wait', 'a', 'b'] }, []),
    ])
    const run = drive(plan)
    expect(run.done('b').commands).toEqual([
      { kind: 'cancelSleep', step: 'wait', visit: 1 },
      { kind: 'finish', status: 'completed', reason: null },
    ])
    expect(statuses(run.state)).toMatchObject({ wait: 'cancelled', a: 'cancelled' })
    expect(run.due('wait', T0 + 1000).commands).toEqual([])
  })
})

describe('the end of a run', () => {
  // start ┬ a → leave (exit)
  //       ├ b
  //       └ wait → c
  const plan = planOf([
    trigger('start', ['a', 'b', 'wait']),
    act('a', ['leave']),
    act('b', ['d']),
    delay('wait', { mode: 'for', ms: 1000 }, ['c']),
    act('c'),
    act('d'),
    exit('leave', 'not for us'),
  ])

  it('an exit cancels waits and finishes when what is in flight is over', () => {
    const run = drive(plan)
    expect(run.done('a').commands).toEqual([{ kind: 'cancelSleep', step: 'wait', visit: 1 }])
    expect(run.state).toMatchObject({ status: 'running', reason: 'not for us' })
    expect(run.done('b').commands).toEqual([{ kind: 'finish', status: 'exited', reason: 'not for us' }])
    expect(run.state.steps.d, 'never reached').toBeUndefined()
  })

  it('an exit reached in the same instant takes back what was not handed out', () => {
    const run = drive(planOf([trigger('start', ['a', 'leave']), act('a'), exit('leave', 'closed')]))
    expect(run.log[0]?.commands).toEqual([{ kind: 'finish', status: 'exited', reason: 'closed' }])
    expect(run.state.steps.a).toMatchObject({ status: 'cancelled', attempts: 0 })
  })

  it('an operator cancels with a reason', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'held', fault, connection: 'x' })
    run.outcome('b', { kind: 'review', fault })
    const { commands } = run.operate({ kind: 'cancel', reason: 'by Ada' })
    expect(commands).toEqual([
      { kind: 'cancelSleep', step: 'wait', visit: 1 },
      { kind: 'finish', status: 'cancelled', reason: 'by Ada' },
    ])
  })

  it('exit rules and the goal are looked at when the run starts', () => {
    const rule = { property: 'contact.left', op: 'eq' as const, value: true }
    const guarded = { ...plan, enrollment: { ...plan.enrollment, exit: [{ name: 'left us', if: rule }] } }
    const run = drive(guarded, factsAt(T0, { contact: { left: true } }))
    expect(run.log[0]?.commands).toEqual([{ kind: 'finish', status: 'exited', reason: 'left us' }])
    expect(run.state.steps).toEqual({})
  })

  it('and at every wake, with the facts of then', () => {
    const rule = { property: 'contact.plan', op: 'eq' as const, value: 'pro' }
    const aimed = {
      ...planOf([trigger('start', ['wait']), delay('wait', { mode: 'for', ms: 1000 }, ['c']), act('c')]),
      enrollment: { reentry: { policy: 'every' as const }, exit: [], goal: { name: 'upgraded', if: rule } },
    }
    const run = drive(aimed)
    const { commands } = run.due('wait', T0 + 1000, factsAt(T0 + 1000, { contact: { plan: 'pro' } }))
    expect(commands).toEqual([{ kind: 'finish', status: 'exited', reason: 'goal: upgraded' }])
  })
})

describe('an operator’s retry', () => {
  // start ┬ a → b ┐
  //       └ c ────┴ both → d
  const plan = planOf([
    trigger('start', ['a', 'c']),
    act('a', ['b']),
    act('b', ['both']),
    act('c', ['both']),
    join('both', { wait: 'all', losers: [] }, ['d']),
    act('d'),
  ])

  it('acts again on a failed run, with the same visit, and goes on where it was', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'failed', fault })
    run.outcome('c', { kind: 'failed', fault })
    expect(run.state.status).toBe('failed')
    expect(run.operate({ kind: 'retry', step: null }).commands).toEqual([
      { kind: 'act', step: 'a', visit: 1, attempt: 1 },
      { kind: 'act', step: 'c', visit: 1, attempt: 1 },
    ])
    expect(run.done('a').commands).toEqual([{ kind: 'act', step: 'b', visit: 1, attempt: 1 }])
    run.done('c')
    expect(run.done('b').commands).toEqual([{ kind: 'act', step: 'd', visit: 1, attempt: 1 }])
    expect(run.done('d').commands).toEqual([{ kind: 'finish', status: 'completed', reason: null }])
  })

  it('does not run a join twice that had gone on without the failed branch', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'failed', fault })
    run.done('c')
    run.done('d')
    run.operate({ kind: 'retry', step: 'a' })
    run.done('a')
    expect(run.done('b').commands).toEqual([{ kind: 'finish', status: 'completed', reason: null }])
  })

  it('is carried out once, however often it is delivered', () => {
    const run = drive(plan)
    run.outcome('a', { kind: 'failed', fault })
    run.operate({ kind: 'retry', step: 'a' }, 'cmd-1')
    run.outcome('a', { kind: 'failed', fault })
    expect(run.operate({ kind: 'retry', step: 'a' }, 'cmd-1').commands).toEqual([])
  })

  it('changes nothing where nothing failed', () => {
    const run = drive(plan)
    const before = run.state
    const next = run.operate({ kind: 'retry', step: null })
    expect(next.state).toBe(before)
    expect(next.notes[0]?.text).toMatch(/no failed step/)
  })
})

describe('inputs that do not belong', () => {
  const plan = planOf([trigger('start', ['a']), trigger('other', ['a']), act('a')])

  it('skips the triggers that did not start the run', () => {
    expect(statuses(drive(plan).state)).toEqual({ start: 'done', other: 'skipped', a: 'acting' })
  })

  it('a late, repeated or unknown input changes nothing and is noted', () => {
    const run = drive(plan)
    const before = run.state
    for (const next of [
      run.outcome('nowhere', { kind: 'done', output: null }),
      run.outcome('a', { kind: 'done', output: null }, 2),
      run.due('a', T0 + 5),
      run.resume('nothing'),
      run.operate({ kind: 'settle', step: 'a', landed: true, output: null }),
    ]) {
      expect(next.state).toBe(before)
      expect(next.commands).toEqual([])
      expect(next.notes[0]?.text).toBeTruthy()
    }
  })

  it('a state of another plan is refused', () => {
    const run = drive(plan)
    const input: RunInput = { kind: 'resume', at: T0, connection: 'x' }
    expect(() => advance(planOf([trigger('begin')]), run.state, input)).toThrow(PlanMismatch)
    expect(() => advance(planOf([trigger('start')]), run.state, input)).toThrow(/at step "a"/)
    expect(() => advance(plan, null, input)).toThrow(/begins with "start"/)
    expect(() =>
      advance(plan, null, { kind: 'start', at: T0, trigger: { step: 'a', data: {} }, facts: factsAt(T0) }),
    ).toThrow(/no trigger of this plan/)
  })
})
