import fc from 'fast-check'
import { expect, it } from 'vitest'
import { planOf } from '../../test/helpers/plans.ts'
import {
  anyOutcome,
  drawing,
  factsArbitrary,
  goalsArbitrary,
  havingPaid,
  KINDS_WITH_PEOPLE,
  noise,
  planArbitrary,
  T0,
} from '../../test/helpers/random-plans.ts'
import { arrival, happenings, type Open } from '../../test/helpers/shell.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import type { Move, RunInput, RunState } from '../model/run.ts'
import { follow, type UnderPlan } from './follow.ts'
import { itemOf, placeOf, placesAround } from './instance.ts'
import { outstanding } from './outstanding.ts'
import { replay } from './view.ts'

const RUNS = { numRuns: 150 }
/** Where most are refused. */
const MANY = { numRuns: 400 }
const anyPlan = goalsArbitrary(planArbitrary(['act', 'act', 'for', ...KINDS_WITH_PEOPLE]))

/** What may arrive at a state: read from the state alone, as a shell does that has only the record. */
function arrivals(plan: Plan, state: RunState): Open[] {
  const commands = outstanding(state).flatMap((command) =>
    command.kind === 'act' || command.kind === 'sleep' ? [command] : [],
  )
  const stuck = state.open.flatMap((step): Open[] => {
    const { status, heldBy = '' } = state.steps[step] ?? { status: 'pending' }
    if (status === 'held') return [{ kind: 'resume', connection: heldBy }]
    return status === 'review' ? [{ kind: 'settle', step }] : []
  })
  return [...commands, ...stuck, ...happenings(plan, state)]
}

interface Told {
  plans: Plan[]
  facts: Facts
  stream: Iterator<number>
  /** From which turn on the run is asked to go over, until it does. */
  when: number
  moves: ReadonlyArray<number | null>
  /** Whether it is asked to go back right away. */
  goesBack?: boolean
  /** From which turn on the goal holds. */
  paidFrom: number
}

/** Lets what may arrive arrive in any order, until the run has ended. @throws Error where it does not, or acts again on what is done */
function play({ plans, facts: given, when, moves, goesBack = false, paidFrom, stream }: Told) {
  const name = (version: number) => ({ plan: `v${version}`, version })
  const planOf = (hash: string) => plans[Number(hash.slice(1)) - 1] as Plan
  const draw = drawing(stream)
  const inputs: RunInput[] = []
  const done = new Set<string>()
  const first: UnderPlan = { hash: 'v1', plan: planOf('v1') }
  let under = first
  let state: RunState | null = null
  let migrated = 0
  let returned = 0
  const feed = (input: RunInput) => {
    const next = follow({ under, planOf }, state, input)
    for (const command of next.commands)
      if (command.kind === 'act' && done.has(`${command.step}:${command.visit}`))
        throw new Error(`${command.step} acts again after it was done.`)
    if (input.kind === 'outcome' && input.outcome.kind === 'done') done.add(`${input.step}:${input.visit}`)
    inputs.push(input)
    state = JSON.parse(JSON.stringify(next.state)) as RunState
    under = next.under
    return { ...next, state }
  }
  let at = T0
  let facts = havingPaid(given, paidFrom === 0)
  let current = feed({ kind: 'start', at, trigger: { step: 't0', data: {} }, facts }).state
  for (let turn = 1; current.open.length > 0; turn += 1) {
    if (turn > 3000) throw new Error(`The run does not end: ${JSON.stringify(current.steps)}`)
    at += 1
    if (turn === paidFrom) {
      facts = havingPaid(given, true)
      current = feed({ kind: 'look', at, facts: { ...facts, at } }).state
      if (current.open.length === 0) break
    }
    const version = Number(under.hash.slice(1))
    if (turn >= when && version < plans.length) {
      const names = { migration: `m${turn}`, from: name(version), to: name(version + 1) }
      const before = current
      const said = movesTo(planOf(names.to.plan), moves)
      const command = { kind: 'migrate' as const, ...names, moves: said }
      const over = feed({ kind: 'operator', at, id: `over ${turn}`, command })
      if (over.refused === null) migrated += 1
      else expect(over.state).toEqual(before)
      if (goesBack && over.refused === null && over.state.moved) {
        const command = { kind: 'unmigrate' as const, ...names, from: names.to, to: names.from }
        const { handled: _1, under: _3, ...back } = feed({ kind: 'operator', at, id: `back ${turn}`, command }).state
        const { handled: _2, under: _4, ...was } = before
        expect(back).toEqual(was)
        returned += 1
      }
      current = state ?? current
      if (current.open.length === 0) break
    }
    const open = arrivals(under.plan, current)
    const chosen = open[draw(Math.max(1, open.length))]
    if (chosen === undefined) throw new Error(`Nothing can arrive and the run is ${current.status}: it hangs.`)
    if (chosen.kind === 'sleep') at = Math.max(at, chosen.until)
    // In the end all works, so that a run can end.
    const outcome = () => anyOutcome(turn < 60 ? draw : () => 7, at)
    current = feed(arrival(chosen, at, { facts, outcome })).state
  }
  return { state: current, inputs, migrated, returned, first, planOf, last: under.plan }
}

