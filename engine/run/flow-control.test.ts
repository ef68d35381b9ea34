import { describe, expect, it } from 'vitest'
import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import {
  act,
  branch,
  delay,
  each,
  exit,
  factsAt,
  join,
  planOf,
  split,
  trigger,
  waitEvent,
  waitRule,
} from '../../test/helpers/plans.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts, Rule } from '../model/rule.ts'
import type { Advanced, OperatorCommand, RunInput, RunState } from '../model/run.ts'
import { advance } from './advance.ts'
import { outstanding } from './outstanding.ts'
import { shareOf } from './share.ts'

const T0 = 1_700_000_000_000
const HOUR = 3_600_000
const fault: Fault = { code: 'NOT_FOUND', who: 'user', message: 'No such contact.', fix: 'Create it.' }

function drive(
  plan: Plan,
  { facts = factsAt(T0), data = {} }: { facts?: Facts; data?: { [name: string]: Json } } = {},
) {
  let at = T0
  let state: RunState | null = null
  const feed = (input: RunInput): Advanced => {
    const next = advance(plan, state, input)
    expect(JSON.parse(JSON.stringify(next.state)), 'the state is plain JSON').toEqual(next.state)
    state = next.state
    return next
  }
  const first = feed({ kind: 'start', at, trigger: { step: plan.steps[0]?.id ?? '', data }, facts })
  const run = {
    first,
    get state(): RunState {
      if (!state) throw new Error('not started')
      return state
    },
    done: (step: string, output: Json = null) =>
      feed({ kind: 'outcome', at: ++at, step, visit: 1, outcome: { kind: 'done', output } }),
    fail: (step: string) => feed({ kind: 'outcome', at: ++at, step, visit: 1, outcome: { kind: 'failed', fault } }),
    due: (step: string, when: number, given: Facts = facts) => {
      at = when
      return feed({ kind: 'due', at, step, visit: step === '' ? 0 : 1, facts: { ...given, at } })
    },
    event: (step: string, name: string, properties: { [name: string]: Json } = {}) =>
      feed({ kind: 'event', at: ++at, step, visit: 1, event: { id: `e${at}`, name, at, properties }, facts: null }),
    look: (given: Facts) => feed({ kind: 'look', at: ++at, facts: { ...given, at } }),
    operate: (command: OperatorCommand) => feed({ kind: 'operator', at: ++at, id: `op-${at}`, command }),
  }
  return run
}

const acts = ({ commands }: Advanced) => commands.flatMap((command) => (command.kind === 'act' ? [command.step] : []))
const finish = ({ commands }: Advanced) => commands.find((command) => command.kind === 'finish')
const isPro: Rule = { property: 'contact.plan', op: 'eq', value: 'pro' }
const facts = (properties: { [name: string]: Json }) => factsAt(T0, { contact: properties })

describe('a split', () => {
  const arms = [
    { port: 'a', percent: 50, to: ['x'] },
    { port: 'b', percent: 40, to: ['y'] },
    { port: 'holdout', percent: 10 },
  ]
  const plan = planOf([trigger('start', ['test']), split('test', arms), act('x'), act('y')])
  const portFor = (id: string) =>
    drive(plan, { facts: { ...factsAt(T0), contact: { id, externalId: null, properties: {} } } }).state.steps.test?.port

  it('puts each subject in one arm for good, as many as the percentages say', () => {
    const ports = Array.from({ length: 20_000 }, (_, i) => portFor(`contact-${i}`))
    const share = (port: string) => ports.filter((one) => one === port).length / ports.length
    expect(share('a')).toBeCloseTo(0.5, 1.7)
    expect(share('b')).toBeCloseTo(0.4, 1.7)
    expect(share('holdout')).toBeCloseTo(0.1, 1.7)
    expect(portFor('contact-7')).toBe(portFor('contact-7'))
  })

  it('of another key is another draw', () => {
    const both = Array.from({ length: 20_000 }, (_, i) => [
      shareOf('one', `c${i}`) < 0.5,
      shareOf('two', `c${i}`) < 0.5,
    ])
    const alike = both.filter(([one, two]) => one === two).length / both.length
    expect(alike).toBeCloseTo(0.5, 1.7)
  })

  it('hashes as MurmurHash3 does', () => {
    // Of "1:ab" and "10:experimentcontact-1", worked out by another implementation.
    expect([shareOf('a', 'b') * 2 ** 32, shareOf('experiment', 'contact-1') * 2 ** 32]).toEqual([222835462, 1345100821])
  })
})

