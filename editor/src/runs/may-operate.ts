import type { RunDetail, RunStep } from '../api/types.ts'
import { isHandled } from './run-marks.ts'

const WAITS: ReadonlySet<RunStep['status']> = new Set(['waiting', 'retrying', 'paced', 'held', 'review'])

/** What a person can ask of a step now. The server asks the run itself, and says why where it does not apply. */
export function mayOperate(step: RunStep, { run, isAction }: { run: RunDetail['run']; isAction: boolean }) {
  const open = run.endedAt === null
  const failed = step.status === 'failed' && !isHandled(step) && (open || run.status === 'failed')
  const here = failed || (open && WAITS.has(step.status))
  return {
    skip: step.ports.length > 0 && (here || (open && step.status === 'pending')),
    override: isAction && (here || (open && step.status === 'done')),
  }
}
