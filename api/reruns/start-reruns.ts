import { setTimeout as sleep } from 'node:timers/promises'
import { createRerunWork, type RerunDeps } from './work-reruns.ts'

const QUICK_MS = 200
const IDLE_MS = 1_000
/** After a change more of them come: so many looks are quick that find none. */
const QUICK_LOOKS = 25

/** Takes reruns further until it is stopped. Any number of processes may run one: a rerun is one's alone while it is worked. */
export function startReruns(deps: RerunDeps): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const work = createRerunWork(deps)
  const loop = async (): Promise<void> => {
    for (let still = QUICK_LOOKS; !stopping.signal.aborted; ) {
      const changed = await work().catch((error: unknown) => {
        deps.onError(error)
        return 0
      })
      still = changed > 0 ? 0 : still + 1
      const rest = still < QUICK_LOOKS ? QUICK_MS : IDLE_MS
      await sleep(rest, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = loop()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
