import type { Plan, PlanStep } from '../model/plan.ts'
import type { Reads, Rule } from '../model/rule.ts'
import { enoughOf, moreOf } from '../rules/enough.ts'
import { mergeReads, readsOf } from '../rules/reads.ts'
import { rulesOfStep } from '../run/rules-of-step.ts'
import type { Stored } from './stored.ts'

/** What has to be kept of the events of one name, for each subject. */
export interface EventKept {
  /** So far back, in milliseconds; null: for ever. */
  window: number | null
  /** So many of the newest; null: all in the window. */
  most: number | null
  /** Of their properties. */
  properties: readonly string[]
}

/** What a plan reads and waits for, worked out once. */
export interface Reading {
  plan: Plan
  /** All that its rules and templates read of subjects. */
  reads: Reads
  events: ReadonlyMap<string, EventKept>
  /** `contact.plan` → how far back its changes are kept, in milliseconds; null: for ever. */
  changes: ReadonlyMap<string, number | null>
  /** What may turn a goal or an exit; null where the run does not look at them while it waits. */
  watched: Reads | null
  /** By the id of each step that waits for a rule. */
  waits: ReadonlyMap<string, Reads>
  /** By the event's name. */
  listeners: ReadonlyMap<string, ReadonlyArray<PlanStep & { op: 'waitEvent' }>>
}

/** A plan that reads what a backtest does not keep. */
export class BacktestRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BacktestRefused'
  }
}

/** @throws BacktestRefused where it reads scores, or the contacts or accounts of its subject, or its runs take turns */
export function readingOf(plan: Plan): Reading {
  const { goal, exit, concurrency } = plan.enrollment
  if (concurrency !== undefined && concurrency.policy !== 'together')
    throw new BacktestRefused(
      'Runs of one subject take turns here, which a backtest does not follow. Try it with runs that go on together.',
    )
  const endings = [...(goal === null ? [] : [goal.if]), ...exit.map((one) => one.if)]
  const rules = [...endings, ...plan.steps.flatMap(rulesOfStep)]
  const reads = mergeReads([plan.reads, ...rules.map(readsOf)])
  refuse(reads)
  return {
    plan,
    reads,
    events: eventsKept(reads, rules),
    changes: new Map(Object.entries(reads.changes ?? {})),
    watched: plan.watches && endings.length > 0 ? mergeReads(endings.map(readsOf)) : null,
    waits: new Map(plan.steps.flatMap((step) => (step.op === 'waitRule' ? [[step.id, readsOf(step.rule)]] : []))),
    listeners: Map.groupBy(
      plan.steps.filter((step) => step.op === 'waitEvent'),
      (step) => step.event,
    ),
  }
}

function refuse(reads: Reads): void {
  const [score] = reads.scores ?? []
  if (score !== undefined)
    throw new BacktestRefused(
      `This playbook reads the score “${score}”, of whose past too little is stored. Test it with a signal that is set by the score.`,
    )
  if (reads.related !== undefined)
    throw new BacktestRefused(
      'This playbook reads the contacts of an account or the accounts of a contact, which a backtest does not follow. Test it with a signal that is set by that rule.',
    )
}

function eventsKept(reads: Reads, rules: readonly Rule[]): Map<string, EventKept> {
  const enough = new Map<string, number | null>()
  for (const rule of rules)
    for (const [name, most] of enoughOf(rule)) {
      const known = enough.get(name)
      enough.set(name, known === undefined ? most : moreOf(known, most))
    }
  const properties = new Map(Object.entries(reads.eventProperties ?? {}))
  return new Map(
    Object.entries(reads.events).map(([name, window]) => [
      name,
      { window, most: enough.get(name) ?? null, properties: properties.get(name) ?? [] },
    ]),
  )
}

/** Whether a rule that reads this may answer otherwise after it. */
export function touches(reads: Reads, stored: Stored): boolean {
  switch (stored.kind) {
    case 'event':
      return Object.hasOwn(reads.events, stored.name)
    case 'edge':
      return (stored.of === 'segment' ? reads.segments : reads.signals).includes(stored.slug)
    case 'change': {
      const path = `${stored.subject}.${stored.property}`
      return (
        reads.properties.some((read) => read === path || read.startsWith(`${path}.`)) ||
        (reads.changes !== undefined && Object.hasOwn(reads.changes, path))
      )
    }
  }
}
