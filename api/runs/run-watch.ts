import pg from 'pg'
import { RUN_CHANGES_CHANNEL } from '../db/run-changes.ts'

/** Tells watchers of a run that its record moved; over LISTEN, so that it works with any number of processes. */
export interface RunWatch {
  /** Yields once at once, then whenever the run moved; ends with the signal. Moves close together count as one. */
  changes(runId: string, signal: AbortSignal): AsyncGenerator<void>
  close(): Promise<void>
}

const RECONNECT_MS = 1_000
/** Should a notification be lost with its connection, a watcher looks again after this. */
const LOOK_AGAIN_MS = 10_000

/**
 * @param url of the database
 * @param onError told of a lost connection; it is opened again by itself
 */
export function watchRuns(url: string, onError: (error: Error) => void): RunWatch {
  const watchers = new Map<string, Set<() => void>>()
  let client: pg.Client | null = null
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const tell = (runId: string) => watchers.get(runId)?.forEach((wake) => wake())
  const lost = (error: Error) => {
    if (closed) return
    onError(error)
    client = null
    timer = setTimeout(connect, RECONNECT_MS)
    timer.unref()
  }
  const connect = () => {
    const next = new pg.Client({ connectionString: url, application_name: 'signalbox run watch' })
    client = next
    let failed = false
    const fail = (error: Error) => {
      if (failed) return
      failed = true
      lost(error)
    }
    next.on('error', fail)
    next.on('end', () => fail(new Error('The connection that watches runs was closed.')))
    // One message names many runs.
    next.on('notification', ({ payload }) => payload?.split(' ').forEach(tell))
    next
      .connect()
      .then(() => next.query(`LISTEN ${RUN_CHANGES_CHANNEL}`))
      // What moved while nobody listened.
      .then(() => [...watchers.keys()].forEach(tell))
      .catch(fail)
  }
  connect()

  return {
    async *changes(runId, signal) {
      const inbox = mailbox()
      const of = watchers.get(runId) ?? new Set()
      watchers.set(runId, of.add(inbox.put))
      signal.addEventListener('abort', inbox.put, { once: true })
      const again = setInterval(inbox.put, LOOK_AGAIN_MS)
      try {
        while (!signal.aborted) {
          yield
          await inbox.next()
        }
      } finally {
        clearInterval(again)
        signal.removeEventListener('abort', inbox.put)
        of.delete(inbox.put)
        if (of.size === 0) watchers.delete(runId)
      }
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await client?.end()
    },
  }
}

/** Holds at most one item: whoever comes for it sees that there was something. */
function mailbox() {
  let full = false
  let waiting: (() => void) | null = null
  return {
    put: () => {
      full = true
      waiting?.()
    },
    next: async () => {
      if (!full) await new Promise<void>((resolve) => (waiting = resolve))
      waiting = null
      full = false
    },
  }
}
