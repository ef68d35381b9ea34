import type { Json } from '../../nodes/manifest.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { Instant, SubjectFacts } from '../model/rule.ts'
import type { RunCommand, RunState } from '../model/run.ts'
import type { RunRef } from '../ports.ts'
import { itemAt, leftBy } from './draft.ts'
import { placeOf } from './instance.ts'
import { indexPlan, stepAt } from './plan-index.ts'
import type { RetryLimits } from './retry.ts'

export interface ActOrder extends RunRef {
  step: string
  visit: number
  attempt: number
  /** A place in the line of the connection's budget, kept for this attempt. */
  slot: Instant | null
  /** The run goes on without it: only an attempt that has begun is brought to its end. */
  givenUp: boolean
  /** The author's limits on repeats, and what has been used of them. */
  limits?: RetryLimits
  /** It sets a variable: its input is what it leaves, nobody is called and nothing is written. */
  sets?: true
  action: string
  connection: string | null
  /** Templates, not yet rendered. */
  input: { [field: string]: Json }
  scope: TemplateScope
}

/** What a template may read. */
export interface TemplateScope {
  contact: { [name: string]: Json } | null
  account: { [name: string]: Json } | null
  trigger: { [name: string]: Json }
  steps: { [step: string]: Json }
  vars: { [name: string]: Json }
  /** Null outside of a list. */
  item: Json
}

/** What an action's attempt needs to know: its templates, and what they may read. */
export function actOrderOf(
  run: RunRef,
  { plan, state }: { plan: Plan; state: RunState },
  command: RunCommand & { kind: 'act' },
): ActOrder {
  const step = stepAt(indexPlan(plan), command.step)
  if (step?.op !== 'act') throw new Error(`The plan has no action ${command.step}.`)
  const { workspaceId, runId } = run
  const { visit, attempt } = command
  const series = state.steps[command.step]?.series
  return {
    workspaceId,
    runId,
    step: command.step,
    visit,
    attempt,
    slot: null,
    givenUp: state.steps[command.step]?.cancelRequested === true,
    ...(step.retry && series ? { limits: { ...step.retry, ...series } } : {}),
    ...(step.sets === undefined ? {} : { sets: true as const }),
    action: step.type,
    connection: step.connection,
    input: step.input,
    scope: templateScopeOf(state, step, command.step),
  }
}

/** What the templates of an action may read. @param id its instance */
export function templateScopeOf(state: RunState, step: PlanStep & { op: 'act' }, id: string): TemplateScope {
  const { facts, trigger } = state
  return {
    contact: flat(facts.contact),
    account: flat(facts.account),
    trigger: trigger.data,
    steps: Object.fromEntries(step.readsSteps.map((other) => [other, leftBy(state, id, other) ?? null])),
    vars: state.vars ?? {},
    item: itemAt(state, placeOf(id)) ?? null,
  }
}

const flat = (subject: SubjectFacts | null): TemplateScope['contact'] =>
  subject && { ...subject.properties, id: subject.id, externalId: subject.externalId }
