import type { RunCommand, RunState } from '../model/run.ts'
import { assertNever } from '../model/assert-never.ts'
import { RUN } from './end-run.ts'

/**
 * The commands that a state still waits for: what a shell must carry out to go on from a state that came from the
 * record or from another workflow. Held steps and steps in review wait for a message, not for the shell.
 */
export function outstanding(state: RunState): RunCommand[] {
  const commands = state.open.flatMap((step): RunCommand[] => {
    const { status, visit, attempts, until } = state.steps[step] ?? { status: 'pending', visit: 0, attempts: 0 }
    switch (status) {
      case 'acting':
        return [{ kind: 'act', step, visit, attempt: Math.max(1, attempts) }]
      case 'waiting':
      case 'retrying':
      case 'paced':
        // One without a time waits for something else than a moment.
        return until === undefined ? [] : [{ kind: 'sleep', step, visit, until }]
      case 'pending':
      case 'held':
      case 'review':
      case 'done':
      case 'skipped':
      case 'failed':
      case 'cancelled':
        return []
      default:
        return assertNever(status)
    }
  })
  if (state.open.length > 0 && state.watch !== undefined)
    commands.push({ kind: 'sleep', step: RUN, visit: 0, until: state.watch })
  if (commands.length > 0) return commands
  switch (state.status) {
    case 'completed':
    case 'exited':
    case 'failed':
    case 'cancelled':
      return [{ kind: 'finish', status: state.status, reason: state.reason }]
    default:
      return []
  }
}
