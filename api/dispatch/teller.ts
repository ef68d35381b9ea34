import type { DispatcherDeps } from './dispatcher.ts'
import type { TouchedRun } from './tell-waiting.ts'

type TellerDeps = Pick<DispatcherDeps, 'touchRuns' | 'onError'>

/**
 * Tells runs that wait, beside the work; one that is told again before it was told is told once. Those whose event came do
 * not wait for those of whom it is asked first whether they need a look.
 */
export function createTeller(deps: TellerDeps) {
  const sure = tellInTurn(deps)
  const unsure = tellInTurn(deps)
  return {
    add: (runs: TouchedRun[]): void => {
      sure.add(runs.filter(({ concern }) => concern === 'event'))
      unsure.add(runs.filter(({ concern }) => concern === 'rule'))
    },
    done: async (): Promise<void> => {
      await sure.done()
      await unsure.done()
    },
  }
}

function tellInTurn({ touchRuns, onError }: TellerDeps) {
  const waiting = new Map<string, TouchedRun>()
  let telling: Promise<void> | null = null
  const tell = async (): Promise<void> => {
    while (waiting.size > 0) {
      const runs = [...waiting.values()]
      waiting.clear()
      await touchRuns(runs).catch(onError)
    }
    telling = null
  }
  return {
    add: (runs: TouchedRun[]): void => {
      for (const run of runs) waiting.set(run.runId, run)
      if (waiting.size > 0) telling ??= tell()
    },
    done: async (): Promise<void> => {
      await telling
    },
  }
}