/** A plan without one of its steps: what led there leads to what came behind it. */
function without(plan: Plan, which: number): Plan {
  const bodies = plan.steps.filter(
    (step) => step.op !== 'trigger' && step.op !== 'goal' && step.within === undefined && step.op !== 'each',
  )
  const gone = bodies[which % Math.max(1, bodies.length)]
  if (gone === undefined) return plan
  const behind = [...new Set(Object.values(gone.out).flat())]
  const steps = plan.steps.flatMap((step) => {
    if (step === gone) return []
    const out = Object.entries(step.out).map(([port, tos]): [string, string[]] => [
      port,
      tos.includes(gone.id) ? [...new Set([...tos.filter((to) => to !== gone.id), ...behind])] : tos,
    ])
    return [{ ...step, in: [], out: Object.fromEntries(out) }]
  })
  const left = steps.map((step) =>
    step.op === 'join' ? { ...step, losers: step.losers.filter((id) => id !== gone.id) } : step,
  )
  return { ...plan, steps: planOf(left).steps }
}

/** For some of the steps that may be gone: where who waits there goes on, as a number of a step, or that they leave. */
const movesArbitrary = fc.array(fc.option(fc.nat(30), { freq: 8 }), { minLength: 8, maxLength: 14 })

function movesTo(plan: Plan, numbers: ReadonlyArray<number | null>): { [step: string]: Move } {
  const own = plan.steps.filter(({ id, within }) => id.startsWith('s') && within === undefined)
  const moves = numbers.flatMap((n, i): Array<[string, Move]> => {
    const to = n === null ? undefined : own[n % own.length]?.id
    return [[`s${i}`, to === undefined ? { exit: 'gone' } : { to }]]
  })
  return Object.fromEntries(moves)
}

/** Of a run: whom it is about, what arrives in which order, when it goes over and when its goal comes to hold. */
const toldArbitrary = fc.record({
  facts: factsArbitrary,
  stream: noise,
  moves: movesArbitrary,
  when: fc.integer({ min: 1, max: 12 }),
  paidFrom: fc.nat(25),
})

