import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../db/database.ts'
import { dropStaleImports } from '../db/import-store.ts'
import { type ImportDeps, workImports } from './work-imports.ts'

const IDLE_MS = 1_000
const WAITING_MS = 100
const SWEEP_MS = 3_600_000
const DAY_MS = 86_400_000
/** A draft that nobody started. */
const UNFINISHED_DAYS = 2
/** Refused rows of an import that ended. */
const REFUSED_DAYS = 30

export interface ImportRunnerDeps extends ImportDeps {
  db: Db
  onError(error: unknown): void
}

/** Takes the rows of started imports until it is stopped. Any number of processes may run one: a page is one's alone. */
export function startImportRunner(deps: ImportRunnerDeps): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const rest = (ms: number): Promise<unknown> =>
    sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
  const loop = async (): Promise<void> => {
    let swept = Number.NEGATIVE_INFINITY
    while (!stopping.signal.aborted)
      try {
        if (deps.clock() - swept >= SWEEP_MS) {
          swept = deps.clock()
          const ago = (days: number): Date => new Date(swept - days * DAY_MS)
          await dropStaleImports(deps.db, { unfinished: ago(UNFINISHED_DAYS), ended: ago(REFUSED_DAYS) })
        }
        const work = await workImports(deps)
        if (work !== 'worked') await rest(work === 'waiting' ? WAITING_MS : IDLE_MS)
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
