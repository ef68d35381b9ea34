import type { Fault } from '../../nodes/fault.ts'
import { parseInstant } from '../model/instant.ts'
import type { Delay, PlanStep } from '../model/plan.ts'
import type { Instant, Trace } from '../model/rule.ts'
import { evaluate, readRulePath } from '../rules/evaluate.ts'
import {
  commandAct,
  commandSleep,
  completeStep,
  type Draft,
  type EdgeDecision,
  failStep,
  isDecided,
  scopeOf,
  skipStep,
  writableEdges,
} from './draft.ts'
import { cancelStep, endRun } from './end-run.ts'
import { edgeKey, PlanMismatch } from './plan-index.ts'

/** Follows the queued edges until nothing more can be decided without the outside. Each edge is decided once. */
export function propagate(draft: Draft): void {
  for (let next = 0; next < draft.queue.length; next += 1) {
    const edge = draft.queue[next]
    // An exit empties the queue: what it would have reached is not reached any more.
    if (edge) decideEdge(draft, edge)
    if (draft.state.ending) break
  }
  draft.queue.length = 0
}

function decideEdge(draft: Draft, edge: EdgeDecision): void {
  if (isDecided(draft.state, edge)) return
  const state = writableEdges(draft)
  state.edges[edgeKey(edge.from, edge.port, edge.to)] = edge.taken
  const target = draft.index.byId.get(edge.to)
  if (!target) throw new PlanMismatch(`An edge of "${edge.from}" leads to "${edge.to}", which this plan does not have.`)
  if (state.steps[edge.to] !== undefined) return
  const [open, taken] = state.waits[edge.to] ?? [target.in.length, 0]
  const now: [number, number] = [open - 1, taken + (edge.taken ? 1 : 0)]
  const firstWins = target.op === 'join' && target.wait === 'any' && edge.taken
  if (now[0] > 0 && !firstWins) {
    state.waits[edge.to] = now
    return
  }
  delete state.waits[edge.to]
  if (now[1] > 0) activate(draft, target)
  else skipStep(draft, edge.to)
}

/** Runs a step whose turn has come: pure steps at once, actions as a command. */
export function activate(draft: Draft, step: PlanStep): void {
  switch (step.op) {
    case 'trigger':
      throw new PlanMismatch(`The trigger "${step.id}" has an incoming edge.`)
    case 'branch':
      return chooseBranch(draft, step)
    case 'delay':
      return startDelay(draft, step.id, step.delay)
    case 'join':
      completeStep(draft, step.id)
      if (step.wait === 'any') for (const loser of step.losers) cancelStep(draft, loser)
      return
    case 'exit':
      completeStep(draft, step.id)
      draft.notes.push({ step: step.id, text: `The run ends: ${step.reason}` })
      return endRun(draft, { status: 'exited', reason: step.reason })
    case 'act':
      return commandAct(draft, step.id, { visit: 1, attempt: 1 })
  }
}

function chooseBranch(draft: Draft, step: PlanStep & { op: 'branch' }): void {
  const scope = scopeOf(draft.state)
  const why: Trace[] = []
  let port = 'else'
  for (const branch of step.cases) {
    // Against the time of the facts: between waits neither they nor the clock of a rule moves.
    const answer = evaluate(branch.if, scope, scope.at)
    why.push(answer.why)
    if (answer.value) {
      port = branch.port
      break
    }
  }
  draft.notes.push({ step: step.id, port, why })
  completeStep(draft, step.id, { port })
}

function startDelay(draft: Draft, id: string, delay: Delay): void {
  const due = dueOf(draft, delay)
  if (due.kind === 'fault') {
    draft.notes.push({ step: id, text: due.fault.message })
    return failStep(draft, id, due.fault)
  }
  if (due.kind === 'goOn' || due.until <= draft.at) {
    draft.notes.push({ step: id, text: due.kind === 'goOn' ? due.text : 'Its time had already come' })
    return completeStep(draft, id)
  }
  commandSleep(draft, id, { status: 'waiting', visit: 1, attempts: 0, until: due.until, startedAt: draft.at })
}

type Due = { kind: 'at'; until: Instant } | { kind: 'goOn'; text: string } | { kind: 'fault'; fault: Fault }

function dueOf(draft: Draft, delay: Delay): Due {
  if (delay.mode === 'for') return { kind: 'at', until: draft.at + delay.ms }
  const found = readRulePath(delay.property, scopeOf(draft.state))
  const at = parseInstant(found)
  if (at !== null) {
    const longest = delay.maxWaitMs === undefined ? Number.POSITIVE_INFINITY : draft.at + delay.maxWaitMs
    return { kind: 'at', until: Math.min(at + delay.offsetMs, longest) }
  }
  if (found === undefined || found === null) {
    if (delay.missing === 'skip') return { kind: 'goOn', text: `${delay.property} is missing, so there is no wait` }
    return { kind: 'fault', fault: badDate(`${delay.property} is missing.`, delay.property) }
  }
  return { kind: 'fault', fault: badDate(`${delay.property} holds ${JSON.stringify(found)}, no date.`, delay.property) }
}

const badDate = (message: string, property: string): Fault => ({
  code: 'INVALID_INPUT',
  who: 'user',
  message,
  fix: `Give ${property} a date (2026-03-01), a date-time with its zone or unix seconds, then retry the run.`,
})
