import type { RunCommand, RunState } from '../model/run.ts'
import { assertNever } from '../model/assert-never.ts'

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
        return [{ kind: 'sleep', step, visit, until: until ?? 0 }]
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
