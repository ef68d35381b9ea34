import fc from 'fast-check'
import { expect, it } from 'vitest'
import { factsArbitrary, KINDS_WITH_PEOPLE, planArbitrary, T0 } from '../../test/helpers/random-plans.ts'
import { planOf } from '../../test/helpers/plans.ts'
import { testFault } from '../../test/helpers/shell.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import type { Move, RunInput, RunState, StepOutcome } from '../model/run.ts'
import { follow, type UnderPlan } from './follow.ts'
import { outstanding } from './outstanding.ts'
import { indexPlan, stepAt } from './plan-index.ts'
import { replay } from './view.ts'

const RUNS = { numRuns: 150 }
const anyPlan = planArbitrary(['act', 'act', 'for', ...KINDS_WITH_PEOPLE])
const noise = fc.infiniteStream(fc.nat(1_000_000))
type Draw = (below: number) => number
const drawing =
  (stream: Iterator<number>): Draw =>
  (below) =>
    Number(stream.next().value) % below

/** What may arrive at a state: read from the state alone, as a shell does that has only the record. */
function arrivals({ plan }: UnderPlan, state: RunState, facts: Facts): Array<(draw: Draw, at: number) => RunInput> {
  const open = outstanding(state).flatMap((command): ReturnType<typeof arrivals> => {
    if (command.kind === 'finish') return []
    const { step, visit } = command as { step: string; visit: number }
    if (command.kind === 'act')
      return [(draw, at) => ({ kind: 'outcome', at, step, visit, outcome: outcomeOf(draw, at) })]
    return [
      (_draw, now) => {
        const at = command.kind === 'sleep' ? Math.max(now, command.until) : now
        return { kind: 'due', at, step, visit, facts: { ...facts, at } }
      },
    ]
  })
  const waits = state.open.flatMap((step): ReturnType<typeof arrivals> => {
    const { status, visit, heldBy = '' } = state.steps[step] ?? { status: 'pending', visit: 0 }
    const planned = stepAt(indexPlan(plan), step)
    const operator = (command: (RunInput & { kind: 'operator' })['command'], at: number): RunInput => ({
      kind: 'operator',
      at,
      id: `${step} ${at}`,
      command,
    })
    if (status === 'held') return [(_draw, at) => ({ kind: 'resume', at, connection: heldBy })]
    if (status === 'review')
      return [(_draw, at) => operator({ kind: 'settle', step, landed: at % 2 === 0, output: null }, at)]
    if (status !== 'waiting') return []
    if (planned?.op === 'act')
      return [(_draw, at) => operator({ kind: 'answer', step, visit, port: 'yes', output: {}, by: 'somebody' }, at)]
    const event = { id: 'e', name: 'event', at: T0, properties: {} }
    return planned?.op === 'waitEvent' ? [(_draw, at) => ({ kind: 'event', at, step, visit, event, facts: null })] : []
  })
  return [...open, ...waits]
}

function outcomeOf(draw: Draw, at: number): StepOutcome {
  switch (draw(9)) {
    case 0:
      return { kind: 'failed', fault: testFault }
    case 1:
      return { kind: 'retry', fault: testFault, at: at + draw(5000) }
    case 2:
      return { kind: 'held', fault: testFault, connection: 'c' }
    case 3:
      return { kind: 'review', fault: testFault }
    default:
      return { kind: 'done', output: draw(100) }
  }
}

interface Told {
  plans: Plan[]
  facts: Facts
  draw: Draw
  /** From which turn on the run is asked to go over, until it does. */
  when: number
  moves: { [step: string]: Move }
  /** Whether it is asked to go back right away. */
  back?: boolean
}

