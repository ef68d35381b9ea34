import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { sameJson } from '../model/path.ts'
import type { Plan, PlanStep, TriggerData } from '../model/plan.ts'
import type { Facts, Instant } from '../model/rule.ts'
import type { RunInput, RunState, RunStatus, StepStatus } from '../model/run.ts'
import { stepOf } from './instance.ts'
import { type Assumption, type Later, simulate, type Simulation } from './simulate.ts'

/** The world of a test case: all that a run is told. Plain JSON. */
export interface TestFixture {
  trigger: TriggerData
  /** With the instant at which it begins. */
  facts: Facts
  /** By instance or step: what actions answer. One that is not here answers its kept sample. */
  answers: { [instance: string]: { output: Json } | { fault: Fault } }
  /** By step: what waits come to. */
  waits: { [step: string]: Assumption }
  later: Later[]
  /** By `step:visit`: the facts with which a sleep ends. */
  wakes: { [sleep: string]: Facts }
}

/** What a run came to, or is to come to. Times are milliseconds after its start. */
export interface TestOutcome {
  status: RunStatus
  reason: string | null
  /** Steps that it came to, in the plan's order. */
  path: Array<{ step: string; status: StepStatus; port: string | null; afterMs: number }>
  effects: TestEffect[]
}

export interface TestEffect {
  /** The instance. */
  step: string
  afterMs: number
  /** What it sends. */
  input: { [field: string]: Json }
}

/** One thing that came out otherwise. */
export interface TestDifference {
  what: 'end' | 'path' | 'effect'
  step: string | null
  /** For people. */
  words: string
  expected: Json
  found: Json
}

/** Plays a test case. @param sample what an action answers that the fixture has no answer of */
export function playTest(
  plan: Plan,
  fixture: TestFixture,
  how: Pick<Simulation, 'render'> & { sample: (step: PlanStep & { op: 'act' }) => Json },
): TestOutcome {
  const { trigger, facts, answers, waits, later, wakes } = fixture
  const known = (id: string) => (Object.hasOwn(answers, id) ? answers[id] : undefined)
  const { status, reason, steps, effects } = simulate(plan, {
    facts,
    trigger,
    waits,
    later,
    wakes,
    render: how.render,
    entered: null,
    answer: (step, instance) => known(instance) ?? known(step.id) ?? { output: how.sample(step) },
  })
  return {
    status,
    reason,
    path: steps.flatMap((step) =>
      step.at === null ? [] : [{ step: step.step, status: step.status, port: step.port, afterMs: step.at - facts.at }],
    ),
    effects: effects.map(({ step, at, input }) => ({ step, afterMs: at - facts.at, input })),
  }
}

/** What came out otherwise than expected; empty: the test passes. */
export function differencesOf(expected: TestOutcome, found: TestOutcome): TestDifference[] {
  return [
    ...endDifferences(expected, found),
    ...pathDifferences(expected, found),
    ...effectDifferences(expected, found),
  ]
}

function endDifferences(expected: TestOutcome, found: TestOutcome): TestDifference[] {
  if (expected.status === found.status && expected.reason === found.reason) return []
  const words = ({ status, reason }: TestOutcome): string => (reason === null ? status : `${status} (${reason})`)
  return [
    {
      what: 'end',
      step: null,
      words: `The run was to end ${words(expected)}, and ends ${words(found)}.`,
      expected: words(expected),
      found: words(found),
    },
  ]
}

function pathDifferences(expected: TestOutcome, found: TestOutcome): TestDifference[] {
  const before = new Map(expected.path.map((one) => [one.step, one]))
  const after = new Map(found.path.map((one) => [one.step, one]))
  const different: TestDifference[] = []
  const say = (step: string, words: string): void => {
    different.push({
      what: 'path',
      step,
      words,
      expected: pathWords(before.get(step)),
      found: pathWords(after.get(step)),
    })
  }
  for (const [step, one] of before) {
    const other = after.get(step)
    if (other === undefined) say(step, `It was to come to ${step}, and does not.`)
    else if (other.port !== one.port || other.status !== one.status)
      say(step, `It was to leave ${step} as ${pathWords(one) ?? ''}, and is ${pathWords(other) ?? ''}.`)
    else if (other.afterMs !== one.afterMs)
      say(step, `It was to come to ${step} after ${one.afterMs} ms, and does after ${other.afterMs} ms.`)
  }
  for (const step of after.keys()) if (!before.has(step)) say(step, `It was not to come to ${step}, and does.`)
  return different
}

const pathWords = (one: TestOutcome['path'][number] | undefined): string | null =>
  one === undefined ? null : `${one.status}${one.port === null ? '' : ` by “${one.port}”`}, after ${one.afterMs} ms`