describe('a wait for a rule', () => {
  const plan = planOf([
    trigger('start', ['wait']),
    waitRule('wait', { rule: isPro, maxWaitMs: 48 * HOUR }, { met: ['yes'], timeout: ['no'] }),
    act('yes'),
    act('no'),
  ])

  it('goes on at once where the rule holds already', () => {
    expect(acts(drive(plan, { facts: facts({ plan: 'pro' }) }).first)).toEqual(['yes'])
  })

  it('goes on when new data makes it hold, and not before', () => {
    const run = drive(plan, { facts: facts({ plan: 'free' }) })
    expect(run.first.commands).toEqual([{ kind: 'sleep', step: 'wait', visit: 1, until: T0 + 48 * HOUR }])
    expect(run.look(facts({ plan: 'team' })).commands).toEqual([])
    const met = run.look(facts({ plan: 'pro' }))
    expect([acts(met), met.commands[0]]).toEqual([['yes'], { kind: 'cancelSleep', step: 'wait', visit: 1 }])
  })

  it('goes its own way when it has waited as long as it may', () => {
    expect(acts(drive(plan, { facts: facts({}) }).due('wait', T0 + 48 * HOUR))).toEqual(['no'])
  })

  it('holds by time alone at the moment it does', () => {
    const quiet: Rule = { event: 'login', count: { op: 'eq', value: 0 }, within: 'PT10H' }
    const patient = planOf([
      trigger('start', ['wait']),
      waitRule('wait', { rule: quiet, maxWaitMs: 48 * HOUR }, { met: ['yes'] }),
      act('yes'),
    ])
    const given = { ...factsAt(T0), events: { login: [T0 - HOUR] } }
    const run = drive(patient, { facts: given })
    expect(run.first.commands).toEqual([{ kind: 'sleep', step: 'wait', visit: 1, until: T0 + 9 * HOUR }])
    // Another login in between: the wait begins again from there.
    const later = { ...given, events: { login: [T0 - HOUR, T0 + 8 * HOUR] } }
    expect(run.due('wait', T0 + 9 * HOUR, later).commands).toEqual([
      { kind: 'sleep', step: 'wait', visit: 1, until: T0 + 18 * HOUR },
    ])
    expect(acts(run.due('wait', T0 + 18 * HOUR, later))).toEqual(['yes'])
  })
})

describe('a wait for an event', () => {
  const plan = planOf([
    trigger('start', ['wait']),
    {
      ...waitEvent(
        'wait',
        { event: 'Order Shipped', keys: [{ property: 'order', path: 'trigger.order' }] },
        { happened: ['thank'] },
      ),
      keeps: true,
      maxWaitMs: HOUR,
    },
    act('thank'),
  ])

  it('keeps what its keys must equal from when it began, and what the event brought', () => {
    const run = drive(plan, { data: { order: 17 } })
    expect(run.state.steps.wait).toMatchObject({ status: 'waiting', keys: { order: 17 }, until: T0 + HOUR })
    const heard = run.event('wait', 'Order Shipped', { order: 17, by: 'post' })
    expect(acts(heard)).toEqual(['thank'])
    expect(run.state.steps.wait?.output).toEqual({ order: 17, by: 'post' })
  })

  it('hears the second of two no more', () => {
    const run = drive(plan, { data: { order: 17 } })
    run.event('wait', 'Order Shipped')
    const { state } = run
    expect(run.event('wait', 'Order Shipped').commands).toEqual([])
    expect(run.state).toBe(state)
  })

  it('ends by its timeout, which nobody has to draw', () => {
    expect(finish(drive(plan).due('wait', T0 + HOUR))).toMatchObject({ status: 'completed' })
  })
})

