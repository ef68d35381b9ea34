import type { Fault } from '../../nodes/fault.ts'
import type { Plan } from '../model/plan.ts'
import type { RunInput, RunState, StepStatus } from '../model/run.ts'
import { failedForGood } from './draft.ts'
import { replay, type RunPlans } from './view.ts'

/** What became of a run that was told to do its failed steps again. */
export type RerunResult =
  | { kind: 'open' }
  /** Its failed steps are behind it, and it rests or has ended. */
  | { kind: 'passed' }
  | { kind: 'failed'; step: string; fault: Fault | null }
  /** It had gone on otherwise before the command reached it. */
  | { kind: 'moved' }

const UNDER_WAY: ReadonlySet<StepStatus> = new Set(['acting', 'retrying', 'paced'])

/**
 * Reads from a run's record what came of a retry.
 * @param command the id under which it was told
 */
export function rerunResult(plans: Plan | RunPlans, inputs: readonly RunInput[], command: string): RerunResult {
  const told = inputs.findIndex((input) => input.kind === 'operator' && input.id === command)
  if (told === -1) return { kind: 'open' }
  const { state: before, plan, hash } = replay(plans, inputs.slice(0, told))
  const going = 'first' in plans ? { ...plans, first: { plan, hash } } : plans
  const { state } = replay(going, inputs.slice(told), before)
  if (state === null || !state.handled.includes(command)) return { kind: 'moved' }
  const failed = failedSteps(state).find((id) => wasTold(inputs[told], before, id))
  if (failed !== undefined) return { kind: 'failed', step: failed, fault: state.steps[failed]?.fault ?? null }
  const open = state.open.map((id) => state.steps[id]?.status)
  const behind = before === null || failedSteps(before).every((id) => isBehind(state, id))
  return behind && !open.some((status) => status !== undefined && UNDER_WAY.has(status))
    ? { kind: 'passed' }
    : { kind: 'open' }
}

const failedSteps = (state: RunState): string[] =>
  Object.entries(state.steps).flatMap(([id, step]) => (failedForGood(step) ? [id] : []))

/** Another failed step that was left as it was is not what came of it. */
function wasTold(input: RunInput | undefined, before: RunState | null, id: string): boolean {
  const only = input?.kind === 'operator' && input.command.kind === 'retry' ? input.command.step : null
  return only === null || id === only || before?.steps[id]?.status !== 'failed'
}

/** Decided, or waiting for what follows its decision: no attempt of it is to come by itself. */
function isBehind(state: RunState, id: string): boolean {
  const status = state.steps[id]?.status
  return status === 'done' || status === 'skipped' || status === 'cancelled' || status === 'failed'
}

/** The first alone, then ten, then the rest in bounded batches. */
const CANARY = [1, 10]
/** Runs of the last stage that are under way at once. */
const AT_ONCE = 25

export interface RerunCounts {
  /** Under way. */
  begun: number
  /** Behind their failed steps, or failed again. */
  through: number
}

/** Which stage a rerun is in: 0 and 1 are the canary, 2 the rest. */
export function stageOf({ through }: Pick<RerunCounts, 'through'>): 0 | 1 | 2 {
  const [one = 0, ten = 0] = CANARY
  if (through < one) return 0
  return through < one + ten ? 1 : 2
}

/** How many more runs may be begun now: a stage begins when all of the one before it are through. */
export function mayBegin(counts: RerunCounts): number {
  const [one = 0, ten = 0] = CANARY
  const stage = stageOf(counts)
  if (stage === 0) return one - counts.begun - counts.through
  if (stage === 1) return one + ten - counts.begun - counts.through
  return Math.max(0, AT_ONCE - counts.begun)
}
