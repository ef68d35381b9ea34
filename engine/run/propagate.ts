import type { PlanStep } from '../model/plan.ts'
import { completeStep, type Draft, type EdgeDecision, isDecided, skipStep, writableEdges } from './draft.ts'
import { missGoal } from './goal.ts'
import { opOf } from './ops/ops.ts'
import { edgeKey, PlanMismatch, stepAt } from './plan-index.ts'

/** Follows the queued edges until nothing more can be decided without the outside. Each edge is decided once. */
export function propagate(draft: Draft): void {
  do {
    for (let next = 0; next < draft.queue.length; next += 1) {
      const edge = draft.queue[next]
      // An exit empties the queue: what it would have reached is not reached any more.
      if (edge) decideEdge(draft, edge)
      if (draft.state.ending) break
    }
    draft.queue.length = 0
  } while (turnItems(draft) || missGoal(draft))
}

/** Lists go on to their next items. @returns whether anything changed */
function turnItems(draft: Draft): boolean {
  let changed = false
  for (const id of draft.state.open.slice()) {
    if (draft.state.steps[id]?.loop === undefined) continue
    const step = stepAt(draft.index, id)
    if (step && opOf(step).items?.(draft, step, id)) changed = true
  }
  return changed
}

function decideEdge(draft: Draft, edge: EdgeDecision): void {
  if (isDecided(draft.state, edge)) return
  const state = writableEdges(draft)
  state.edges[edgeKey(edge.from, edge.port, edge.to)] = edge.taken
  const target = stepAt(draft.index, edge.to)
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
  if (now[1] > 0) activate(draft, target, edge.to)
  else skipStep(draft, edge.to)
}

/** A step's turn has come. @param id its instance */
export function activate(draft: Draft, step: PlanStep, id: string): void {
  const port = draft.state.skips?.[step.id]
  if (port === undefined) return opOf(step).begin(draft, step, id)
  draft.notes.push({ step: id, port, text: 'Left out, as a person said' })
  completeStep(draft, id, { port })
}
