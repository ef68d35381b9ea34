import { readingOf } from '../../engine/backtest/reading.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { SubjectKind } from '../../engine/model/playbook.ts'
import type { Instant } from '../../engine/model/rule.ts'
import { namesIn } from '../why/facts-then.ts'

export interface Period {
  from: Instant
  until: Instant
}

/** What of the stored past a plan can read or hear, over a period. Times are milliseconds since 1970. */
export interface WantedPast extends Period {
  own: SubjectKind
  /** Names of events, and `kind:slug` of segments and signals, by which runs start. */
  starts: { events: string[]; audiences: string[] }
  events: Array<{
    name: string
    /** Whether its properties are read. */
    values: boolean
    /** Whether those of before the period count. */
    before: boolean
    /** Of those only what happened after this; null: all. */
    since: Instant | null
  }>
  /** `kind:slug` */
  audiences: string[]
  properties: Array<{
    subject: SubjectKind
    name: string
    /** From when on its changes are read; null: all. */
    since: Instant | null
  }>
}

/** @throws BacktestRefused where the plan reads what a backtest does not follow */
export function wantedPast(plan: Plan, { from, until }: Period): WantedPast {
  const reading = readingOf(plan)
  const { reads } = reading
  const starts = startsOf(plan)
  const names = new Set([...starts.events, ...reading.listeners.keys(), ...reading.events.keys()])
  const whole = new Set([...starts.events, ...reading.listeners.keys()])
  const backTo = (window: number | null): Instant | null => (window === null ? null : from - window)
  const changes = new Map(reading.changes)
  const properties = (['contact', 'account'] as const).flatMap((subject) => {
    const own = [...changes.keys()].flatMap((path) =>
      path.startsWith(`${subject}.`) ? [path.slice(subject.length + 1)] : [],
    )
    return [...new Set([...namesIn(subject, reads), ...own])].map((name) => {
      const path = `${subject}.${name}`
      return { subject, name, since: changes.has(path) ? backTo(changes.get(path) ?? null) : from }
    })
  })
  return {
    from,
    until,
    own: plan.subject,
    starts,
    events: [...names].map((name) => {
      const counted = reading.events.get(name)
      return {
        name,
        values: whole.has(name) || (counted?.properties.length ?? 0) > 0,
        before: counted !== undefined,
        since: counted === undefined ? from : backTo(counted.window),
      }
    }),
    audiences: [
      ...new Set([
        ...starts.audiences,
        ...reads.segments.map((slug) => `segment:${slug}`),
        ...reads.signals.map((slug) => `signal:${slug}`),
      ]),
    ],
    properties,
  }
}

function startsOf(plan: Plan): WantedPast['starts'] {
  const events: string[] = []
  const audiences: string[] = []
  for (const step of plan.steps) {
    if (step.op !== 'trigger') continue
    const kind = step.type.split('@')[0]
    if (kind === 'trigger.event') events.push(String(step.input.event))
    if (kind === 'trigger.signal') audiences.push(`signal:${String(step.input.signal)}`)
    if (kind === 'trigger.segment') audiences.push(`segment:${String(step.input.segment)}`)
  }
  return { events, audiences }
}
