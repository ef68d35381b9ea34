import { ONLY_PORT } from '../../../nodes/manifest.ts'
import type { DryRun } from '../api/types.ts'
import type { TrialShown } from './use-marks.ts'

/** The path of a dry run, for the canvas. */
export function shownOf(result: DryRun): TrialShown {
  const byId = new Map(result.steps.map((step) => [step.id, step]))
  return {
    marks: new Map(result.steps.map((step) => [step.id, { status: step.status }])),
    labels: null,
    taken: (from, port, to) => {
      const source = byId.get(from)
      const target = byId.get(to)
      if (source === undefined || target === undefined) return false
      const left = source.port ?? (source.status === 'done' ? ONLY_PORT : null)
      return left === port && target.status !== 'skipped' && target.status !== 'pending'
    },
  }
}
