import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  anyOutcome,
  drawing,
  factsArbitrary,
  KINDS_WITH_PEOPLE,
  noise,
  ORDERLESS_KINDS,
  planArbitrary,
  T0,
} from '../../test/helpers/random-plans.ts'
import { expectedActs, reference } from '../../test/helpers/reference.ts'
import { runShell, testFault } from '../../test/helpers/shell.ts'
import type { Plan } from '../model/plan.ts'
import type { OperatorCommand, RunInput, RunState, StepOutcome } from '../model/run.ts'
import { advance } from './advance.ts'
import { simulate } from './simulate.ts'
import { replay } from './view.ts'

const anyPlan = planArbitrary(['act', 'act', ...KINDS_WITH_PEOPLE])
/** Plans whose meaning does not hang on the order of arrival. */
const orderless = planArbitrary(['act', 'act', 'act', 'branch', 'for', 'untilDate', 'all'])
/** As those, with every kind of step that has an end of its own where nothing new happens. */
const eventless = planArbitrary([...ORDERLESS_KINDS])
const fails = fc.uniqueArray(fc.nat(13)).map((numbers) => new Set(numbers.map((n) => `s${n}`)))
const RUNS = { numRuns: 600 }

const outcomeOf = (failing: ReadonlySet<string>) => (act: { step: string }) =>
  failing.has(act.step) ? { kind: 'failed' as const, fault: testFault } : { kind: 'done' as const, output: null }
