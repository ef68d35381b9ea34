import type { Json } from '../../nodes/manifest.ts'
import type { Backtest } from '../../engine/backtest/backtest.ts'
import type { Stored, StoredEvent, Who } from '../../engine/backtest/stored.ts'
import type { SampledRun } from '../../engine/backtest/tally.ts'
import { readPath, sameJson } from '../../engine/model/path.ts'
import type { PlanStep } from '../../engine/model/plan.ts'
import type { Facts, Instant, PropertyChange, SubjectFacts } from '../../engine/model/rule.ts'
import type { RunCommand, RunInput, RunState } from '../../engine/model/run.ts'
import { passes } from '../../engine/rules/events.ts'
import { advance } from '../../engine/run/advance.ts'
import { stepOf } from '../../engine/run/instance.ts'
import { mayEnter } from '../../engine/run/may-enter.ts'

/**
 * A backtest as one would write it without a thought for time or memory: at every input the facts are worked out from
 * all that was stored, and after every stored thing each run of its subject looks at everything.
 */

interface NaiveRun {
  who: Who
  enteredAt: Instant
  /** Position of what started it. */
  position: number
  state: RunState
  at: Instant
  sleeps: Array<RunCommand & { kind: 'sleep' }>
  told: Set<string>
}

interface Wait {
  id: string
  visit: number
  step: PlanStep & { op: 'waitEvent' }
}

export interface Naive {
  runs: SampledRun[]
  refused: { [code: string]: number }
  written: { [step: string]: number }
}

/** Only for playbooks about contacts that begin by an event without a rule of its own. */
export function naiveBacktest(given: Backtest, all: readonly Stored[]): Naive {
  const { plan, from, until } = given
  const runs: NaiveRun[] = []
  const refused: { [code: string]: number } = {}
  const written = Object.fromEntries(plan.steps.map((step) => [step.id, 0]))
  const start = plan.steps.find((step) => step.op === 'trigger' && step.type === 'trigger.event@1')
  const heard = start?.op === 'trigger' ? start.input.event : undefined
  const stepAt = (id: string): PlanStep | undefined => plan.steps.find((step) => step.id === stepOf(id))
  let known: readonly Stored[] = []

  const isMeant = (run: NaiveRun, { id, step }: Wait, event: StoredEvent): boolean =>
    step.event === event.name &&
    passes(step.where, event.properties, run.at) &&
    Object.entries(run.state.steps[id]?.keys ?? {}).every(([name, value]) => {
      const found = readPath(event.properties, name.split('.'))
      return found !== undefined && sameJson(found, value)
    })
  const waitsOf = (run: NaiveRun): Wait[] =>
    run.state.open.flatMap((id) => {
      const step = stepAt(id)
      const state = run.state.steps[id]
      return step?.op === 'waitEvent' && state?.status === 'waiting' ? [{ id, visit: state.visit, step }] : []
    })
  const hear = (run: NaiveRun, { id, visit }: { id: string; visit: number }, event: StoredEvent): RunInput => ({
    kind: 'event',
    at: run.at,
    step: id,
    visit,
    event: { id: event.id, name: event.name, at: event.occurredAt, properties: event.properties },
    facts: factsFrom(known, run.who, { at: run.at, given }),
  })
  const put = (run: NaiveRun, input: RunInput): void => {
    const acts: Array<RunCommand & { kind: 'act' }> = []
    for (let next: RunInput | null = input; next !== null; ) {
      run.at = next.at
      const { state, commands } = advance(plan, next.kind === 'start' ? null : run.state, next)
      run.state = state
      for (const command of commands) {
        if (command.kind === 'act') acts.push(command)
        if (command.kind === 'sleep') run.sleeps.push(command)
        if (command.kind === 'cancelSleep')
          run.sleeps = run.sleeps.filter((one) => one.step !== command.step || one.visit !== command.visit)
      }
      const act = acts.shift()
      next = act === undefined ? fromBefore(run) : outcome(run, act)
    }
  }
  const outcome = (run: NaiveRun, { step: id, visit }: RunCommand & { kind: 'act' }): RunInput => {
    const step = stepAt(id)
    if (step?.op !== 'act') throw new Error(`${id} is no action.`)
    const answered = given.answer(step, { instance: id, subjectId: run.who.contactId ?? '', at: run.at })
    if ('output' in answered) written[step.id] = (written[step.id] ?? 0) + 1
    const became =
      'fault' in answered ? { kind: 'failed' as const, ...answered } : { kind: 'done' as const, ...answered }
    return { kind: 'outcome', at: run.at, step: id, visit, outcome: became }
  }
  const fromBefore = (run: NaiveRun): RunInput | null => {
    for (const wait of waitsOf(run)) {
      const key = `${wait.id} ${wait.visit}`
      if (wait.step.since !== 'trigger' || run.told.has(key)) continue
      run.told.add(key)
      const since = known.slice(run.position + 1).filter((one) => one.kind === 'event')
      const event = since.find((one) => one.contactId === run.who.contactId && isMeant(run, wait, one))
      if (event !== undefined) return hear(run, wait, event)
    }
    return null
  }
  const goOn = (end: Instant): void => {
    for (;;) {
      const due = runs
        .flatMap((run) => run.sleeps.map((sleep) => ({ run, sleep })))
        .toSorted((a, b) => a.sleep.until - b.sleep.until)[0]
      if (due === undefined || due.sleep.until > end) return
      const { run, sleep } = due
      run.sleeps = run.sleeps.filter((one) => one !== sleep)
      const at = Math.max(run.at, sleep.until)
      put(run, {
        kind: 'due',
        at,
        step: sleep.step,
        visit: sleep.visit,
        facts: factsFrom(known, run.who, { at, given }),
      })
    }
  }
  const enter = (event: StoredEvent, position: number): NaiveRun | null => {
    const { contactId, accountId, receivedAt: at } = event
    const refuse = (code: string): null => {
      refused[code] = (refused[code] ?? 0) + 1
      return null
    }
    if (contactId === null) return refuse('NO_CONTACT')
    const mine = runs.filter((run) => run.who.contactId === contactId)
    const last = mine.at(-1)
    const before = last && { last: last.enteredAt, open: mine.some((run) => run.state.open.length > 0) }
    const entry = mayEnter(plan.enrollment, { subjectId: contactId, before: before ?? null }, at)
    if (!entry.ok) return refuse(entry.code)
    const run = { who: { contactId, accountId }, enteredAt: at, position, at, sleeps: [], told: new Set<string>() }
    return { ...run, state: undefined as unknown as RunState }
  }
  for (const [position, stored] of all.entries()) {
    goOn(stored.receivedAt)
    known = all.slice(0, position + 1)
    if (stored.receivedAt < from) continue
    const others = runs.filter((run) => concerns(run, stored))
    if (start !== undefined && stored.kind === 'event' && stored.name === heard) {
      const run = enter(stored, position)
      if (run !== null) {
        const { id, name, properties, occurredAt, receivedAt: at } = stored
        const data = { name, properties, occurredAt: new Date(occurredAt).toISOString(), messageId: id }
        runs.push(run)
        put(run, {
          kind: 'start',
          at,
          trigger: { step: start.id, data },
          facts: factsFrom(known, run.who, { at, given }),
        })
      }
    }
    for (const run of others) {
      if (run.state.open.length === 0) continue
      run.at = Math.max(run.at, stored.receivedAt)
      if (stored.kind === 'event')
        for (const wait of waitsOf(run).filter((one) => isMeant(run, one, stored)))
          if (run.state.steps[wait.id]?.status === 'waiting') put(run, hear(run, wait, stored))
      put(run, { kind: 'look', at: run.at, facts: factsFrom(known, run.who, { at: run.at, given }) })
    }
  }
  goOn(until)
  return { runs: runs.map(sampled), refused, written }
}

