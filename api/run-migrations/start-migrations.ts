import { setTimeout as sleep } from 'node:timers/promises'
import { type MigrationDeps, workMigrations } from './work-migrations.ts'

const EVERY_MS = 1_000

/** Takes migrations further until it is stopped. Any number of processes may: a migration is one's alone while it is worked. */
export function startMigrations(deps: MigrationDeps): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await workMigrations(deps).catch(deps.onError)
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
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
