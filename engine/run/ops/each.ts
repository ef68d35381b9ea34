import type { Fault } from '../../../nodes/fault.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { ITEM_PORT } from '../../model/plan.ts'
import type { Loop, StepState } from '../../model/run.ts'
import { readRulePath } from '../../rules/evaluate.ts'
import {
  completeStep,
  type Draft,
  failedForGood,
  failStep,
  scopeOf,
  setStep,
  waitFor,
  writableEdges,
} from '../draft.ts'
import { cancelStep } from '../end-run.ts'
import { placeOfItem } from '../instance.ts'
import type { Op, StepOf } from './op.ts'

/** So many items are a list; more are a segment, which enrolls one by one. */
export const MOST_ITEMS = 1000

/** Works through a list, some items at a time: the steps behind its port `item` run once for each. */
export const each: Op<'each'> = {
  begin: (draft, step, id) => {
    const found = readRulePath(step.list, scopeOf(draft.state, id)) ?? []
    const fault = faultOf(step.list, found)
    if (fault !== null) return failStep(draft, id, fault)
    waitFor(draft, id, { loop: { items: found as Json[], next: 0, open: [], done: 0, failed: [] } })
  },
  items: (draft, step, id) => {
    const before = draft.state.steps[id]
    if (before?.loop === undefined) return false
    const loop = afterEnded(draft, step, { id, loop: before.loop })
    const begun = beginMore(draft, step, { id, loop })
    if (begun === before.loop) return false
    setStep(draft, id, { ...before, loop: begun })
    if (begun.open.length === 0 && begun.next >= begun.items.length) finish(draft, step, { id, loop: begun })
    return true
  },
}

interface At {
  id: string
  loop: Loop
}

function faultOf(path: string, found: Json): Fault | null {
  const bad = (message: string, fix: string): Fault => ({ code: 'INVALID_INPUT', who: 'user', message, fix })
  if (!Array.isArray(found))
    return bad(`${path} holds ${JSON.stringify(found)?.slice(0, 100)}, no list.`, `Give ${path} a list.`)
  if (found.length > MOST_ITEMS)
    return bad(
      `${path} has ${found.length} items; a run works through ${MOST_ITEMS} at the most.`,
      'Shorten the list, or start a run for each by a segment or the API.',
    )
  return null
}

/** Takes the items of which nothing is open any more out of the state. */
function afterEnded(draft: Draft, step: StepOf<'each'>, { id, loop }: At): Loop {
  const { open: running } = draft.state
  const over = loop.open.filter((index) => !running.some((other) => other.startsWith(placeOfItem(id, index))))
  if (over.length === 0) return loop
  const faults = over.flatMap((index) => {
    const fault = takeOut(draft, placeOfItem(id, index))
    return fault === null ? [] : [{ index, fault }]
  })
  const after: Loop = {
    ...loop,
    open: loop.open.filter((index) => !over.includes(index)),
    done: loop.done + over.length - faults.length,
    failed: [...loop.failed, ...faults],
  }
  if (faults.length === 0 || step.onItemFailure === 'continue') return after
  for (const index of after.open)
    for (const other of running.slice()) if (other.startsWith(placeOfItem(id, index))) cancelStep(draft, other)
  return { ...after, next: after.items.length }
}

/** @returns why the item failed; null where it did not */
function takeOut(draft: Draft, place: string): Fault | null {
  const state = writableEdges(draft)
  let fault: Fault | null = null
  for (const [instance, step] of Object.entries(state.steps)) {
    if (!instance.startsWith(place)) continue
    if (fault === null && failedForGood(step)) fault = step.fault ?? null
    draft.over[instance] = step
    delete state.steps[instance]
  }
  for (const key of Object.keys(state.edges)) if (leadsInto(key, place)) delete state.edges[key]
  for (const instance of Object.keys(state.waits)) if (instance.startsWith(place)) delete state.waits[instance]
  return fault
}

const leadsInto = (edge: string, place: string): boolean => edge.startsWith(place, edge.indexOf('>') + 1)

function beginMore(draft: Draft, step: StepOf<'each'>, { id, loop }: At): Loop {
  if (draft.state.ending) return { ...loop, next: loop.items.length }
  let { next } = loop
  const open = [...loop.open]
  for (; next < loop.items.length && open.length < step.atOnce; next += 1) {
    open.push(next)
    const place = placeOfItem(id, next)
    for (const to of step.out[ITEM_PORT] ?? [])
      draft.queue.push({ from: id, port: ITEM_PORT, to: place + to, taken: true })
  }
  return next === loop.next && loop.items.length > 0 ? loop : { ...loop, next, open }
}

function finish(draft: Draft, step: StepOf<'each'>, { id, loop }: At): void {
  const { loop: _over, ...before } =
    draft.state.steps[id] ?? ({ status: 'waiting', visit: 1, attempts: 0 } as StepState)
  const [first] = loop.failed
  const { done, failed, items } = loop
  setStep(draft, id, before)
  draft.notes.push({
    step: id,
    text: `${done} of ${items.length} items done${failed.length > 0 ? `, ${failed.length} failed` : ''}`,
  })
  if (first === undefined) completeStep(draft, id, step.keeps ? { output: { done } } : {})
  else
    failStep(draft, id, {
      ...first.fault,
      message: `${failed.length} of ${items.length} items failed; the first, number ${first.index + 1}: ${first.fault.message}`,
    })
  const ended = draft.state.steps[id]
  if (ended) setStep(draft, id, { ...ended, items: { total: items.length, done, failed: failed.length } })
}
