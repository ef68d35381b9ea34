import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { buildTriggerIndex, type Occurrence } from '../match/trigger-index.ts'
import type { Plan, PlanStep, TriggerData } from '../model/plan.ts'
import type { Instant } from '../model/rule.ts'
import { type Entered, type EntryRefusal, entryKeyOf, mayEnter } from '../run/may-enter.ts'
import type { RenderScope } from './act.ts'
import { openHistory } from './history.ts'
import { BacktestRefused, readingOf } from './reading.ts'
import { openRuns } from './runs.ts'
import type { Stored, StoredEdge, StoredEvent, Who } from './stored.ts'
import { type Durations, openTally, type SampledRun, type Statuses, type StepTally } from './tally.ts'

type Values = { [name: string]: Json }

export interface Backtest {
  plan: Plan
  /** What was stored before only says how everybody began: nothing starts by it. */
  from: Instant
  /** The end of the period: runs that are not over by then are counted as open. */
  until: Instant
  /**
   * What an action answers: pinned, or the sample of its definition; a fault to see what follows a failure. Of a step
   * that asks somebody `port` is the answer, at once; left out: the first that it has. `timeout`: nobody answers.
   */
  answer: (step: PlanStep & { op: 'act' }, asked: Asked) => { output: Json; port?: string } | { fault: Fault }
  /**
   * Fills an action's input: `renderInput` of engine/expression. Left out: templates are not filled, and none fails.
   * @throws FaultError
   */
  render?: (input: Values, scope: RenderScope) => Values
  /** The id by which a contact or account is known outside. Left out: none is. */
  externalIdOf?: (subjectId: string) => string | null
  /** The workspace's time zone as it is now: which it was then is not kept. Left out: waits that go by it say so. */
  timeZone?: string
  /** Percent of all subjects that the workspace holds out; left out: none. */
  holdoutPercent?: number
  /**
   * When subjects last entered before the period, by id; with a key that entry goes by, `<id> <key>`. Left out: nobody
   * was ever in.
   */
  enteredBefore?: ReadonlyMap<string, Instant>
  /** So many runs are told one by one; 20 where left out. */
  samples?: number
}

export interface Asked {
  /** The step, with the item of the list it acts for. */
  instance: string
  subjectId: string
  at: Instant
}

/** Why a trigger that was heard started nothing. */
type Refusal = EntryRefusal | 'WHERE_FALSE'

export interface Backtested {
  /** Stored events within the period. */
  events: number
  entered: number
  /** When the first and the last run began; null: none did. */
  firstAt: Instant | null
  lastAt: Instant | null
  refused: { [code in Refusal]?: number }
  /** How the runs ended. */
  statuses: Statuses
  /** How often each reason to end was given. */
  reasons: { [reason: string]: number }
  /** In the plan's order. */
  steps: StepTally[]
  /** How long the runs that ended took, in milliseconds; null: none did. */
  durations: Durations | null
  sample: SampledRun[]
  /** Triggers that nothing stored can start: webhooks, schedules and people. */
  unheard: string[]
}

/** A backtest under way. */
export interface Backtesting {
  /** @throws BacktestRefused where it lies beyond the period */
  take(stored: Stored): void
  /**
   * What became known in one moment, in its order: whatever starts by one of it knows all of it, as runs do that begin
   * once a transaction is through.
   */
  takeTogether(all: readonly Stored[]): void
  /** Lets what sleeps go on to the end of the period. Nothing is taken after it. */
  end(): Backtested
}

/** @throws BacktestRefused see `openBacktest` */
export function backtest(given: Backtest, all: Iterable<Stored>): Backtested {
  const going = openBacktest(given)
  for (const stored of all) going.take(stored)
  return going.end()
}

/**
 * What a playbook would have done over what is stored, without a write: the same triggers, enrollment rules and
 * `advance`, with a virtual clock that is the time of receipt. Actions answer at once. A time that comes by the clock
 * comes before what is received at that moment; a new run begins before those under way hear of it.
 *
 * What is kept grows with the subjects of whom the plan reads something, the windows over their events and the runs
 * under way, not with the events. The same stream gives the same answer.
 *
 * @throws BacktestRefused where the plan reads what is not followed
 */
export function openBacktest(given: Backtest): Backtesting {
  const { plan, from, until } = given
  const reading = readingOf(plan)
  const { externalIdOf = () => null, timeZone } = given
  const history = openHistory(reading, { externalIdOf, timeZone })
  const tally = openTally(plan, given.samples ?? 20)
  const runs = openRuns({ given, reading, history, tally })
  const gate = openGate(given)
  let clock = Number.NEGATIVE_INFINITY
  let events = 0
  let sinceSweep = 0
  const sweep = (): void => {
    sinceSweep += 1
    if (sinceSweep < 10_000 || sinceSweep < 2 * history.size()) return
    sinceSweep = 0
    history.forget(clock)
  }
  const know = (stored: Stored): void => {
    if (stored.receivedAt > until)
      throw new BacktestRefused(
        `What was received at ${stored.receivedAt} lies beyond the period, which ends at ${until}.`,
      )
    clock = Math.max(clock, stored.receivedAt)
    runs.goOnUntil(clock)
    history.apply(stored)
    sweep()
  }
  const happen = (stored: Stored): void => {
    if (stored.receivedAt < from) return
    if (stored.kind === 'event') events += 1
    const before = runs.of(stored)
    const entering = gate.ask(stored, clock)
    if (entering !== null) {
      const facts = history.factsOf(entering.who, clock)
      gate.opened(entering.entrant, clock)
      runs.start({ ...entering, facts }, () => gate.closed(entering.entrant))
    }
    for (const run of before) runs.tell(run, stored, clock)
  }
  return {
    take: (stored) => {
      know(stored)
      happen(stored)
    },
    takeTogether: (all) => {
      for (const stored of all) know(stored)
      for (const stored of all) happen(stored)
    },
    end: () => {
      runs.goOnUntil(until)
      runs.closeAll(until)
      return { events, ...gate.result(), ...tally.result() }
    },
  }
}

