import { TIMEOUT_PORT, type TriggerData } from '../model/plan.ts'
import type { SubjectKind } from '../model/playbook.ts'
import type { Facts, Instant } from '../model/rule.ts'
import type {
  Advanced,
  HeardEvent,
  OperatorCommand,
  RunCommand,
  RunInput,
  RunState,
  StepOutcome,
} from '../model/run.ts'
import { advance } from '../run/advance.ts'
import { isMeant } from '../run/listens.ts'
import { indexPlan, type PlanIndex, stepAt } from '../run/plan-index.ts'
import { filled } from './act.ts'
import type { Backtest } from './backtest.ts'
import type { History } from './history.ts'
import { type Reading, touches } from './reading.ts'
import { openSleeps, type Sleep, type Sleeps } from './sleeps.ts'
import type { Stored, StoredEvent, Who } from './stored.ts'
import type { Noted, Tally } from './tally.ts'

/** A run under way. */
export interface Run {
  who: Who
  state: RunState
  /** The virtual time of its last input. */
  at: Instant
  noted: Noted
  sleeps: Map<string, Sleep<Run>>
  /** Events since its start that a later step may still want. */
  heard: HeardEvent[]
  /** Waits, by instance and visit, that were told of these. */
  told: Set<string>
  over: () => void
}

export interface Runs {
  start(entering: { who: Who; subjectId: string; trigger: TriggerData; facts: Facts }, over: () => void): void
  /** Runs that may have to hear of it. */
  of(stored: Stored): readonly Run[]
  tell(run: Run, stored: Stored, now: Instant): void
  /** Wakes whatever sleeps until then, in order. */
  goOnUntil(until: Instant): void
  /** The period is over. */
  closeAll(at: Instant): void
}

interface Known {
  given: Backtest
  reading: Reading
  history: History
  tally: Tally
}

interface World extends Known {
  index: PlanIndex
  sleeps: Sleeps<Run>
  /** Runs that read the contact, and those that read the account. */
  byContact: Map<string, Set<Run>>
  byAccount: Map<string, Set<Run>>
  /** Whether some step waits for events since the run's start. */
  hindsight: boolean
}

type ActCommand = RunCommand & { kind: 'act' }
const NONE: readonly Run[] = []

export function openRuns(known: Known): Runs {
  const { reading, history, tally } = known
  const { plan } = reading
  const world: World = {
    ...known,
    index: indexPlan(plan),
    sleeps: openSleeps<Run>(),
    byContact: new Map(),
    byAccount: new Map(),
    hindsight: [...reading.listeners.values()].flat().some((step) => step.since === 'trigger'),
  }
  const own = plan.subject === 'contact' ? world.byContact : world.byAccount
  return {
    start: ({ who, subjectId, trigger, facts }, over) => {
      const { at } = facts
      const advanced = advance(plan, null, { kind: 'start', at, trigger, facts })
      const noted = tally.open({ subjectId, at })
      const run: Run = { who, state: advanced.state, at, noted, sleeps: new Map(), heard: [], told: new Set(), over }
      file(world, run, 'add')
      follow(world, run, advanced)
    },
    of: (stored) => {
      if (!mayConcern(reading, stored)) return NONE
      const id = idOf(stored, plan.subject)
      const map = stored.kind === 'event' ? own : stored.subject === 'contact' ? world.byContact : world.byAccount
      const found = id === null ? undefined : map.get(id)
      return found === undefined ? NONE : [...found]
    },
    tell: (run, stored, now) => {
      run.at = Math.max(run.at, now)
      if (stored.kind === 'event') hear(world, run, stored)
      if (mustLook(world, run, stored))
        put(world, run, { kind: 'look', at: run.at, facts: history.factsOf(run.who, run.at) })
    },
    goOnUntil: (until) => {
      for (let sleep = world.sleeps.next(until); sleep !== null; sleep = world.sleeps.next(until)) wake(world, sleep)
    },
    closeAll: (at) => {
      for (const runs of own.values()) for (const run of runs) tally.close(run.noted, run.state, at)
    },
  }
}