/** Lets what may arrive arrive in any order, until the run has ended. @throws Error where it does not, or acts again on what is done */
function play({ plans, facts, draw, when, moves, back = false }: Told) {
  const name = (version: number) => ({ plan: `v${version}`, version })
  const planOf = (hash: string) => plans[Number(hash.slice(1)) - 1] as Plan
  const inputs: RunInput[] = []
  const done = new Set<string>()
  const first: UnderPlan = { hash: 'v1', plan: planOf('v1') }
  let under = first
  let state: RunState | null = null
  let migrated = 0
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
  let current = feed({ kind: 'start', at: facts.at, trigger: { step: 't0', data: {} }, facts }).state
  let at = T0
  for (let turn = 1; current.open.length > 0; turn += 1) {
    if (turn > 3000) throw new Error(`The run does not end: ${JSON.stringify(current.steps)}`)
    at += 1
    const version = Number(under.hash.slice(1))
    if (turn >= when && version < plans.length) {
      const names = { migration: `m${turn}`, from: name(version), to: name(version + 1) }
      const before = current
      const over = feed({ kind: 'operator', at, id: `over ${turn}`, command: { kind: 'migrate', ...names, moves } })
      if (over.refused === null) migrated += 1
      else expect(over.state).toEqual(before)
      if (back && over.refused === null && over.state.moved) {
        const command = { kind: 'unmigrate' as const, ...names, from: names.to, to: names.from }
        const {
          handled: _1,
          under: _3,
          ...returned
        } = feed({ kind: 'operator', at, id: `back ${turn}`, command }).state
        const { handled: _2, under: _4, ...was } = before
        expect(returned).toEqual(was)
      }
      current = state ?? current
      if (current.open.length === 0) break
    }
    const open = arrivals(under, current, facts)
    const chosen = open[draw(Math.max(1, open.length))]
    if (chosen === undefined) throw new Error(`Nothing can arrive and the run is ${current.status}: it hangs.`)
    const input = chosen(turn < 60 ? draw : () => 8, at)
    at = input.at
    current = feed(input).state
  }
  return { state: current, inputs, migrated, first, planOf }
}

/** A plan without one of its steps: what led there leads to what came behind it. */
function without(plan: Plan, which: number): Plan {
  const bodies = plan.steps.filter((step) => step.op !== 'trigger' && step.within === undefined && step.op !== 'each')
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
  return planOf(
    steps.map((step) => (step.op === 'join' ? { ...step, losers: step.losers.filter((id) => id !== gone.id) } : step)),
  )
}

const movesArbitrary = fc
  .array(fc.tuple(fc.nat(13), fc.option(fc.nat(13), { freq: 4 })), { maxLength: 14 })
  .map((pairs): Told['moves'] =>
    Object.fromEntries(pairs.map(([from, to]) => [`s${from}`, to === null ? { exit: 'gone' } : { to: `s${to}` }])),
  )
const whenArbitrary = fc.integer({ min: 1, max: 12 })

it('going over to a plan that is alike changes nothing', () => {
  let migrated = 0
  fc.assert(
    fc.property(anyPlan, factsArbitrary, noise, (plan, facts, stream) => {
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
          const waits = Object.entries(state.waits).filter(([id]) => state.steps[id] === undefined)
          expect(after).toEqual({ ...before, waits: Object.fromEntries(waits) })
          expect(over.commands).toEqual([])
          migrated += 1
        } else expect(['busy', 'over']).toContain(over.refused.code)
        const open = arrivals(under, state, facts)
        const input = open[draw(open.length)]?.(draw, at + 1)
        if (input === undefined) throw new Error('Nothing can arrive: it hangs.')
        at = input.at
        state = follow({ under, planOf }, state, input).state
      }
    }),
    RUNS,
  )
  expect(migrated, 'few waited: the test shows little').toBeGreaterThan(RUNS.numRuns)
})

it('a run that goes over to a plan that lacks a step ends once, does nothing twice, and its record tells it', () => {
  let migrated = 0
  fc.assert(
    fc.property(
      fc.tuple(anyPlan, factsArbitrary, noise, fc.nat(13), movesArbitrary, whenArbitrary),
      ([plan, facts, stream, which, moves, when]) => {
        const run = play({ plans: [plan, without(plan, which)], facts, draw: drawing(stream), when, moves })
        migrated += run.migrated
        expect(replay(run, run.inputs).state).toEqual(run.state)
        expect(outstanding(run.state)).toEqual([{ kind: 'finish', status: run.state.status, reason: run.state.reason }])
      },
    ),
    RUNS,
  )
  expect(migrated, 'few went over: the test shows little').toBeGreaterThan(RUNS.numRuns / 8)
})

it('a run that goes over to any other plan ends once and does nothing twice', () => {
  fc.assert(
    fc.property(
      fc.tuple(anyPlan, anyPlan, factsArbitrary, noise, movesArbitrary, whenArbitrary),
      ([plan, other, facts, stream, moves, when]) => {
        const run = play({ plans: [plan, other], facts, draw: drawing(stream), when, moves })
        expect(replay(run, run.inputs).state).toEqual(run.state)
      },
    ),
    RUNS,
  )
})

it('the way back leads to where the run was', () => {
  fc.assert(
    fc.property(
      fc.tuple(anyPlan, fc.nat(13), factsArbitrary, noise, movesArbitrary, whenArbitrary),
      ([plan, which, facts, stream, moves, when]) => {
        play({ plans: [plan, without(plan, which)], facts, draw: drawing(stream), when, moves, back: true })
      },
    ),
    RUNS,
  )
})