const concerns = ({ who }: NaiveRun, stored: Stored): boolean =>
  stored.kind === 'change'
    ? [who.contactId, who.accountId].includes(stored.subjectId)
    : stored.contactId !== null && stored.contactId === who.contactId

const sampled = ({ who, enteredAt, state, at }: NaiveRun): SampledRun => {
  const open = state.open.length > 0
  return {
    subjectId: who.contactId ?? '',
    enteredAt,
    status: open ? 'open' : (state.status as SampledRun['status']),
    reason: state.reason,
    endedAt: open ? null : at,
    path: Object.entries(state.steps).flatMap(([step, { startedAt, port }]) =>
      startedAt === undefined ? [] : [{ step, at: startedAt, port: port ?? null }],
    ),
  }
}

/** Runs as they can be compared: steps at one moment in order of their ids. */
export const told = (runs: readonly SampledRun[]): SampledRun[] =>
  runs.map((run) => ({ ...run, path: run.path.toSorted((a, b) => (a.step < b.step ? -1 : a.step > b.step ? 1 : 0)) }))

function factsFrom(known: readonly Stored[], who: Who, { at, given }: { at: Instant; given: Backtest }): Facts {
  const mine = known.filter((one) => one.kind === 'event').filter((one) => one.contactId === who.contactId)
  const byName = Map.groupBy(
    mine.toSorted((a, b) => a.occurredAt - b.occurredAt),
    (event) => event.name,
  )
  const edges = known.filter((one) => one.kind === 'edge').filter((one) => one.contactId === who.contactId)
  const inside = (of: 'segment' | 'signal'): string[] => {
    const last = new Map(edges.flatMap((one) => (one.of === of ? [[one.slug, one.edge] as const] : [])))
    return [...last].flatMap(([slug, edge]) => (edge === 'entered' || edge === 'set' ? [slug] : []))
  }
  const contact = subjectFrom(known, who.contactId, given)
  const account = subjectFrom(known, who.accountId, given)
  return {
    at,
    contact: contact?.facts ?? null,
    account: account?.facts ?? null,
    segments: inside('segment'),
    signals: inside('signal'),
    events: Object.fromEntries([...byName].map(([name, events]) => [name, events.map((one) => one.occurredAt)])),
    eventValues: Object.fromEntries([...byName].map(([name, events]) => [name, events.map((one) => one.properties)])),
    changes: Object.fromEntries([
      ...(contact?.changes ?? []).map(([name, all]) => [`contact.${name}`, all] as const),
      ...(account?.changes ?? []).map(([name, all]) => [`account.${name}`, all] as const),
    ]),
  }
}

function subjectFrom(
  known: readonly Stored[],
  id: string | null,
  { externalIdOf }: Backtest,
): { facts: SubjectFacts; changes: Array<[string, PropertyChange[]]> } | null {
  if (id === null) return null
  const values = new Map<string, Json>()
  const changes = new Map<string, PropertyChange[]>()
  for (const one of known) {
    if (one.kind !== 'change' || one.subjectId !== id) continue
    const from = values.get(one.property) ?? null
    if (sameJson(from, one.value)) continue
    if (one.value === null) values.delete(one.property)
    else values.set(one.property, one.value)
    changes.set(one.property, [...(changes.get(one.property) ?? []), { at: one.receivedAt, from, to: one.value }])
  }
  const facts = { id, externalId: externalIdOf?.(id) ?? null, properties: Object.fromEntries(values) }
  return { facts, changes: [...changes] }
}
