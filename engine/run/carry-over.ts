import { ASKED_PORT, ITEM_PORT, type PlanStep } from '../model/plan.ts'
import type { RunState, StepState } from '../model/run.ts'
import { isFinal } from './draft.ts'
import { itemOf, placeOf, placeOfItem, placesAround, stepOf } from './instance.ts'
import { edgeKey, type PlanIndex, stepAt } from './plan-index.ts'

/** What is left of a state under another plan. */
export type CarriedOver = Pick<RunState, 'steps' | 'edges' | 'waits' | 'open'>

export interface Plans {
  old: PlanIndex
  next: PlanIndex
}

/**
 * A run's state as another plan sees it. Steps that both have keep what they are; edges that both have keep what was
 * decided. A new edge from a step that is over is not taken: what stands before the place where the run is has been
 * passed by, and what is over is never done again. Two plans that are alike leave it as it was.
 * @param begun instances that are to begin now, whatever leads to them
 */
export function carryOver(plans: Plans, state: RunState, begun: ReadonlySet<string>): CarriedOver {
  const steps = Object.fromEntries(
    Object.entries(state.steps).filter(
      // What started it is known for good, also where the new plan has no such trigger.
      ([id, step]) => id === state.trigger.step || staysAt(plans, id, step),
    ),
  )
  const open = state.open.filter((id) => steps[id] !== undefined)
  const carried: CarriedOver = { steps, open, edges: keptEdges(plans, state, steps), waits: {} }
  const places = placesOf(steps)
  for (const place of places) decideNewEdges(plans, { place, state, carried })
  for (const place of places) reopenSkipped(plans, { place, carried, begun })
  for (const place of places) countWaits(plans, { place, carried })
  return carried
}

/** Whether an open step may go on where it is: it is there under its name, does the same kind of thing, and for the same items. */
export const goesOn = (plans: Plans, id: string): boolean =>
  placesAround(placeOf(id)).every((place) => {
    const item = itemOf(place)
    return item === null || sameKind(stepAt(plans.old, item.each), stepAt(plans.next, item.each))
  }) && sameKind(stepAt(plans.old, id), stepAt(plans.next, id))

const staysAt = (plans: Plans, id: string, step: StepState): boolean => {
  if (!isFinal(step)) return goesOn(plans, id)
  const planned = stepAt(plans.next, id)
  return planned !== undefined && planned.within === stepAt(plans.old, id)?.within && goesOnAround(plans, id)
}

const goesOnAround = (plans: Plans, id: string): boolean => {
  const item = itemOf(placeOf(id))
  return item === null || goesOn(plans, item.each)
}

function sameKind(a: PlanStep | undefined, b: PlanStep | undefined): boolean {
  if (a === undefined || b === undefined) return false
  const asks = (step: PlanStep) => step.op === 'act' && step.answer !== undefined
  return a.op === b.op && a.within === b.within && nameOf(a) === nameOf(b) && asks(a) === asks(b)
}

const nameOf = (step: PlanStep): string => step.type.split('@')[0] ?? ''

/** The run's own place and those of the items that are worked on, the outer ones first. */
function placesOf(steps: CarriedOver['steps']): string[] {
  const items = Object.entries(steps).flatMap(([id, { loop }]) => (loop?.open ?? []).map((n) => placeOfItem(id, n)))
  return ['', ...items.toSorted((a, b) => a.length - b.length)]
}

function keptEdges({ next }: Plans, state: RunState, steps: CarriedOver['steps']): RunState['edges'] {
  const kept = Object.entries(state.edges).filter(([key]) => {
    const { from, port, to } = partsOf(key)
    // Into a step that is begun anew, or left for good, nothing leads any more.
    const given = state.steps[to] !== undefined && steps[to] === undefined
    return steps[from] !== undefined && !given && leads(next, { from, port, to })
  })
  return Object.fromEntries(kept)
}

interface Edge {
  from: string
  port: string
  to: string
}

function partsOf(key: string): Edge {
  const end = key.indexOf('>')
  const dot = key.indexOf('.')
  return { from: key.slice(0, dot), port: key.slice(dot + 1, end), to: key.slice(end + 1) }
}

const leads = (index: PlanIndex, { from, port, to }: Edge): boolean => {
  const ends = stepAt(index, from)?.out
  return ends !== undefined && Object.hasOwn(ends, port) && (ends[port] ?? []).includes(stepOf(to))
}

/** Steps of a plan that run at a place, in its order. */
const stepsAt = ({ plan }: PlanIndex, place: string): PlanStep[] => {
  const item = itemOf(place)
  const around = item === null ? undefined : stepOf(item.each)
  return plan.steps.filter((step) => step.within === around)
}

