import { describe, expect, it } from 'vitest'
import {
  act,
  asks,
  branch,
  delay,
  each,
  exit,
  factsAt,
  join,
  planOf,
  trigger,
  waitRule,
} from '../../test/helpers/plans.ts'
import type { Plan } from '../model/plan.ts'
import type { Move, RunInput, RunState, StepOutcome } from '../model/run.ts'
import type { Facts } from '../model/rule.ts'
import { follow, type Followed } from './follow.ts'
import { outstanding } from './outstanding.ts'
import { replay, versionAt } from './view.ts'

const T0 = 1_700_000_000_000
const HOUR = 3_600_000
const hour = { mode: 'for', ms: HOUR } as const
const done: StepOutcome = { kind: 'done', output: null }

/** A run under the first of some plans; `v1` is the first, and so on. */
function drive(plans: Plan[], facts: Facts = factsAt(T0)) {
  const name = (version: number) => ({ plan: `v${version}`, version })
  const planOf = (hash: string) => plans[Number(hash.slice(1)) - 1] as Plan
  const inputs: RunInput[] = []
  let under = { hash: 'v1', plan: planOf('v1') }
  let state: RunState | null = null
  let at = T0
  const feed = (input: RunInput): Followed => {
    const next = follow({ under, planOf }, state, input)
    expect(JSON.parse(JSON.stringify(next.state)), 'the state is plain JSON').toEqual(next.state)
    inputs.push(input)
    ;({ state, under } = next)
    return next
  }
  const operator = (command: (RunInput & { kind: 'operator' })['command'], with_: Facts | null = null) =>
    feed({ kind: 'operator', at: (at += 1000), id: `o${inputs.length}`, command, facts: with_ })
  feed({ kind: 'start', at, trigger: { step: 'start', data: {} }, facts })
  return {
    get state(): RunState {
      if (state === null) throw new Error('Not begun.')
      return state
    },
    inputs,
    outcome: (step: string, outcome: StepOutcome = done, visit = 1) =>
      feed({ kind: 'outcome', at: (at += 1000), step, visit, outcome }),
    due: (step: string) => feed({ kind: 'due', at: (at += HOUR), step, visit: 1, facts: null }),
    operator,
    goOver: (moves: { [step: string]: Move } = {}, given: { from?: number; to?: number; facts?: Facts } = {}) => {
      const { from = 1, to = 2 } = given
      return operator(
        { kind: 'migrate', migration: `m${to}`, from: name(from), to: name(to), moves },
        given.facts ?? null,
      )
    },
    goBack: (from = 2, to = 1) =>
      operator({ kind: 'unmigrate', migration: `m${from}`, from: name(from), to: name(to) }),
    replayed: () => replay({ first: { hash: 'v1', plan: planOf('v1') }, planOf }, inputs),
    acting: () => outstanding(state as RunState).flatMap((c) => (c.kind === 'act' ? [c.step] : [])),
    status: (id: string) => state?.steps[id]?.status,
  }
}

// start → a → wait → b
const before = planOf([trigger('start', ['a']), act('a', ['wait']), delay('wait', hour, ['b']), act('b')])