describe('a list', () => {
  const body = [
    { ...act('tag', ['note']), within: 'orders', readsSteps: ['tag'] },
    { ...act('note'), within: 'orders' },
  ]
  const listed = (how: object = {}) =>
    planOf([
      trigger('start', ['orders']),
      each('orders', { list: 'trigger.orders', ...how }, { item: ['tag'], out: ['after'] }),
      ...body,
      act('after'),
    ])
  const orders = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]

  it('is worked item by item, and leaves nothing of the items in the state', () => {
    const run = drive(listed(), { data: { orders } })
    expect(acts(run.first)).toEqual(['orders:0/tag'])
    expect(acts(run.done('orders:0/tag'))).toEqual(['orders:0/note'])
    expect(acts(run.done('orders:0/note'))).toEqual(['orders:1/tag'])
    expect(Object.keys(run.state.steps)).toEqual(['start', 'orders', 'orders:1/tag'])
    for (const step of ['orders:1/tag', 'orders:1/note', 'orders:2/tag']) run.done(step)
    expect(acts(run.done('orders:2/note'))).toEqual(['after'])
    expect(Object.keys(run.state.steps)).toEqual(['start', 'orders', 'after'])
    expect(Object.keys(run.state.edges)).toEqual(['start.out>orders', 'orders.out>after'])
    expect(finish(run.done('after'))).toMatchObject({ status: 'completed' })
  })

  it('is worked by several at a time, never more', () => {
    const run = drive(listed({ atOnce: 2 }), { data: { orders } })
    expect(acts(run.first)).toEqual(['orders:0/tag', 'orders:1/tag'])
    expect(acts(run.done('orders:1/tag'))).toEqual(['orders:1/note'])
    expect(acts(run.done('orders:1/note'))).toEqual(['orders:2/tag'])
  })

  it('that is empty is over at once, and what is no list or too long fails and says so', () => {
    expect(acts(drive(listed(), { data: { orders: [] } }).first)).toEqual(['after'])
    expect(drive(listed(), { data: { orders: 'a, b' } }).state.reason).toMatch(/trigger.orders holds "a, b", no list/)
    const long = Array.from({ length: 1001 }, () => 1)
    expect(drive(listed(), { data: { orders: long } }).state.reason).toMatch(/1001 items; .* 1000 at the most/)
  })

  it('stops at the first item that fails, or goes on and tells in the end', () => {
    const stopped = drive(listed({ atOnce: 2 }), { data: { orders } })
    expect(acts(stopped.fail('orders:0/tag'))).toEqual([])
    const ended = stopped.done('orders:1/tag')
    expect(finish(ended)).toMatchObject({
      status: 'failed',
      reason: 'orders: 1 of 3 items failed; the first, number 1: No such contact.',
    })
    const patient = drive(listed({ onItemFailure: 'continue', onFailure: 'branch', atOnce: 3 }), { data: { orders } })
    patient.fail('orders:1/tag')
    for (const i of [0, 2]) patient.done(`orders:${i}/tag`)
    patient.done('orders:0/note')
    expect(finish(patient.done('orders:2/note'))).toMatchObject({ status: 'completed' })
    expect(patient.state.steps.orders).toMatchObject({ status: 'failed', handled: true })
  })

  it('has branches, joins and waits of its own for each item, which see the item', () => {
    const plan = planOf([
      trigger('start', ['orders']),
      each('orders', { list: 'trigger.orders', atOnce: 2 }, { item: ['big', 'pause'] }),
      {
        ...branch('big', [{ port: 'yes', if: { property: 'item.sum', op: 'gt', value: 10 } }], {
          yes: ['tag'],
          else: ['meet'],
        }),
        within: 'orders',
      },
      { ...act('tag', ['meet']), within: 'orders' },
      { ...delay('pause', { mode: 'for', ms: HOUR }, ['meet']), within: 'orders' },
      { ...join('meet', { wait: 'all', losers: [] }, ['last']), within: 'orders' },
      { ...act('last'), within: 'orders' },
    ])
    const run = drive(plan, { data: { orders: [{ sum: 5 }, { sum: 50 }] } })
    expect(acts(run.first)).toEqual(['orders:1/tag'])
    expect(acts(run.due('orders:0/pause', T0 + HOUR))).toEqual(['orders:0/last'])
    run.due('orders:1/pause', T0 + HOUR)
    expect(acts(run.done('orders:1/tag'))).toEqual(['orders:1/last'])
    run.done('orders:0/last')
    expect(finish(run.done('orders:1/last'))).toMatchObject({ status: 'completed' })
  })

  it('within a list keeps its items apart', () => {
    const plan = planOf([
      trigger('start', ['outer']),
      each('outer', { list: 'trigger.orders' }, { item: ['inner'] }),
      { ...each('inner', { list: 'item.lines' }, { item: ['tag'] }), within: 'outer' },
      { ...act('tag'), within: 'inner' },
    ])
    const run = drive(plan, { data: { orders: [{ lines: [1, 2] }, { lines: [3] }] } })
    expect(acts(run.first)).toEqual(['outer:0/inner:0/tag'])
    expect(acts(run.done('outer:0/inner:0/tag'))).toEqual(['outer:0/inner:1/tag'])
    expect(acts(run.done('outer:0/inner:1/tag'))).toEqual(['outer:1/inner:0/tag'])
    expect(finish(run.done('outer:1/inner:0/tag'))).toMatchObject({ status: 'completed' })
  })

  it('is left by an exit of one item, with what is under way for the others let finish', () => {
    const plan = planOf([
      trigger('start', ['orders']),
      each('orders', { list: 'trigger.orders', atOnce: 3 }, { item: ['which'], out: ['after'] }),
      {
        ...branch('which', [{ port: 'stop', if: { property: 'item', op: 'eq', value: 2 } }], {
          stop: ['leave'],
          else: ['tag'],
        }),
        within: 'orders',
      },
      { ...exit('leave', 'Enough'), within: 'orders' },
      { ...act('tag'), within: 'orders' },
      act('after'),
    ])
    const run = drive(plan, { data: { orders: [1, 2, 3] } })
    expect(run.state.ending).toEqual({ status: 'exited', reason: 'Enough' })
    // The first item's action was taken back before it was handed out.
    expect([acts(run.first), finish(run.first)]).toEqual([[], { kind: 'finish', status: 'exited', reason: 'Enough' }])
  })
})