/** Whether any run can want to hear of it: most of what is stored is nothing to them. */
function mayConcern({ listeners, watched, waits }: Reading, stored: Stored): boolean {
  if (stored.kind === 'event' && listeners.has(stored.name)) return true
  if (watched !== null && touches(watched, stored)) return true
  for (const reads of waits.values()) if (touches(reads, stored)) return true
  return false
}

/** Whose runs may hear of it. */
function idOf(stored: Stored, own: SubjectKind): string | null {
  if (stored.kind === 'change') return stored.subjectId
  const kind = stored.kind === 'event' ? own : stored.subject
  return kind === 'contact' ? stored.contactId : stored.accountId
}

function file({ reading, byContact, byAccount }: World, run: Run, how: 'add' | 'delete'): void {
  const ids: Array<[Map<string, Set<Run>>, string | null]> = [[byAccount, run.who.accountId]]
  if (reading.plan.subject === 'contact') ids.push([byContact, run.who.contactId])
  for (const [map, id] of ids) {
    if (id === null) continue
    const runs = map.get(id)
    if (how === 'delete') {
      runs?.delete(run)
      if (runs?.size === 0) map.delete(id)
    } else if (runs === undefined) map.set(id, new Set([run]))
    else runs.add(run)
  }
}

const put = (world: World, run: Run, input: RunInput): void => {
  run.at = input.at
  follow(world, run, advance(world.reading.plan, run.state, input))
}

/** Carries out what came of an input, and all that follows from it at the same moment: actions answer at once. */
function follow(world: World, run: Run, first: Advanced): void {
  const acts: ActCommand[] = []
  const answers: Array<OperatorCommand & { kind: 'answer' }> = []
  for (let advanced: Advanced | null = first; advanced !== null; ) {
    run.state = advanced.state
    world.tally.note(run.noted, advanced, run.at)
    for (const command of advanced.commands) carryOut(world, { run, acts }, command)
    const input = nextInput(world, run, { acts, answers })
    advanced = input === null ? null : advance(world.reading.plan, run.state, input)
  }
  if (run.state.open.length === 0) close(world, run)
}

/** What comes next at the same moment: what actions came to, then what people answer, then what was waited for. */
function nextInput(
  world: World,
  run: Run,
  { acts, answers }: { acts: ActCommand[]; answers: Array<OperatorCommand & { kind: 'answer' }> },
): RunInput | null {
  const act = acts.shift()
  if (act !== undefined) {
    const { input, answer } = outcomeOf(world, run, act)
    if (answer !== null) answers.push(answer)
    return input
  }
  const command = answers.shift()
  if (command !== undefined) {
    const facts = world.history.factsOf(run.who, run.at)
    return { kind: 'operator', at: run.at, id: `${command.step}:${command.visit}`, command, facts }
  }
  return world.hindsight ? fromBefore(world, run) : null
}

const sleepKey = ({ step, visit }: { step: string; visit: number }): string => `${step}:${visit}`

function carryOut(world: World, { run, acts }: { run: Run; acts: ActCommand[] }, command: RunCommand): void {
  switch (command.kind) {
    case 'act':
      acts.push(command)
      return
    case 'sleep': {
      const { until, step, visit } = command
      run.sleeps.set(sleepKey(command), world.sleeps.begin({ until, step, visit, run }))
      return
    }
    case 'cancelSleep': {
      const sleep = run.sleeps.get(sleepKey(command))
      if (sleep !== undefined) world.sleeps.cancel(sleep)
      run.sleeps.delete(sleepKey(command))
      return
    }
    case 'finish':
  }
}

function wake(world: World, sleep: Sleep<Run>): void {
  const { run, step, visit } = sleep
  if (run.sleeps.get(sleepKey(sleep)) === sleep) run.sleeps.delete(sleepKey(sleep))
  const at = Math.max(run.at, sleep.until)
  put(world, run, { kind: 'due', at, step, visit, facts: world.history.factsOf(run.who, at) })
}

function close(world: World, run: Run): void {
  for (const sleep of run.sleeps.values()) world.sleeps.cancel(sleep)
  file(world, run, 'delete')
  world.tally.close(run.noted, run.state, run.at)
  run.over()
}

interface Outcome {
  input: RunInput
  /** Of a step that asks somebody. */
  answer: (OperatorCommand & { kind: 'answer' }) | null
}

