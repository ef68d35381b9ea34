import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { act, delay, each, factsAt, goal, join, planOf, trigger } from '../../test/helpers/plans.ts'
import {
  drawing,
  factsArbitrary,
  havingPaid,
  KINDS_WITH_PEOPLE,
  noise,
  planArbitrary,
  withGoal,
} from '../../test/helpers/random-plans.ts'
import { runShell, testFault } from '../../test/helpers/shell.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import type { Advanced, RunInput, RunState } from '../model/run.ts'
import { advance } from './advance.ts'
import { listeningOf } from './listens.ts'
import { milestoneDueOf } from './milestones.ts'

const T0 = 1_700_000_000_000
const HOUR = 3_600_000
const milestone = (id: string, withinMs: number, out: { [port: string]: string[] } = {}): PlanStep => ({
  ...trigger(id),
  type: 'flow.milestone@1',
  op: 'milestone',
  name: id,
  withinMs,
  keeps: true,
  out: { 'in-time': [], late: [], ...out },
})
const about = (steps: PlanStep[]): Plan => ({
  ...planOf(steps),
  watches: true,
  enrollment: {
    reentry: { policy: 'every' },
    exit: [{ name: 'Left', if: { property: 'contact.left', op: 'eq', value: true } }],
    goal: { name: 'Paid', if: { property: 'contact.paid', op: 'eq', value: true } },
  },
})
const paid = factsAt(T0, { contact: { paid: true } })

function drive(plan: Plan, facts = factsAt(T0)) {
  let at = T0
  let state: RunState | null = null
  const feed = (input: RunInput): Advanced => {
    const next = advance(plan, state, input)
    state = JSON.parse(JSON.stringify(next.state)) as RunState
    return next
  }
  const first = feed({ kind: 'start', at, trigger: { step: 'start', data: {} }, facts })
  const outcome = (step: string, ok: boolean) =>
    feed({
      kind: 'outcome',
      at: ++at,
      step,
      visit: 1,
      outcome: ok
        ? { kind: 'done', output: null }
        : { kind: 'failed', fault: { code: 'NOT_FOUND', who: 'user', message: 'Gone.', fix: 'Mend it.' } },
    })
  return {
    first,
    get state(): RunState {
      if (state === null) throw new Error('not started')
      return state
    },
    done: (step: string) => outcome(step, true),
    fail: (step: string) => outcome(step, false),
    due: (step: string, when: number) => {
      at = when
      return feed({ kind: 'due', at, step, visit: 1, facts: factsAt(when) })
    },
    look: (given = paid) => feed({ kind: 'look', at: ++at, facts: { ...given, at } }),
    retry: () => feed({ kind: 'operator', at: ++at, id: `${at}`, command: { kind: 'retry', step: null } }),
  }
}
const acts = ({ commands }: Advanced) => commands.flatMap((c) => (c.kind === 'act' ? [c.step] : []))
const finish = ({ commands }: Advanced) => commands.find((c) => c.kind === 'finish')