it('going over to a plan that is alike changes nothing', () => {
  let migrated = 0
  fc.assert(
    fc.property(anyPlan, toldArbitrary, (plan, { facts, stream, paidFrom }) => {
      const draw = drawing(stream)
      const under = { hash: 'v1', plan }
      const planOf = () => JSON.parse(JSON.stringify(plan)) as Plan
      const names = { migration: 'm', from: { plan: 'v1', version: 1 }, to: { plan: 'v2', version: 2 } }
      const command = { kind: 'migrate' as const, ...names, moves: {} }
      let at = T0
      let state = follow({ under, planOf }, null, { kind: 'start', at, trigger: { step: 't0', data: {} }, facts }).state
      for (let turn = 1; turn < 40 && state.open.length > 0; turn += 1) {
        const over = follow({ under, planOf }, state, { kind: 'operator', at, id: 'over', command })
        if (over.refused === null) {
          const { handled: _1, under: _2, moved: _3, ...after } = over.state
          const { handled: _4, ...before } = state
          // What was counted for a step that a join then gave up means nothing any more.
          const waits = Object.entries(state.waits).filter(([id]) => isStillAhead(state, id))
          expect(after).toEqual({ ...before, waits: Object.fromEntries(waits) })
          expect(over.commands).toEqual([])
          migrated += 1
        } else expect(['busy', 'over']).toContain(over.refused.code)
        const open = arrivals(plan, state)
        const chosen = open[draw(open.length)]
        if (chosen === undefined) throw new Error('Nothing can arrive: it hangs.')
        at = Math.max(at + 1, chosen.kind === 'sleep' ? chosen.until : 0)
        const input = arrival(chosen, at, {
          facts: havingPaid(facts, turn >= paidFrom),
          outcome: () => anyOutcome(draw, at),
        })
        state = follow({ under, planOf }, state, input).state
      }
    }),
    RUNS,
  )
  expect(migrated, 'few waited: the test shows little').toBeGreaterThan(RUNS.numRuns)
})

it('a run that goes over to a plan that lacks a step ends once, does nothing twice, and its record tells it', () => {
  const runs: Played[] = []
  fc.assert(
    fc.property(anyPlan, fc.nat(13), toldArbitrary, (plan, which, told) => {
      const run = play({ ...told, plans: [plan, without(plan, which)] })
      if (run.migrated > 0) runs.push(run)
      expect(replay(run, run.inputs).state).toEqual(run.state)
      expect(outstanding(run.state)).toEqual([{ kind: 'finish', status: run.state.status, reason: run.state.reason }])
      expectGoalLeftOnce(run)
    }),
    MANY,
  )
  expect(runs.length, 'few went over: the test shows little').toBeGreaterThan(MANY.numRuns / 8)
  expectGoalsIn(runs)
})

it('a run that goes over to any other plan ends once and does nothing twice', () => {
  let migrated = 0
  fc.assert(
    fc.property(anyPlan, anyPlan, toldArbitrary, (plan, other, told) => {
      const run = play({ ...told, plans: [plan, other] })
      migrated += run.migrated
      expect(replay(run, run.inputs).state).toEqual(run.state)
      expectGoalLeftOnce(run)
    }),
    MANY,
  )
  expect(migrated, 'few went over: the test shows little').toBeGreaterThan(MANY.numRuns / 20)
})

it('the way back leads to where the run was', () => {
  let returned = 0
  fc.assert(
    fc.property(anyPlan, fc.nat(13), toldArbitrary, (plan, which, told) => {
      returned += play({ ...told, plans: [plan, without(plan, which)], goesBack: true }).returned
    }),
    RUNS,
  )
  expect(returned, 'few went back: the test shows little').toBeGreaterThan(RUNS.numRuns / 8)
})

/** Nor is a step for an item ahead once its list has been given up. */
function isStillAhead(state: RunState, id: string): boolean {
  const lists = placesAround(placeOf(id)).flatMap((place) => itemOf(place)?.each ?? [])
  return state.steps[id] === undefined && lists.every((list) => state.open.includes(list))
}

type Played = ReturnType<typeof play>

/** By one of its ways, and by one where all else is over; not both of the steps behind them are done. */
function expectGoalLeftOnce({ state, last }: Played): void {
  if (!last.steps.some(({ op }) => op === 'goal')) return
  if (state.status === 'completed') expect(['reached', 'missed']).toContain(state.steps.goal?.port)
  expect([state.steps.r?.status, state.steps.m?.status]).not.toEqual(['done', 'done'])
}

function expectGoalsIn(runs: readonly Played[]): void {
  const goals = {
    reached: runs.filter(({ state }) => state.steps.goal?.port === 'reached'),
    missed: runs.filter(({ state }) => state.steps.goal?.port === 'missed'),
    ended: runs.filter(({ state }) => state.reason === 'goal: Paid'),
  }
  for (const [how, those] of Object.entries(goals))
    expect(those, `none went over whose goal was ${how}`).not.toEqual([])
}
