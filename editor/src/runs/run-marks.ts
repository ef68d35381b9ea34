import type { RunStep } from '../api/types.ts'
import type { StepMark } from '../canvas/flow-graph.ts'
import { ITEM_PORT } from '../../../engine/model/plan.ts'
import { ONLY_PORT } from '../../../nodes/manifest.ts'
import { untilWords } from '../ui/time.tsx'

/** What each step shows on the canvas of a run. */
export function marksOf(steps: readonly RunStep[]): ReadonlyMap<string, StepMark> {
  return new Map(
    steps.map((step): [string, StepMark] => {
      const words = step.until === null || step.items !== null ? wordsOf(step) : `until ${untilWords(step.until)}`
      return [step.id, { status: step.status, ...(words !== null && { words }) }]
    }),
  )
}

function wordsOf(step: RunStep): string | null {
  if (step.items !== null) return itemWords(step.items)
  if (isHandled(step)) return 'and dealt with'
  return step.status === 'done' && step.attempts > 1 ? `after ${step.attempts} attempts` : null
}

/** `17 of 40 items, 2 failed` */
export const itemWords = ({ total, done, failed }: NonNullable<RunStep['items']>): string =>
  `${done} of ${total} ${total === 1 ? 'item' : 'items'}${failed > 0 ? `, ${failed} failed` : ''}`

/** Whether the run went on behind its failure, as its author said. */
export const isHandled = ({ status, port }: RunStep): boolean => status === 'failed' && port !== null

/** Whether the run went along an edge. */
export function takenBy(steps: readonly RunStep[]): (from: string, port: string, to: string) => boolean {
  const byId = new Map(steps.map((step) => [step.id, step]))
  return (from, port, to) => {
    const source = byId.get(from)
    const target = byId.get(to)
    if (source === undefined || target === undefined) return false
    // Of steps for the items of a list: for some item.
    if (target.items !== null && (port === ITEM_PORT || source.items !== null)) return target.items.total > 0
    const left = source.port ?? (source.status === 'done' ? ONLY_PORT : null)
    return left === port && target.status !== 'skipped' && target.status !== 'pending'
  }
}
