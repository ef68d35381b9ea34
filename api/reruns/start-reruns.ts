import { setTimeout as sleep } from 'node:timers/promises'
import { type RerunDeps, workReruns } from './work-reruns.ts'

const IDLE_MS = 1_000
const BUSY_MS = 200

/** Takes reruns further until it is stopped. Any number of processes may run one: a rerun is one's alone while it is worked. */
export function startReruns(deps: RerunDeps & { onError(error: unknown): void }): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const rest = (ms: number): Promise<unknown> =>
    sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted)
      try {
        await rest((await workReruns(deps)) > 0 ? BUSY_MS : IDLE_MS)
      } catch (error) {
        deps.onError(error)
        await rest(IDLE_MS)
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
