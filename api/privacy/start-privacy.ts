import { type ErasureDeps, workErasures } from './work-erasures.ts'
import { workRetention } from './work-retention.ts'

/** How soon a deletion that was asked for begins, and one that waits for its runs looks again. */
const ERASE_MS = 1_000
const SWEEP_MS = 24 * 3_600_000

export interface PrivacyDeps extends ErasureDeps {
  onError(error: unknown): void
}

/** Carries deletions of people out, and sweeps what is no longer kept: at the start, then daily. */
export function startPrivacy(deps: PrivacyDeps): { stop(): Promise<void> } {
  const erase = repeated(ERASE_MS, () => workErasures(deps), deps.onError)
  const sweep = repeated(SWEEP_MS, () => workRetention(deps), deps.onError)
  return {
    stop: async () => {
      await Promise.all([erase.stop(), sweep.stop()])
    },
  }
}

/** One after the other, never two at once. */
function repeated(everyMs: number, work: () => Promise<unknown>, onError: (error: unknown) => void) {
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  let working: Promise<void> = Promise.resolve()
  const turn = (): void => {
    working = work()
      .then(() => undefined, onError)
      .then(() => {
        if (!stopped) timer = setTimeout(turn, everyMs)
      })
  }
  turn()
  return {
    stop: (): Promise<void> => {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      return working
    },
  }
}
