import type { RunStep } from '../api/types.ts'
import type { StepMark } from '../canvas/flow-graph.ts'
import { ONLY_PORT } from '../../../nodes/manifest.ts'
import { untilWords } from '../ui/time.tsx'

/** What each step shows on the canvas of a run. */
export function marksOf(steps: readonly RunStep[]): ReadonlyMap<string, StepMark> {
  return new Map(
    steps.map((step): [string, StepMark] => {
      const words = step.until === null ? wordsOf(step) : `until ${untilWords(step.until)}`
      return [step.id, { status: step.status, ...(words !== null && { words }) }]
    }),
  )
}

const wordsOf = (step: RunStep): string | null =>
  step.status === 'done' && step.attempts > 1 ? `after ${step.attempts} attempts` : null

/** Whether the run went along an edge. */
export function takenBy(steps: readonly RunStep[]): (from: string, port: string, to: string) => boolean {
  const byId = new Map(steps.map((step) => [step.id, step]))
  return (from, port, to) => {
    const source = byId.get(from)
    const target = byId.get(to)
    if (source?.status !== 'done' || target === undefined) return false
    return (source.port ?? ONLY_PORT) === port && target.status !== 'skipped' && target.status !== 'pending'
  }
}
