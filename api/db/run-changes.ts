import type pg from 'pg'
import type { RunRef } from '../../engine/ports.ts'

export const RUN_CHANGES_CHANNEL = 'signalbox_runs'
/** Changes of this long travel as one message. NOTIFY in each transaction would make all commits queue for one lock. */
const GATHER_MS = 50
/** Run ids in one message: a payload holds 8,000 bytes. */
const IDS_EACH = 150

export interface RunChanges {
  changed(run: RunRef): void
  close(): Promise<void>
}

/**
 * Tells whoever listens that runs moved, soon and not reliably: a listener also looks by itself now and then.
 * @param onError told when a message could not be sent
 */
export function createRunChanges(pool: pg.Pool, onError: (error: unknown) => void): RunChanges {
  const ids = new Set<string>()
  let timer: NodeJS.Timeout | null = null
  let sending = Promise.resolve()
  const flush = async (): Promise<void> => {
    const all = [...ids]
    ids.clear()
    for (let i = 0; i < all.length; i += IDS_EACH)
      await pool.query('SELECT pg_notify($1, $2)', [RUN_CHANGES_CHANNEL, all.slice(i, i + IDS_EACH).join(' ')])
  }
  return {
    changed({ runId }) {
      ids.add(runId)
      timer ??= setTimeout(() => {
        timer = null
        sending = flush().catch(onError)
      }, GATHER_MS)
    },
    async close() {
      if (timer !== null) clearTimeout(timer)
      await sending
      await flush().catch(onError)
    },
  }
}
