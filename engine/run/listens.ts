import type { Json } from '../../nodes/manifest.ts'
import { readPath, sameJson } from '../model/path.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { EventFilter, Facts, Instant, Reads, Rule } from '../model/rule.ts'
import type { HeardEvent, RunState } from '../model/run.ts'
import { passes } from '../rules/events.ts'
import { evaluate } from '../rules/evaluate.ts'
import { mergeReads, readsOf, walkRule } from '../rules/reads.ts'
import { isGoalOpen } from './goal.ts'
import { indexPlan, stepAt } from './plan-index.ts'

/** What a run waits for beside time and people: whoever makes it happen lets the run look. */
export interface Listening {
  /** What may turn a rule that it waits for, its goal or an exit; see `topicsOf`. */
  topics: string[]
  /** The events that its steps wait for. */
  awaited: AwaitedEvent[]
  /** The rules themselves, where the facts alone tell their answer; null: only the run can tell. */
  asked: AskedRule[] | null
}

/** A rule that does not hold, and when time alone may change that: the run sleeps until then; null: it does not sleep for it. */
export interface AskedRule {
  rule: Rule
  until: Instant | null
}

/** An event that a step waits for. Plain JSON. */
export interface AwaitedEvent {
  /** The instance. */
  step: string
  visit: number
  event: string
  where: EventFilter[]
  keys: { [property: string]: Json }
  /** Those after the event that started the run, or those from this instant on. */
  since: 'trigger' | Instant
  /** An event that came after it is too late, even where nobody has looked since. */
  deadline: Instant | null
}

/** Whatever happens to the subject, its account or its contacts. */
export const ANYTHING = '*'
/** A contact came to an account: what is read of the account may be another. */
export const ATTACHED = 'attached'

/** Whether runs of a plan may ever listen. */
export function canListen(plan: Plan): boolean {
  return endingRules(plan, true).length > 0 || plan.steps.some(({ op }) => op === 'waitEvent' || op === 'waitRule')
}

/** What a run in this state listens for; null: nothing. */
export function listeningOf(plan: Plan, state: RunState): Listening | null {
  if (state.open.length === 0 || state.ending) return null
  const index = indexPlan(plan)
  const awaited: AwaitedEvent[] = []
  const asked = endingRules(plan, isGoalOpen(plan, state)).map(
    (rule): AskedRule => ({ rule, until: state.watch ?? null }),
  )
  for (const id of state.open) {
    const step = stepAt(index, id)
    if (state.steps[id]?.status !== 'waiting') continue
    if (step?.op === 'waitEvent') awaited.push(awaitedBy(state, step, id))
    if (step?.op === 'waitRule') asked.push({ rule: step.rule, until: state.steps[id].until ?? null })
  }
  if (awaited.length === 0 && asked.length === 0) return null
  const topics = topicsOf(mergeReads(asked.map(({ rule }) => readsOf(rule))))
  return { topics, awaited, asked: asked.some(({ rule }) => readsRun(rule)) ? null : asked }
}

/** Whether it reads what the run alone has: its trigger's data, outputs, variables, an item. */
function readsRun(rule: Rule): boolean {
  let found = false
  walkRule(rule, (leaf) => {
    if ('property' in leaf && !/^(contact|account)\./.test(leaf.property)) found = true
  })
  return found
}

/** Whether a look can change anything for a run that asks these rules, by the facts as they are now. */
export function mayMatter(asked: readonly AskedRule[], facts: Facts): boolean {
  const scope = { ...facts, trigger: {}, stepOutput: () => undefined }
  return asked.some(({ rule, until }) => {
    const { value, validUntil } = evaluate(rule, scope, facts.at)
    // What may come true sooner than the run wakes for it, it has to know of now.
    return value || (validUntil !== null && (until === null || validUntil < until))
  })
}

/** Rules that end the run while it waits. */
function endingRules({ watches, enrollment: { goal, exit } }: Plan, goalOpen: boolean): Rule[] {
  return watches ? [...(goal === null || !goalOpen ? [] : [goal.if]), ...exit.map((one) => one.if)] : []
}

function awaitedBy(state: RunState, step: PlanStep & { op: 'waitEvent' }, id: string): AwaitedEvent {
  const { visit = 1, keys = {}, deadline, startedAt } = state.steps[id] ?? {}
  const since = step.since === 'trigger' ? ('trigger' as const) : (startedAt ?? 0)
  return { step: id, visit, event: step.event, where: step.where, keys, since, deadline: deadline ?? null }
}

/** `event:<name>`, `property:contact.<name>`, `segment:<slug>`, `signal:<slug>`, `score:<slug>`; rules over related subjects: anything. */
function topicsOf(reads: Reads): string[] {
  if (reads.related !== undefined) return [ANYTHING]
  const properties = [...reads.properties, ...Object.keys(reads.changes ?? {})].flatMap((path) => {
    const [root, name] = path.split('.')
    // `contact.address.city` may be a property of that name, or a part of `address`.
    if (name === undefined || (root !== 'contact' && root !== 'account')) return []
    return [`property:${root}.${name}`, `property:${path}`]
  })
  const topics = [
    ...(properties.length > 0 ? [ATTACHED] : []),
    ...Object.keys(reads.events).map((name) => `event:${name}`),
    ...properties,
    ...reads.segments.map((slug) => `segment:${slug}`),
    ...reads.signals.map((slug) => `signal:${slug}`),
    ...(reads.scores ?? []).map((slug) => `score:${slug}`),
  ]
  return [...new Set(topics)]
}

/** Whether it is the event that is waited for: its name, its filters, and the keys that were read when the wait began. */
export function isMeant(
  awaited: Pick<AwaitedEvent, 'event' | 'where' | 'keys'>,
  event: Pick<HeardEvent, 'name' | 'properties'>,
  now: Instant,
): boolean {
  if (awaited.event !== event.name || !passes(awaited.where, event.properties, now)) return false
  return Object.entries(awaited.keys).every(([property, wanted]) => {
    const found = readPath(event.properties, property.split('.'))
    return found !== undefined && sameJson(found, wanted)
  })
}