const edgesInto = (step: PlanStep, place: string): Edge[] =>
  step.in.map(({ step: from, port }) => ({
    from: port === ITEM_PORT ? (itemOf(place)?.each ?? from) : place + from,
    port,
    to: place + step.id,
  }))

const keyOf = ({ from, port, to }: Edge): string => edgeKey(from, port, to)

interface At {
  place: string
  state: RunState
  carried: CarriedOver
}

function decideNewEdges(plans: Plans, { place, state, carried }: At): void {
  for (const step of stepsAt(plans.next, place))
    for (const edge of edgesInto(step, place)) {
      const key = keyOf(edge)
      if (Object.hasOwn(carried.edges, key) || !isPortDecided(carried, edge)) continue
      // Undecided though its step is over: what a join left behind.
      if (leads(plans.old, edge) && !Object.hasOwn(state.edges, key) && state.steps[edge.from] !== undefined) continue
      carried.edges[key] = state.steps[edge.to] === undefined && isBridged(plans, state, edge)
    }
}

function isPortDecided({ steps }: CarriedOver, { from, port }: Edge): boolean {
  const step = steps[from]
  if (step === undefined) return false
  return isFinal(step) || port === ITEM_PORT || (port === ASKED_PORT && step.status === 'waiting')
}

/** Whether the run came this way, by steps that are gone now. */
function isBridged(plans: Plans, state: RunState, { from, port, to }: Edge): boolean {
  const place = placeOf(to)
  const ways = [{ from, port }]
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    for (const next of stepAt(plans.old, way.from)?.out[way.port] ?? []) {
      const id = place + next
      if (state.edges[edgeKey(way.from, way.port, id)] !== true) continue
      if (id === to) return true
      if (plans.next.byId.has(next)) continue
      for (const on of Object.keys(plans.old.byId.get(next)?.out ?? {}))
        if (on !== ITEM_PORT) ways.push({ from: id, port: on })
    }
  }
  return false
}

type Reopening = Omit<At, 'state'> & { begun: ReadonlySet<string> }

/** Skipped because nothing led there; now something that is still to come does. In the plan's order, so that one pass is enough. */
function reopenSkipped(plans: Plans, { place, carried, begun }: Reopening): void {
  for (const step of stepsAt(plans.next, place)) {
    const id = place + step.id
    if (carried.steps[id]?.status !== 'skipped') continue
    const decided = edgesInto(step, place).every((edge) => Object.hasOwn(carried.edges, keyOf(edge)))
    if (decided && !begun.has(id)) continue
    delete carried.steps[id]
    for (const [port, tos] of Object.entries(step.out))
      for (const to of tos) delete carried.edges[edgeKey(id, port, place + to)]
  }
}

function countWaits(plans: Plans, { place, carried }: Omit<At, 'state'>): void {
  for (const step of stepsAt(plans.next, place)) {
    const id = place + step.id
    if (carried.steps[id] !== undefined) continue
    const [open, taken] = countOf(carried, step, place)
    if (open < step.in.length) carried.waits[id] = [open, taken]
  }
}

function countOf({ edges }: CarriedOver, step: PlanStep, place: string): [open: number, taken: number] {
  const keys = edgesInto(step, place).map(keyOf)
  return [keys.filter((key) => !Object.hasOwn(edges, key)).length, keys.filter((key) => edges[key] === true).length]
}

interface Turn {
  id: string
  step: PlanStep
  /** Whether a path leads to it. */
  reached: boolean
}

/** Steps whose turn has come by the change of plans alone, in the plan's order. */
export function nowDecided({ next }: Plans, carried: CarriedOver): Turn[] {
  return placesOf(carried.steps).flatMap((place) =>
    stepsAt(next, place).flatMap((step): Turn[] => {
      const id = place + step.id
      if (carried.steps[id] !== undefined) return []
      if (step.op === 'trigger') return [{ id, step, reached: false }]
      const [open, taken] = carried.waits[id] ?? [1, 0]
      const firstWins = step.op === 'join' && step.wait === 'any' && taken > 0
      return open === 0 || firstWins ? [{ id, step, reached: taken > 0 }] : []
    }),
  )
}

/** What a write sends: while an attempt at it may have landed, it must stay the same. */
export const sameWrite = (a: PlanStep | undefined, b: PlanStep | undefined): boolean =>
  JSON.stringify(written(a)) === JSON.stringify(written(b))

const written = (step: PlanStep | undefined) => (step?.op === 'act' ? [step.type, step.connection, step.input] : null)