interface Entering {
  who: Who
  subjectId: string
  /** The subject, with the key that entry goes by. */
  entrant: string
  trigger: TriggerData
}

/** Triggers and enrollment: who may enter, and why others may not. */
interface Gate {
  ask(stored: Stored, now: Instant): Entering | null
  opened(entrant: string, at: Instant): void
  closed(entrant: string): void
  result(): Pick<Backtested, 'entered' | 'firstAt' | 'lastAt' | 'refused' | 'unheard'>
}

const NOBODY: ReadonlyMap<string, Instant> = new Map()

function openGate({ plan, holdoutPercent = 0, enteredBefore = NOBODY }: Backtest): Gate {
  const { subject, enrollment } = plan
  const index = buildTriggerIndex([{ key: null, plan }])
  const before = new Map<string, { last: Instant; runs: number }>()
  for (const [entrant, last] of enteredBefore) before.set(entrant, { last, runs: 0 })
  const refused = new Map<Refusal, number>()
  let entered = 0
  let firstAt: Instant | null = null
  let lastAt: Instant | null = null
  // Whoever enters every time is asked nothing, so nothing is kept of them.
  const remembers = enrollment.reentry.policy !== 'every'
  const refuse = (code: Refusal): null => {
    refused.set(code, (refused.get(code) ?? 0) + 1)
    return null
  }
  const enteredSoFar = (id: string): Entered | null => {
    const known = before.get(id)
    return known === undefined ? null : { last: known.last, open: known.runs > 0 }
  }
  const heard = heardBy(plan)
  return {
    ask: (stored, now) => {
      if (stored.kind === 'event' && !heard.event.has(stored.name)) return null
      if (stored.kind === 'edge' && !heard[stored.of].has(stored.slug)) return null
      const occurrence = occurrenceOf(stored)
      if (occurrence === null || stored.kind === 'change') return null
      const { starts, refused: others } = index.match(occurrence, now)
      const [first] = starts
      if (first === undefined) return others.length > 0 ? refuse('WHERE_FALSE') : null
      const subjectId = subject === 'contact' ? stored.contactId : stored.accountId
      if (subjectId === null) return refuse(subject === 'contact' ? 'NO_CONTACT' : 'NO_ACCOUNT')
      const { data } = occurrence
      const keyed = entryKeyOf(enrollment.reentry, data)
      if (!keyed.ok) return refuse(keyed.code)
      const entrant = keyed.key === null ? subjectId : `${subjectId} ${keyed.key}`
      const entry = mayEnter(enrollment, { subjectId, before: enteredSoFar(entrant), holdoutPercent }, now)
      if (!entry.ok) return refuse(entry.code)
      const { contactId, accountId } = stored
      return { who: { contactId, accountId }, subjectId, entrant, trigger: { step: first.step, data } }
    },
    opened: (id, at) => {
      entered += 1
      firstAt ??= at
      lastAt = at
      if (remembers) before.set(id, { last: at, runs: (before.get(id)?.runs ?? 0) + 1 })
    },
    closed: (id) => {
      const known = before.get(id)
      if (known !== undefined) known.runs -= 1
    },
    result: () => ({ entered, firstAt, lastAt, refused: Object.fromEntries(refused), unheard: unheardOf(plan) }),
  }
}

const HEARD = ['trigger.event', 'trigger.signal', 'trigger.segment']
const kindOf = (step: PlanStep): string => step.type.split('@')[0] ?? ''

const unheardOf = (plan: Plan): string[] =>
  plan.steps.flatMap((step) => (step.op === 'trigger' && !HEARD.includes(kindOf(step)) ? [step.id] : []))

/** By kind the names that triggers listen for at all: most of what is stored is nothing to them. */
function heardBy(plan: Plan): { [kind in 'event' | 'segment' | 'signal']: ReadonlySet<string> } {
  const named = (kind: 'event' | 'segment' | 'signal'): ReadonlySet<string> =>
    new Set(
      plan.steps.flatMap((step) =>
        step.op === 'trigger' && kindOf(step) === `trigger.${kind}` ? [String(step.input[kind])] : [],
      ),
    )
  return { event: named('event'), segment: named('segment'), signal: named('signal') }
}

function occurrenceOf(stored: Stored): Occurrence | null {
  switch (stored.kind) {
    case 'event':
      return { kind: 'event', event: stored.name, data: eventData(stored) }
    case 'edge':
      return edgeOccurrence(stored)
    case 'change':
      return null
  }
}

/** What a run finds under `trigger.` */
const eventData = ({ id, name, properties, occurredAt }: StoredEvent): Values => ({
  name,
  properties,
  occurredAt: new Date(occurredAt).toISOString(),
  messageId: id,
})

function edgeOccurrence(stored: StoredEdge): Occurrence {
  const data = { [stored.of]: stored.slug, edge: stored.edge, at: new Date(stored.receivedAt).toISOString() }
  return stored.of === 'segment'
    ? { kind: 'segment', segment: stored.slug, edge: stored.edge, data }
    : { kind: 'signal', signal: stored.slug, edge: stored.edge, data }
}