describe('a run that waits where both versions have the step', () => {
  it('goes on waiting until the same moment, and then takes the way of the new version', () => {
    // start → a → wait(2 h) → c → b
    const after = planOf([
      trigger('start', ['a']),
      act('a', ['wait']),
      delay('wait', { mode: 'for', ms: 2 * HOUR }, ['c']),
      act('c', ['b']),
      act('b'),
    ])
    const run = drive([before, after])
    run.outcome('a')
    const until = run.state.steps['wait']?.until
    const { commands, refused } = run.goOver()
    expect(refused).toBeNull()
    expect(commands).toEqual([])
    expect(run.state.steps['wait']?.until).toBe(until)
    run.due('wait')
    expect(run.acting()).toEqual(['c'])
    run.outcome('c')
    run.outcome('b')
    expect(run.state).toMatchObject({ status: 'completed', under: { plan: 'v2', version: 2 } })
  })

  it('passes by what is new before the place where it is', () => {
    // start → fresh → a → other → wait → b, and other → join ← wait
    const after = planOf([
      trigger('start', ['fresh', 'leaf']),
      act('leaf'),
      act('fresh', ['a']),
      act('a', ['other']),
      act('other', ['wait', 'meet']),
      delay('wait', hour, ['b', 'meet']),
      act('b'),
      join('meet', { wait: 'all', losers: [] }, ['end']),
      act('end'),
    ])
    const run = drive([before, after])
    run.outcome('a')
    run.goOver()
    expect(run.acting()).toEqual([])
    expect([run.status('fresh'), run.status('leaf'), run.status('other')]).toEqual(['skipped', 'skipped', 'skipped'])
    run.due('wait')
    expect(run.acting().toSorted()).toEqual(['b', 'end'])
  })

  it('reaches what it had skipped, where the new version leads there from what is still to come', () => {
    // start → which → (yes) only / (else) wait → b
    const old = planOf([
      trigger('start', ['which']),
      branch('which', [{ port: 'yes', if: { property: 'contact.vip', op: 'eq', value: true } }], {
        yes: ['only'],
        else: ['wait'],
      }),
      act('only', ['after']),
      act('after'),
      delay('wait', hour, ['b']),
      act('b'),
    ])
    const next = planOf([
      trigger('start', ['which']),
      branch('which', [{ port: 'yes', if: { property: 'contact.vip', op: 'eq', value: true } }], {
        yes: ['only'],
        else: ['wait'],
      }),
      delay('wait', hour, ['only']),
      act('only', ['after']),
      act('after'),
    ])
    const run = drive([old, next])
    expect(run.status('only')).toBe('skipped')
    run.goOver()
    run.due('wait')
    run.outcome('only')
    run.outcome('after')
    expect(run.state.status).toBe('completed')
  })

  it('keeps what a removed step had brought to a join that is still open', () => {
    // start → gone → meet ← wait ← start
    const old = planOf([
      trigger('start', ['gone', 'wait']),
      act('gone', ['meet']),
      delay('wait', hour, ['meet']),
      join('meet', { wait: 'all', losers: [] }, ['end']),
      act('end'),
    ])
    const next = planOf([
      trigger('start', ['meet', 'wait']),
      delay('wait', { mode: 'for', ms: 5 }, ['meet']),
      join('meet', { wait: 'all', losers: [] }, ['end']),
      act('end'),
    ])
    const run = drive([old, next])
    run.outcome('gone')
    run.goOver()
    expect(run.state.waits).toEqual({ meet: [1, 1] })
    run.due('wait')
    expect(run.acting()).toEqual(['end'])
  })

  it('asks the new rule of a wait at once, by the facts that come with the change', () => {
    const until = (plan: number) => ({ property: 'contact.plan', op: 'eq' as const, value: plan })
    const with_ = (rule: ReturnType<typeof until>) =>
      planOf([trigger('start', ['wait']), waitRule('wait', { rule, maxWaitMs: null }, { met: ['b'] }), act('b')])
    const run = drive([with_(until(1)), with_(until(2))])
    run.goOver({}, { facts: factsAt(T0, { contact: { plan: 2 } }) })
    expect(run.acting()).toEqual(['b'])
    expect(run.state.moved, 'it has left the wait: there is no way back').toBeUndefined()
  })

  it('goes on with the items of a list that it has begun', () => {
    const list = (last: string) =>
      planOf([
        trigger('start', ['orders']),
        each('orders', { list: 'contact.orders', atOnce: 1 }, { item: ['pause'], out: ['end'] }),
        { ...delay('pause', hour, [last]), within: 'orders' },
        { ...act(last), within: 'orders' },
        act('end'),
      ])
    const run = drive([list('tag'), list('note')], factsAt(T0, { contact: { orders: [1, 2] } }))
    run.goOver()
    run.due('orders:0/pause')
    expect(run.acting()).toEqual(['orders:0/note'])
    run.outcome('orders:0/note')
    run.due('orders:1/pause')
    run.outcome('orders:1/note')
    run.outcome('end')
    expect(run.state.status).toBe('completed')
  })

  it('ends by an exit of the new version that holds', () => {
    const after = planOf(before.steps)
    after.enrollment = {
      ...after.enrollment,
      exit: [{ name: 'left', if: { property: 'contact.left', op: 'eq', value: true } }],
    }
    const run = drive([before, after])
    run.outcome('a')
    run.goOver({}, { facts: factsAt(T0, { contact: { left: true } }) })
    expect(run.state).toMatchObject({ status: 'exited', reason: 'left' })
  })
})

