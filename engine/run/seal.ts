import type { Advanced, RunState } from '../model/run.ts'
import { type Draft, failedForGood } from './draft.ts'
import { RUN, watchOf } from './end-run.ts'

/** Closes the draft: works out the run's status and, when nothing is left to do, says finish. */
export function seal(draft: Draft): Advanced {
  const { state } = draft
  keepWatch(draft)
  if (state.moved && hasLeft(state, state.moved.at)) delete state.moved
  const commands = [...draft.cancels, ...draft.acts.values()]
  if (state.open.length > 0) {
    state.status = openStatus(state)
    state.reason = state.ending?.reason ?? state.paused?.reason ?? null
    return { state, commands, ...told(draft) }
  }
  const { status, reason } = state.ending ?? ended(draft)
  state.status = status
  state.reason = reason
  return { state, commands: [...commands, { kind: 'finish', status, reason }], ...told(draft) }
}

const told = ({ notes, over }: Draft): Pick<Advanced, 'notes' | 'over'> =>
  Object.keys(over).length === 0 ? { notes } : { notes, over }

/** Whether it waits elsewhere than at these (`step:visit`), or begins to act. */
const hasLeft = ({ open, steps }: RunState, at: string[]): boolean =>
  open.length !== at.length ||
  open.some((id) => steps[id]?.status === 'acting' || !at.includes(`${id}:${steps[id]?.visit ?? 0}`))

function openStatus(state: RunState): RunState['status'] {
  if (state.paused) return 'held'
  const statuses = state.open.map((id) => state.steps[id]?.status)
  if (statuses.includes('held')) return 'held'
  if (statuses.includes('review')) return 'review'
  return statuses.includes('acting') ? 'running' : 'waiting'
}

function ended({ index, state }: Draft): NonNullable<RunState['ending']> {
  const failed = index.plan.steps.find((step) => {
    const known = state.steps[step.id]
    return known !== undefined && failedForGood(known)
  })
  if (!failed) return { status: 'completed', reason: null }
  return { status: 'failed', reason: `${failed.label}: ${state.steps[failed.id]?.fault?.message ?? 'failed'}` }
}

/** One sleep until time alone may bring the goal or an exit about. */
function keepWatch(draft: Draft): void {
  const { state } = draft
  const before = state.watch
  const until = state.open.length === 0 || state.ending ? null : watchOf(draft)
  if (until === (before ?? null)) return
  if (before !== undefined) draft.cancels.push({ kind: 'cancelSleep', step: RUN, visit: 0 })
  if (until === null) delete state.watch
  else {
    state.watch = until
    draft.acts.set(RUN, { kind: 'sleep', step: RUN, visit: 0, until })
  }
}