describe('what follows a failure', () => {
  const failing = (onFailure: 'continue' | 'branch') =>
    planOf([
      trigger('start', ['a']),
      { ...act('a', ['b']), onFailure, out: { out: ['b'], ...(onFailure === 'branch' ? { error: ['tell'] } : {}) } },
      act('b'),
      { ...act('tell'), readsSteps: ['a'] },
    ])

  it('is the next step, where the author says so', () => {
    const run = drive(planOf([trigger('start', ['a']), { ...act('a', ['b']), onFailure: 'continue' }, act('b')]))
    expect(acts(run.fail('a'))).toEqual(['b'])
    expect(finish(run.done('b'))).toMatchObject({ status: 'completed' })
  })

  it('is a branch of its own, which reads what went wrong', () => {
    const plan = failing('branch')
    const run = drive(plan)
    expect(acts(run.fail('a'))).toEqual(['tell'])
    expect(run.state.steps.b?.status).toBe('skipped')
    expect(finish(run.done('tell'))).toMatchObject({ status: 'completed' })
  })
})

describe('a person', () => {
  const plan = planOf([
    trigger('start', ['a']),
    act('a', ['wait']),
    delay('wait', { mode: 'for', ms: HOUR }, ['b']),
    act('b'),
  ])

  it('pauses a run, which begins nothing new until it goes on', () => {
    const run = drive(plan)
    run.operate({ kind: 'pause', reason: 'Looking into it' })
    expect(run.state).toMatchObject({ status: 'held', reason: 'Looking into it' })
    // What is under way ends, and waits go on.
    run.done('a')
    expect(run.due('wait', T0 + HOUR).commands).toEqual([])
    expect(run.state.steps.b).toMatchObject({ status: 'held', attempts: 0 })
    expect(run.operate({ kind: 'continue' }).commands).toEqual([{ kind: 'act', step: 'b', visit: 1, attempt: 1 }])
    expect(finish(run.done('b'))).toMatchObject({ status: 'completed' })
  })

  it('leaves out a wait, a failed step or one to come', () => {
    const run = drive(plan)
    run.operate({ kind: 'skip', step: 'b' })
    run.fail('a')
    expect(run.state.status).toBe('failed')
    const left = run.operate({ kind: 'skip', step: 'a' })
    expect(left.commands).toEqual([expect.objectContaining({ kind: 'sleep', step: 'wait' })])
    const over = run.operate({ kind: 'skip', step: 'wait' })
    expect(over.commands.map(({ kind }) => kind)).toEqual(['cancelSleep', 'finish'])
    expect(run.state.status).toBe('completed')
    expect(outstanding(run.state)).toEqual([{ kind: 'finish', status: 'completed', reason: null }])
  })

  it('says what a step brought, and is told why where that is too late', () => {
    const run = drive(planOf([trigger('start', ['a']), { ...act('a', ['b']), keeps: true }, act('b')]))
    expect(run.operate({ kind: 'override', step: 'a', output: 1 }).notes[0]?.text).toMatch(/acting now/)
    run.fail('a')
    expect(acts(run.operate({ kind: 'override', step: 'a', output: { id: 7 } }))).toEqual(['b'])
    expect(run.state.steps.a?.output).toEqual({ id: 7 })
    expect(run.operate({ kind: 'skip', step: 'a' }).notes[0]?.text).toBe('The step is over: done')
  })

  it('has to say by which port a branch is left', () => {
    const forked = planOf([
      trigger('start', ['wait']),
      waitRule('wait', { rule: isPro, maxWaitMs: null }, { met: ['x'] }),
      act('x'),
    ])
    const run = drive(forked)
    expect(run.operate({ kind: 'skip', step: 'wait' }).notes[0]?.text).toBe('Say by which port: met, timeout')
    expect(acts(run.operate({ kind: 'skip', step: 'wait', port: 'met' }))).toEqual(['x'])
  })
})