function effectDifferences(expected: TestOutcome, found: TestOutcome): TestDifference[] {
  const before = new Map(expected.effects.map((one) => [one.step, one]))
  const after = new Map(found.effects.map((one) => [one.step, one]))
  const different: TestDifference[] = []
  const say = (step: string, words: string): void => {
    const [was, is] = [before.get(step)?.input ?? null, after.get(step)?.input ?? null]
    different.push({ what: 'effect', step: stepOf(step), words, expected: was, found: is })
  }
  for (const [step, one] of before) {
    const other = after.get(step)
    if (other === undefined) say(step, `${step} was to send something, and sends nothing.`)
    else if (!sameJson(one.input, other.input))
      say(step, `${step} sends another ${changedFields(one.input, other.input)}.`)
  }
  for (const step of after.keys()) if (!before.has(step)) say(step, `${step} sends something, and was to send nothing.`)
  return different
}

type Values = { [field: string]: Json }

function changedFields(before: Values, after: Values): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const own = (values: Values, name: string): Json => (Object.hasOwn(values, name) ? (values[name] ?? null) : null)
  return names.filter((name) => !sameJson(own(before, name), own(after, name))).join(', ')
}

/** What a run was told, as its record has it: a person's hand in it is no part of the world. */
export function fixtureOf(inputs: readonly RunInput[]): { fixture: TestFixture } | { refused: string } {
  const [start] = inputs
  if (start?.kind !== 'start') return { refused: 'The run has not begun, so there is nothing to keep.' }
  const fixture: TestFixture = {
    trigger: start.trigger,
    facts: start.facts,
    answers: {},
    waits: {},
    later: [],
    wakes: {},
  }
  const asked = new Map<string, Instant>()
  let known = start.facts
  for (const input of inputs) {
    if ('facts' in input && input.facts) known = input.facts
    const refused = note(fixture, input, { known, asked })
    if (refused !== null) return { refused }
  }
  return { fixture }
}

function note(fixture: TestFixture, input: RunInput, at: { known: Facts; asked: Map<string, Instant> }): string | null {
  const { known, asked } = at
  switch (input.kind) {
    case 'start':
    case 'resume':
      return null
    case 'due':
      fixture.wakes[`${input.step}:${input.visit}`] = known
      return null
    case 'look':
      fixture.later.push({ at: input.at, facts: known, event: null })
      return null
    case 'event':
      fixture.later.push({ at: input.at, facts: known, event: input.event })
      return null
    case 'outcome':
      if (input.outcome.kind === 'done') {
        fixture.answers[input.step] = { output: input.outcome.output }
        asked.set(input.step, input.at)
      } else if (input.outcome.kind === 'failed') fixture.answers[input.step] = { fault: input.outcome.fault }
      return null
    case 'operator':
      return noteCommand(fixture, input, asked)
  }
}

/** @returns why it makes the run no test */
function noteCommand(
  fixture: TestFixture,
  { command, at }: RunInput & { kind: 'operator' },
  asked: Map<string, Instant>,
): string | null {
  switch (command.kind) {
    case 'answer': {
      const { step, port, output } = command
      const afterMs = at - (asked.get(step) ?? at)
      fixture.waits[stepOf(step)] = { kind: 'happens', afterMs, port, properties: output }
      return null
    }
    case 'settle':
      if (command.landed) fixture.answers[command.step] = { output: command.output }
      return null
    case 'override':
      fixture.answers[command.step] = { output: command.output }
      return null
    case 'pause':
    case 'continue':
    case 'retry':
      return null
    default:
      return `A person led this run by hand (${command.kind}), which a test cannot repeat. Choose another run, or keep a dry run.`
  }
}

/** Where a played run went another way than the real one; waits and actions take no time when played. */
export function wentOtherwise(plan: Plan, state: RunState, played: TestOutcome): TestDifference[] {
  const after = new Map(played.path.map((one) => [one.step, one]))
  return plan.steps.flatMap(({ id: step, within }): TestDifference[] => {
    // The steps of an item leave the state with it.
    if (within !== undefined) return []
    const known = state.steps[step]
    const was = known?.startedAt === undefined ? undefined : known
    const is = after.get(step)
    if (was?.status === is?.status && (was?.port ?? null) === (is?.port ?? null)) return []
    const words = `The run ${was === undefined ? 'did not come to' : 'came to'} ${step}; played again it ${is === undefined ? 'does not' : 'is otherwise there'}.`
    const expected = was === undefined ? null : `${was.status}${was.port === undefined ? '' : ` by “${was.port}”`}`
    return [{ what: 'path', step, words, expected, found: pathWords(is) }]
  })
}
