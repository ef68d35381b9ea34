import { problem, type ProblemError } from '../problem.ts'
import type { Backlog } from './event-writer.ts'

/** How much may wait for the database before callers are told to come back. */
export interface Bounds {
  /** Messages that are not committed yet. */
  rows: number
  /** Of their text; and, counted by itself, of request bodies that are being read or answered. */
  bytes: number
  /** Milliseconds the oldest may have waited. */
  ageMs: number
}

/** A message in memory is some six times its text: this keeps what waits below 200 MB. */
export const BOUNDS: Bounds = { rows: 20_000, bytes: 32 * 1024 * 1024, ageMs: 5_000 }

/** A request costs this much even when it says nothing. */
const LEAST_BYTES = 4 * 1024
/** Nothing committed for this long while something waits: the database is stuck, and not only slow. */
const STUCK_MS = 1_000
const SLOW_RETRY_S = 1
const STUCK_RETRY_S = 5

export interface Gate {
  /**
   * Lets a request in before its body is read.
   * @param bytes of the body, as large as it may become
   * @returns to be called once it is answered; more calls do nothing
   * @throws ProblemError 429 while the database is slow, 503 while it takes nothing, both INGEST_BUSY with Retry-After
   */
  enter(bytes: number): () => void
  /** @throws ProblemError as `enter`, for work that has no body to count */
  check(): void
  load(): GateLoad
}

export interface GateLoad extends Backlog {
  /** Of request bodies that are being read or answered. */
  bodyBytes: number
  /** Calls that were turned away since the start. */
  refused: { slow: number; stuck: number }
}

/** Turns callers away before memory grows: what is let in is bounded, and what was let in is never dropped. */
export function createGate(backlog: () => Backlog, bounds: Bounds = BOUNDS): Gate {
  let bodyBytes = 0
  const refused = { slow: 0, stuck: 0 }

  const check = (): void => {
    const { rows, bytes, ageMs } = backlog()
    if (rows < bounds.rows && bytes < bounds.bytes && bodyBytes < bounds.bytes && ageMs < bounds.ageMs) return
    const stuck = ageMs >= STUCK_MS
    refused[stuck ? 'stuck' : 'slow'] += 1
    throw stuck ? databaseStuck() : databaseSlow()
  }

  return {
    check,
    enter: (bytes) => {
      check()
      let held = Math.max(LEAST_BYTES, bytes)
      bodyBytes += held
      return () => {
        bodyBytes -= held
        held = 0
      }
    },
    load: () => ({ ...backlog(), bodyBytes, refused: { ...refused } }),
  }
}

const databaseSlow = (): ProblemError =>
  problem(429, 'INGEST_BUSY', {
    detail: 'More comes in than the database takes just now. Nothing of this call was kept; send it again later.',
    retryAfter: SLOW_RETRY_S,
  })

/** Also for a database that does not answer at all. */
export const databaseStuck = (cause?: unknown): ProblemError =>
  problem(503, 'INGEST_BUSY', {
    detail: 'The database takes nothing just now, so this call was not acknowledged. Send it again later.',
    retryAfter: STUCK_RETRY_S,
    cause,
  })