function outcomeOf(world: World, run: Run, { step, visit }: ActCommand): Outcome {
  const { outcome, port } = answerOf(world, run, step)
  return {
    input: { kind: 'outcome', at: run.at, step, visit, outcome },
    answer: port === null ? null : { kind: 'answer', step, visit, port, output: {}, by: 'the sample' },
  }
}

/** @returns `port`: by which answer a step that asks somebody goes on; null where it asks nobody, or nobody answers */
function answerOf(
  { given, index, tally }: World,
  run: Run,
  instance: string,
): { outcome: StepOutcome; port: string | null } {
  const step = stepAt(index, instance)
  if (step?.op !== 'act') throw new Error(`The plan asked to act at "${instance}", which is no action.`)
  const { state, at, noted } = run
  const input = given.render === undefined ? null : filled(step, { state, instance }, given.render)
  if (step.sets !== undefined) return { outcome: variableOf(input), port: null }
  const unfilled = input !== null && 'fault' in input
  const answered = unfilled ? input : given.answer(step, { instance, subjectId: noted.subjectId, at })
  tally.acted(noted, step, { failed: 'fault' in answered, at })
  if ('fault' in answered) return { outcome: { kind: 'failed', fault: answered.fault }, port: null }
  const { output, port = step.answer?.ports[0] ?? TIMEOUT_PORT } = answered
  return { outcome: { kind: 'done', output }, port: step.answer === undefined || port === TIMEOUT_PORT ? null : port }
}

/** Nobody is asked for a variable: it is worked out, and written nowhere. */
function variableOf(input: ReturnType<typeof filled> | null): StepOutcome {
  if (input === null) throw new Error('A plan with variables cannot be tested without "render".')
  return 'fault' in input ? { kind: 'failed', fault: input.fault } : { kind: 'done', output: input.input }
}

/** A wait that counts events since the run's start is told of the first of those that came before it. */
function fromBefore(world: World, run: Run): RunInput | null {
  for (const id of run.state.open) {
    const step = stepAt(world.index, id)
    const state = run.state.steps[id]
    if (step?.op !== 'waitEvent' || step.since !== 'trigger' || state?.status !== 'waiting') continue
    const key = sleepKey({ step: id, visit: state.visit })
    if (run.told.has(key)) continue
    run.told.add(key)
    const event = run.heard.find((one) => isMeant({ ...step, keys: state.keys ?? {} }, one, run.at))
    if (event !== undefined) return heardInput(world, run, { step: id, visit: state.visit, event })
  }
  return null
}

const heardInput = (
  { history }: World,
  { who, at }: Run,
  heard: { step: string; visit: number; event: HeardEvent },
): RunInput => ({ kind: 'event', at, ...heard, facts: history.factsOf(who, at) })

function hear(world: World, run: Run, stored: StoredEvent): void {
  if (!world.reading.listeners.has(stored.name)) return
  const { id, name, occurredAt: at, properties } = stored
  const event: HeardEvent = { id, name, at, properties }
  if (world.hindsight) run.heard.push(event)
  // Those that wait now: one that begins to wait by this very event is not waiting for it.
  const waiting = run.state.open.flatMap((instance) => {
    const step = stepAt(world.index, instance)
    const state = run.state.steps[instance]
    if (step?.op !== 'waitEvent' || state?.status !== 'waiting') return []
    const meant = isMeant({ ...step, keys: state.keys ?? {} }, event, run.at)
    return meant ? [{ step: instance, visit: state.visit }] : []
  })
  for (const { step, visit } of waiting) {
    const state = run.state.steps[step]
    if (state?.status === 'waiting' && state.visit === visit)
      put(world, run, heardInput(world, run, { step, visit, event }))
  }
}

/** Whether something that the run watches reads it. */
function mustLook({ reading, index }: World, run: Run, stored: Stored): boolean {
  if (run.state.open.length === 0) return false
  if (reading.watched !== null && touches(reading.watched, stored)) return true
  if (reading.waits.size === 0) return false
  return run.state.open.some((id) => {
    const step = stepAt(index, id)
    const reads = step === undefined ? undefined : reading.waits.get(step.id)
    return reads !== undefined && touches(reads, stored)
  })
}