describe('a run that waits where the new version has no such step', () => {
  // start → a → c → d
  const after = planOf([trigger('start', ['a']), act('a', ['c']), act('c', ['d']), delay('d', hour, ['e']), act('e')])

  it('is left alone while nobody said what becomes of it', () => {
    const run = drive([before, after])
    run.outcome('a')
    const was = run.state
    expect(run.goOver().refused).toEqual({
      code: 'noMove',
      text: 'The run waits at “wait”, which version 2 does not have, and nothing was said of it',
    })
    expect(run.state).toBe(was)
  })

  it('begins at the step that was chosen, and its sleep is taken back', () => {
    const run = drive([before, after])
    run.outcome('a')
    const { commands } = run.goOver({ wait: { to: 'd' } })
    expect(commands).toMatchObject([
      { kind: 'cancelSleep', step: 'wait' },
      { kind: 'sleep', step: 'd' },
    ])
    expect([run.status('wait'), run.status('c'), run.status('d')]).toEqual([undefined, 'skipped', 'waiting'])
    run.due('d')
    run.outcome('e')
    expect(run.state.status).toBe('completed')
  })

  it('ends with the reason that was given', () => {
    const run = drive([before, after])
    run.outcome('a')
    run.goOver({ wait: { exit: 'No longer offered' } })
    expect(run.state).toMatchObject({ status: 'exited', reason: 'No longer offered' })
  })

  it('is refused where the chosen step is over, or is none', () => {
    const run = drive([before, after])
    run.outcome('a')
    expect(run.goOver({ wait: { to: 'a' } }).refused?.code).toBe('passed')
    expect(run.goOver({ wait: { to: 'nowhere' } }).refused?.code).toBe('noMove')
    expect(run.goOver({ wait: { to: 'start' } }).refused?.code).toBe('noMove')
  })

  // start → ask      start → other → ask (a write now)
  it('is refused where it waits for an answer and the step that asked is another write under the same id', () => {
    const old = planOf([trigger('start', ['ask']), asks('ask', null)])
    const next = planOf([trigger('start', ['other']), act('other', ['ask']), act('ask')])
    const run = drive([old, next])
    run.outcome('ask')
    expect(run.state.status).toBe('waiting')
    for (const to of ['ask', 'other']) expect(run.goOver({ ask: { to } }).refused?.code).toBe('passed')
    expect(run.goOver({ ask: { exit: 'No longer asked' } }).refused).toBeNull()
  })

  it('begins a chosen step that was skipped, with what follows it', () => {
    const old = planOf([
      trigger('start', ['which']),
      branch('which', [{ port: 'yes', if: { property: 'contact.vip', op: 'eq', value: true } }], {
        yes: ['only'],
        else: ['wait'],
      }),
      act('only', ['after']),
      act('after'),
      delay('wait', hour, []),
    ])
    const next = planOf(
      old.steps
        .filter(({ id }) => id !== 'wait')
        .map((step) => ({ ...step, out: { ...step.out, ...(step.op === 'branch' ? { else: [] } : {}) } })),
    )
    const run = drive([old, next])
    run.goOver({ wait: { to: 'only' } })
    run.outcome('only')
    run.outcome('after')
    expect(run.state.status).toBe('completed')
  })
})

describe('a run that cannot go over now', () => {
  it('is acting, or may have written what the new version writes otherwise', () => {
    const after = planOf(before.steps.map((step) => (step.op === 'act' ? { ...step, input: { tag: 'other' } } : step)))
    const run = drive([before, after])
    expect(run.goOver().refused?.code).toBe('busy')
    run.outcome('a', {
      kind: 'review',
      fault: { code: 'OUTCOME_UNKNOWN', who: 'user', message: 'Lost.', fix: 'Look.' },
    })
    expect(run.goOver().refused?.code).toBe('midWrite')
    run.operator({ kind: 'settle', step: 'a', landed: true, output: null })
    expect(run.goOver().refused).toBeNull()
  })

  it('has ended, or is under another version than was thought', () => {
    const run = drive([before, before, before])
    run.outcome('a')
    run.goOver()
    expect(run.goOver({}, { from: 1, to: 3 }).refused?.code).toBe('otherVersion')
    run.due('wait')
    run.outcome('b')
    expect(run.goOver({}, { from: 2, to: 3 }).refused?.code).toBe('over')
  })
})

describe('the way back', () => {
  const after = planOf([
    trigger('start', ['a']),
    act('a', ['rest']),
    delay('rest', { mode: 'for', ms: 5 * HOUR }, ['z']),
    act('z'),
  ])

  it('leads to where the run was, while it waits where it went over', () => {
    const run = drive([before, after])
    run.outcome('a')
    const { handled: _1, ...was } = run.state
    run.goOver({ wait: { to: 'rest' } })
    const { commands, refused } = run.goBack()
    expect(refused).toBeNull()
    expect(commands).toMatchObject([
      { kind: 'cancelSleep', step: 'rest' },
      { kind: 'sleep', step: 'wait' },
    ])
    const { handled: _2, under, ...is } = run.state
    expect(is).toEqual(was)
    expect(under).toEqual({ plan: 'v1', version: 1 })
    run.due('wait')
    run.outcome('b')
    expect(run.state.status).toBe('completed')
  })

  it('is closed once it has left that wait', () => {
    const run = drive([before, after])
    run.outcome('a')
    run.goOver({ wait: { to: 'rest' } })
    run.due('rest')
    expect(run.goBack().refused?.code).toBe('left')
    run.outcome('z')
    expect(run.goBack().refused?.code).toBe('over')
  })
})

it('a record tells which version each step ran under', () => {
  const after = planOf([trigger('start', ['a']), act('a', ['wait']), delay('wait', hour, ['c']), exit('c', 'done')])
  const run = drive([before, after])
  run.outcome('a')
  run.goOver()
  run.due('wait')
  const { state, versions, timeline, plan } = run.replayed()
  expect(state).toEqual(run.state)
  expect(plan).toBe(after)
  expect(versions).toEqual([{ input: 2, from: 1, to: 2 }])
  const at = (step: string) => versionAt(versions, timeline.findLast((entry) => entry.step === step)?.input ?? 0, 2)
  expect([at('a'), at('wait'), at('c')]).toEqual([1, 2, 2])
  expect(timeline.map(({ text }) => text)).toContain('Went over from version 1 to 2')
})
