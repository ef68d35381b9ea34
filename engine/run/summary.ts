import type { RunState } from '../model/run.ts'
import type { RunSummary } from '../ports.ts'
import { failedForGood, PAUSED } from './draft.ts'

const OPEN = new Set(['acting', 'waiting', 'retrying', 'paced', 'held', 'review'])

/** What lists show of a run without replaying it. `heldBy` are slugs of connections. */
export function summaryOf(state: RunState, connectionOf: (step: string) => string | null): RunSummary {
  const open = Object.entries(state.steps).filter(([, step]) => OPEN.has(step.status))
  const dues = open.flatMap(([, step]) => (step.until === undefined ? [] : [step.until]))
  const held = open.flatMap(([id, step]) =>
    step.status === 'held' && step.heldBy !== PAUSED ? [connectionOf(id)] : [],
  )
  return {
    status: state.status,
    reason: state.reason,
    waitingUntil: dues.length > 0 ? Math.min(...dues) : null,
    at: open.map(([id]) => id),
    ...(state.output === undefined ? {} : { output: state.output }),
    ...(state.status === 'failed' ? { failures: failuresOf(state) } : {}),
    heldBy: [...new Set(held.filter((slug) => slug !== null))],
  }
}

const failuresOf = ({ steps }: RunState): NonNullable<RunSummary['failures']> =>
  Object.entries(steps).flatMap(([id, step]) =>
    failedForGood(step) && step.fault !== undefined ? [{ step: id, code: step.fault.code }] : [],
  )