describe('a goal with a step of its own', () => {
  //  start ── nag ── wait ── again ─┐
  //  goal ── reached ── thank ──────┴─ last
  //       ── missed ─── call
  const plan = about([
    trigger('start', ['nag']),
    goal(['thank'], ['call']),
    act('nag', ['wait']),
    delay('wait', { mode: 'for', ms: HOUR }, ['again']),
    act('again', ['last']),
    act('thank', ['last']),
    act('call'),
    join('last', { wait: 'all', losers: [] }, ['end']),
    act('end'),
  ])

  it('is left by “reached”: what the run is at is given up, and no join waits for it', () => {
    const run = drive(plan)
    run.done('nag')
    const reached = run.look()
    expect(acts(reached)).toEqual(['thank'])
    expect(reached.commands).toContainEqual({ kind: 'cancelSleep', step: 'wait', visit: 1 })
    expect(run.state.steps).toMatchObject({ goal: { port: 'reached' }, wait: { status: 'cancelled' } })
    expect(run.state.steps.again?.status).toBe('skipped')
    expect(acts(run.done('thank'))).toEqual(['end'])
    expect(finish(run.done('end'))).toMatchObject({ status: 'completed' })
  })

  it('lets what acts end and be recorded', () => {
    const run = drive(plan)
    expect(acts(run.look())).toEqual(['thank'])
    expect(run.state.steps.nag).toMatchObject({ status: 'acting', cancelRequested: true })
    run.done('nag')
    expect(run.state.steps.nag?.status).toBe('done')
    run.done('thank')
    expect(finish(run.done('end'))).toMatchObject({ status: 'completed' })
  })

  it('is decided at the start where it holds already', () => {
    const run = drive(plan, paid)
    expect(acts(run.first)).toEqual(['thank'])
    expect(run.state.steps.nag?.status).toBe('skipped')
    run.done('thank')
    expect(finish(run.done('end'))).toMatchObject({ status: 'completed' })
  })

  it('is left by “missed” when all else is over, which a join with it waits for', () => {
    const run = drive(plan)
    run.done('nag')
    run.due('wait', T0 + HOUR)
    // What waited for the goal alone goes on too.
    expect(acts(run.done('again'))).toEqual(['call', 'end'])
    expect(run.state.steps).toMatchObject({ goal: { port: 'missed' }, thank: { status: 'skipped' } })
  })

  it('runs each of its ways once', () => {
    const short = about([trigger('start', ['nag']), goal(['thank'], ['call']), act('nag'), act('thank'), act('call')])
    const run = drive(short)
    expect(listeningOf(short, run.state)?.topics).toContain('property:contact.paid')
    expect(acts(run.done('nag'))).toEqual(['call'])
    expect(run.state.steps.goal?.port).toBe('missed')
    expect(listeningOf(short, run.state)?.topics).not.toContain('property:contact.paid')
    expect(acts(run.look())).toEqual([])
    expect(finish(run.done('call'))).toMatchObject({ status: 'completed' })
    expect(run.state.steps.thank?.status).toBe('skipped')
  })

  it('is not missed by a run that has failed, until what failed is done', () => {
    const short = about([trigger('start', ['nag']), goal(['thank'], ['call']), act('nag'), act('thank'), act('call')])
    const run = drive(short)
    expect(finish(run.fail('nag'))).toMatchObject({ status: 'failed' })
    expect(acts(run.retry())).toEqual(['nag'])
    expect(acts(run.done('nag'))).toEqual(['call'])
  })

  it('does not keep an exit from ending the run', () => {
    const run = drive(plan)
    run.done('nag')
    expect(finish(run.look(factsAt(T0, { contact: { left: true } })))).toMatchObject({
      status: 'exited',
      reason: 'Left',
    })
  })

  it('gives a list up with its items', () => {
    const listed = about([
      trigger('start', ['orders']),
      goal(['thank'], []),
      each('orders', { list: 'contact.orders' }, { item: ['tag'] }),
      { ...delay('tag', { mode: 'for', ms: HOUR }), within: 'orders' },
      act('thank'),
    ])
    const run = drive(listed, factsAt(T0, { contact: { orders: [1, 2] } }))
    expect(run.state.open).toEqual(['orders', 'orders:0/tag'])
    expect(acts(run.look())).toEqual(['thank'])
    expect(run.state.open).toEqual(['thank'])
    expect(finish(run.done('thank'))).toMatchObject({ status: 'completed' })
  })
})

describe('a milestone', () => {
  const plan = planOf([
    trigger('start', ['wait']),
    delay('wait', { mode: 'for', ms: HOUR }, ['value']),
    milestone('value', 2 * HOUR, { 'in-time': ['good'], late: ['bad'] }),
    act('good'),
    act('bad', []),
  ])

  it('is in time or late, by the time since the start of the run', () => {
    expect(acts(drive(plan).due('wait', T0 + 2 * HOUR))).toEqual(['good'])
    const late = drive(plan)
    expect(acts(late.due('wait', T0 + 2 * HOUR + 1))).toEqual(['bad'])
    expect(late.state.steps.value?.output).toEqual({ late: true, tookMs: 2 * HOUR + 1 })
  })

  it('is due while the run has not come to it, and may', () => {
    const run = drive(plan)
    expect(milestoneDueOf(plan, run.state)).toBe(T0 + 2 * HOUR)
    run.due('wait', T0 + HOUR)
    expect(milestoneDueOf(plan, run.state)).toBeNull()
  })
})

describe('any plan with a step for its goal', () => {
  const kinds = KINDS_WITH_PEOPLE.filter((kind) => kind !== 'exit')
  const given = fc.record({
    plan: planArbitrary(['act', 'act', ...kinds]),
    facts: factsArbitrary,
    /** After so many inputs the goal holds. */
    reachedAfter: fc.nat(25),
    /** Which steps the ways of the goal lead to as well. */
    into: fc.array(fc.nat(20), { maxLength: 3 }),
    stream: noise,
  })

  it('leaves it once, and ends with every step decided, whenever the goal comes to hold', () => {
    fc.assert(
      fc.property(given, ({ plan, facts, reachedAfter, into, stream }) => {
        const drawn = withGoal(plan, into)
        let inputs = 0
        const moving: Facts = {
          ...facts,
          get contact() {
            return havingPaid(facts, inputs > reachedAfter).contact
          },
        }
        const run = runShell(drawn, {
          facts: moving,
          start: 't0',
          pick: drawing(stream),
          outcome: ({ step }) =>
            step === 's1' ? { kind: 'failed', fault: testFault } : { kind: 'done', output: null },
          after: () => {
            inputs += 1
          },
        })
        const { steps, status } = run.state
        const way = steps.goal?.port
        expect(run.finishes).toHaveLength(1)
        if (way === undefined) {
          expect(status).toBe('failed')
          return
        }
        expect([steps.r?.status, steps.m?.status]).toEqual(
          way === 'reached' ? ['done', 'skipped'] : ['skipped', 'done'],
        )
        expect(drawn.steps.filter(({ id, within }) => !within && steps[id] === undefined)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