/** What each step came to; times and attempts left out. */
const shape = (state: RunState) =>
  Object.fromEntries(
    Object.entries(state.steps)
      .map(([id, { status, port }]) => [id, [status, port ?? null]] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

/** Everything an activity may answer, the last ones bounded so that a run can end. */
function wild(stream: Iterator<number>, bounded: number): () => StepOutcome {
  const draw = drawing(stream)
  let left = bounded
  return () => {
    left -= 1
    if (left > 0) return anyOutcome(draw, T0)
    return draw(2) === 0 ? { kind: 'failed', fault: testFault } : { kind: 'done', output: null }
  }
}

describe('every run of every plan', () => {
  it('ends once, with nothing left open, whatever answers come in whatever order', () => {
    fc.assert(
      fc.property(fc.tuple(anyPlan, factsArbitrary, noise), ([plan, facts, stream]) => {
        const run = runShell(plan, { facts, start: 't0', pick: drawing(stream), outcome: wild(stream, 40) })
        expect(run.finishes).toHaveLength(1)
        expect(run.state.open).toEqual([])
        const ended = run.state.status === 'completed' || run.state.status === 'failed'
        // Only an exit leaves steps unreached: without one each is decided, so that no join hangs.
        if (ended)
          expect(plan.steps.filter(({ id, within }) => !within && run.state.steps[id] === undefined)).toEqual([])
      }),
      RUNS,
    )
  })

  it('acts once for each step, visit and attempt, and what is final stays as it is', () => {
    fc.assert(
      fc.property(fc.tuple(anyPlan, factsArbitrary, noise), ([plan, facts, stream]) => {
        const done = new Set<string>()
        const outcome = wild(stream, 40)
        let paced = 0
        const run = runShell(plan, {
          facts,
          start: 't0',
          pick: drawing(stream),
          after: (_input, before, next) => {
            for (const [id, step] of Object.entries(before?.steps ?? {})) {
              const final = ['done', 'skipped', 'failed', 'cancelled'].includes(step.status)
              // What was done for one item goes with the item.
              const gone = id.includes('/') && next.state.steps[id] === undefined
              if (final && !gone && next.state.steps[id] !== step)
                throw new Error(`${id} was ${step.status} and changed.`)
            }
          },
          outcome: (act) => {
            if (done.has(act.step)) throw new Error(`${act.step} acts again after it was done.`)
            const answer = outcome()
            if (answer.kind === 'done') done.add(act.step)
            if (answer.kind === 'paced') paced += 1
            return answer
          },
        })
        const attempts = new Set(run.acts.map(({ step, visit, attempt }) => `${step}:${visit}:${attempt}`))
        expect(run.acts.length - attempts.size).toBeLessThanOrEqual(paced)
      }),
      RUNS,
    )
  })

  it('ends once, does nothing twice and replays, whatever people say meanwhile', () => {
    fc.assert(
      fc.property(fc.tuple(anyPlan, factsArbitrary, noise), ([plan, facts, stream]) => {
        const done = new Set<string>()
        const run = runShell(plan, {
          facts,
          start: 't0',
          pick: drawing(stream),
          outcome: (act) => {
            const key = `${act.step}:${act.visit}`
            // A retry by a person begins a new series of attempts at what failed, at nothing else.
            if (done.has(key)) throw new Error(`${key} acts again after it was done.`)
            const outcome = outcomeOf(new Set(['s1', 's3']))(act)
            if (outcome.kind === 'done') done.add(key)
            return outcome
          },
          meddle: meddler(plan, stream),
        })
        expect(run.finishes).toHaveLength(1)
        expect(run.state.open).toEqual([])
        expect(replay(plan, run.inputs).state).toEqual(run.state)
      }),
      RUNS,
    )
  })

  it('runs an any join when and only when a path arrived, and a failed step leads nowhere', () => {
    fc.assert(
      fc.property(fc.tuple(anyPlan, factsArbitrary, fails, noise), ([plan, facts, failing, stream]) => {
        const { state } = runShell(plan, { facts, start: 't0', pick: drawing(stream), outcome: outcomeOf(failing) })
        for (const step of plan.steps) {
          const known = state.steps[step.id]
          const taken = step.in.some((edge) => state.edges[`${edge.step}.${edge.port}>${step.id}`])
          if (known?.status === 'done' && step.op !== 'trigger') expect(taken).toBe(true)
          if (known?.status === 'skipped') expect(taken).toBe(false)
          if (known?.status !== 'failed') continue
          const ways = Object.entries(state.edges).flatMap(([key, way]) =>
            way && key.startsWith(`${step.id}.`) ? [key.slice(step.id.length + 1, key.indexOf('>'))] : [],
          )
          const dealtWith = step.onFailure === 'branch' ? 'error' : step.onFailure === 'continue' ? 'out' : null
          expect(ways.filter((port) => port !== dealtWith && port !== 'item')).toEqual([])
        }
      }),
      RUNS,
    )
  })
})

describe('a plan without any joins and exits', () => {
  it('does what the equations over its graph say', () => {
    fc.assert(
      fc.property(fc.tuple(orderless, factsArbitrary, fails, noise), ([plan, facts, failing, stream]) => {
        const { state } = runShell(plan, { facts, start: 't0', pick: drawing(stream), outcome: outcomeOf(failing) })
        const expected = reference(plan, 't0', { facts, fails: failing })
        expect(shape(state)).toEqual(
          Object.fromEntries([...expected].map(([id, { status, port }]) => [id, [status, port]])),
        )
        const failed = [...expected.values()].some(({ status }) => status === 'failed')
        expect(state.status).toBe(failed ? 'failed' : 'completed')
      }),
      RUNS,
    )
  })

  it('does so with waits, lists, cohorts and failures that are dealt with, too', () => {
    fc.assert(
      fc.property(fc.tuple(eventless, factsArbitrary, fails, noise), ([plan, facts, failing, stream]) => {
        const given = { facts, start: 't0', pick: drawing(stream), outcome: outcomeOf(failing), quiet: true }
        const { state, acts } = runShell(plan, given)
        const expected = reference(plan, 't0', { facts, fails: failing })
        expect(shape(state)).toEqual(
          Object.fromEntries([...expected].map(([id, { status, port }]) => [id, [status, port]])),
        )
        expect(acts.map(({ step }) => step).toSorted()).toEqual(expectedActs(plan, expected, facts))
      }),
      RUNS,
    )
  })

  it('does the same in whatever order results arrive', () => {
    fc.assert(
      fc.property(
        fc.tuple(orderless, factsArbitrary, fails, fc.tuple(noise, noise)),
        ([plan, facts, failing, [one, two]]) => {
          const outcome = outcomeOf(failing)
          const first = runShell(plan, { facts, start: 't0', pick: drawing(one), outcome })
          const second = runShell(plan, { facts, start: 't0', pick: drawing(two), outcome })
          expect(shape(second.state)).toEqual(shape(first.state))
          expect(second.state.edges).toEqual(first.state.edges)
          expect([second.state.status, second.state.reason]).toEqual([first.state.status, first.state.reason])
        },
      ),
      RUNS,
    )
  })

  it('comes by an operator’s retry to what it would have come to without the failures', () => {
    fc.assert(
      fc.property(fc.tuple(orderless, factsArbitrary, fails, noise), ([plan, facts, failing, stream]) => {
        const pick = drawing(stream)
        const done = outcomeOf(new Set())
        const broken = runShell(plan, { facts, start: 't0', pick, outcome: outcomeOf(failing) })
        const whole = runShell(plan, { facts, start: 't0', pick, outcome: done })
        const input: RunInput = {
          kind: 'operator',
          at: T0 + 99_999,
          id: 'again',
          command: { kind: 'retry', step: null },
          facts,
        }
        if (broken.state.status !== 'failed') return
        const mended = runShell(plan, {
          facts,
          start: 't0',
          pick,
          outcome: done,
          resumeFrom: { state: broken.state, input },
        })
        expect(shape(mended.state)).toEqual(shape(whole.state))
        const twice = mended.acts.filter(({ step }) => broken.state.steps[step]?.status === 'done')
        expect(twice, 'what was done is not done again').toEqual([])
      }),
      RUNS,
    )
  })
})

describe('every shell agrees', () => {
  it('the record replayed gives the state it was written from', () => {
    fc.assert(
      fc.property(fc.tuple(anyPlan, factsArbitrary, noise), ([plan, facts, stream]) => {
        const run = runShell(plan, { facts, start: 't0', pick: drawing(stream), outcome: wild(stream, 30) })
        expect(replay(plan, run.inputs).state).toEqual(run.state)
      }),
      RUNS,
    )
  })

  it('the simulator does what a shell does that is given the same order of arrival', () => {
    fc.assert(
      fc.property(fc.tuple(anyPlan, factsArbitrary, fails), ([plan, facts, failing]) => {
        const dry = simulate(plan, {
          facts,
          trigger: { step: 't0', data: {} },
          answer: (step) => (failing.has(step.id) ? { fault: testFault } : { output: null }),
          render: (input) => input,
          entered: null,
        })
        const inputs: RunInput[] = []
        let state: RunState | null = null
        const todo: RunInput[] = [{ kind: 'start', at: facts.at, trigger: { step: 't0', data: {} }, facts }]
        let sleeps: Array<{ step: string; visit: number; until: number }> = []
        const answers: Array<{ step: string; visit: number }> = []
        let at = facts.at
        for (let input = todo.shift(); input !== undefined; input = todo.shift()) {
          inputs.push(input)
          const next: ReturnType<typeof advance> = advance(plan, state, input)
          state = next.state
          for (const command of next.commands) {
            if (command.kind === 'act')
              todo.push({
                kind: 'outcome',
                at,
                step: command.step,
                visit: command.visit,
                outcome: outcomeOf(failing)(command),
              })
            if (command.kind === 'act') answers.push(command)
            if (command.kind === 'sleep') sleeps.push(command)
            if (command.kind === 'cancelSleep') sleeps = sleeps.filter(({ step }) => step !== command.step)
          }
          const asked = todo.length > 0 ? undefined : answers.find(({ step }) => waitsForAnswer(plan, state, step))
          if (asked) {
            const { step, visit } = asked
            const command = { kind: 'answer' as const, step, visit, port: 'yes', output: {}, by: 'somebody' }
            todo.push({ kind: 'operator', at, id: step, command, facts: { ...facts, at } })
          }
          const [first] = sleeps.toSorted((a, b) => a.until - b.until)
          if (todo.length > 0 || !first) continue
          sleeps = sleeps.filter((sleep) => sleep !== first)
          at = Math.max(at, first.until)
          todo.push({ kind: 'due', at, step: first.step, visit: first.visit, facts: { ...facts, at } })
        }
        expect(dry.status).toBe(state?.status)
        // Of steps for items the state keeps nothing; the simulator tells how they ended.
        const inner = new Set(plan.steps.flatMap(({ id, within }) => (within === undefined ? [] : [id])))
        expect(dry.steps.flatMap(({ step, status }) => (inner.has(step) ? [] : [[step, status]]))).toEqual(
          plan.steps.flatMap(({ id }) => (inner.has(id) ? [] : [[id, state?.steps[id]?.status ?? 'pending']])),
        )
      }),
      RUNS,
    )
  })
})

/** Now and then a person says something of any step, whether it applies or not. */
function meddler(plan: Plan, stream: Iterator<number>): (state: RunState) => OperatorCommand | null {
  const next = drawing(stream)
  let left = 6
  return (state) => {
    if (left === 0 || next(3) > 0) return null
    left -= 1
    const ids = [...state.open, ...plan.steps.map(({ id }) => id)]
    const step = ids[next(ids.length)] ?? 's0'
    const ports = Object.keys(plan.steps.find(({ id }) => id === step)?.out ?? {})
    const port = ports[next(Math.max(1, ports.length))]
    const commands: OperatorCommand[] = [
      { kind: 'pause', reason: 'looking' },
      { kind: 'continue' },
      { kind: 'skip', step, ...(port === undefined ? {} : { port }) },
      { kind: 'skip', step },
      { kind: 'override', step, output: { said: true } },
      { kind: 'retry', step },
      { kind: 'retry', step: null },
      ...(next(4) === 0 ? [{ kind: 'cancel' as const, reason: 'enough' }] : []),
    ]
    return commands[next(commands.length)] ?? null
  }
}

describe('inputs that do not belong', () => {
  it('change nothing, at any point of any run', () => {
    fc.assert(
      fc.property(fc.tuple(anyPlan, factsArbitrary, noise, fc.nat(7)), ([plan, facts, stream, which]) => {
        const seen: RunInput[] = []
        runShell(plan, {
          facts,
          start: 't0',
          pick: drawing(stream),
          outcome: wild(stream, 20),
          after: (input, _before, { state }) => {
            seen.push(input)
            const stray = strayInput(which, seen)
            const next = advance(plan, state, stray)
            if (next.state !== state) throw new Error(`${JSON.stringify(stray)} changed the state.`)
            if (next.commands.length > 0 || next.notes.length !== 1) throw new Error('It was not only noted.')
          },
        })
      }),
      RUNS,
    )
  })
})

function waitsForAnswer(plan: Plan, state: RunState | null, id: string): boolean {
  const step = plan.steps.find((one) => one.id === id)
  return step?.op === 'act' && step.answer !== undefined && state?.steps[id]?.status === 'waiting'
}

function strayInput(which: number, seen: RunInput[]): RunInput {
  const at = T0 + 50_000
  const done: StepOutcome = { kind: 'done', output: null }
  const operator = (step: string): RunInput => ({
    kind: 'operator',
    at,
    id: `stray-${seen.length}`,
    command: { kind: 'settle', step, landed: true, output: null },
  })
  switch (which) {
    case 0:
      return { kind: 'outcome', at, step: 'nowhere', visit: 1, outcome: done }
    case 1:
      return { kind: 'outcome', at, step: 's0', visit: 77, outcome: done }
    case 2:
      return { kind: 'due', at, step: 't0', visit: 1, facts: null }
    case 3:
      return { kind: 'resume', at, connection: 'no such connection' }
    case 4:
      return operator('constructor')
    case 5:
      return seen[0] ?? operator('nowhere')
    case 6: {
      const answer = { visit: 77, port: 'yes', output: {}, by: 'a stranger' }
      return { kind: 'operator', at, id: `stray-${seen.length}`, command: { kind: 'answer', step: 's0', ...answer } }
    }
    default:
      return { kind: 'due', at, step: 'toString', visit: 1, facts: null }
  }
}