describe('an exit rule', () => {
  const quiet: Rule = { event: 'login', count: { op: 'eq', value: 0 }, within: 'PT10H' }
  const watching: Plan = {
    ...planOf([trigger('start', ['wait']), delay('wait', { mode: 'for', ms: 48 * HOUR }, ['b']), act('b')]),
    enrollment: {
      reentry: { policy: 'every' },
      exit: [{ name: 'gone quiet', if: quiet }],
      goal: { name: 'is pro', if: isPro },
    },
    watches: true,
  }
  const given = { ...factsAt(T0), events: { login: [T0] } }

  it('ends a waiting run at the moment time makes it hold', () => {
    const run = drive(watching, { facts: given })
    expect(run.first.commands).toContainEqual({ kind: 'sleep', step: '', visit: 0, until: T0 + 10 * HOUR })
    const ended = run.due('', T0 + 10 * HOUR)
    expect(finish(ended)).toMatchObject({ status: 'exited', reason: 'gone quiet' })
  })

  it('and the goal, as soon as data says so', () => {
    const run = drive(watching, { facts: given })
    expect(
      finish(run.look({ ...given, contact: { id: 'c-1', externalId: null, properties: { plan: 'pro' } } })),
    ).toMatchObject({ status: 'exited', reason: 'goal: is pro' })
  })

  it('of a plan made before is looked at when the run wakes', () => {
    const { watches: _, ...old } = watching
    const run = drive(old, { facts: given })
    expect(run.first.commands).toEqual([{ kind: 'sleep', step: 'wait', visit: 1, until: T0 + 48 * HOUR }])
    expect(finish(run.due('wait', T0 + 48 * HOUR))).toMatchObject({ status: 'exited' })
  })
})
