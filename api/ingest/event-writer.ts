import { insertEvents, type NewEvent } from '../db/event-store.ts'
import { type Queryable, sqlState } from '../db/sql.ts'

/** Rows of one insert. More would only make those who wait behind it wait longer. */
const GROUP_ROWS = 1000
/** Inserts at once: while one waits for the disk, the next is built. */
const IN_FLIGHT = 2

/** What is accepted and not committed yet, the rows of inserts under way included. */
export interface Backlog {
  rows: number
  /** Of the messages' text. */
  bytes: number
  /** How long the oldest has waited, in milliseconds; 0 when nothing waits. */
  ageMs: number
}

export interface EventWriter {
  /** Resolves when the rows are committed. A row the database cannot take comes back as refused, the others stay. */
  write(rows: NewEvent[]): Promise<void>
  /** Resolves when everything accepted so far is committed. */
  drain(): Promise<void>
  backlog(): Backlog
}

interface Waiting {
  rows: NewEvent[]
  bytes: number
  since: number
  done: () => void
  failed: (error: unknown) => void
}

/**
 * Group commit: whatever arrived while the last insert ran goes into the next one, so that a thousand single calls a
 * second cost some hundred transactions. One call's rows stay together in one transaction.
 * @param clock milliseconds since 1970
 */
export function createEventWriter(q: Queryable, clock: () => number): EventWriter {
  let waiting: Waiting[] = []
  let running = 0
  let idle: Array<() => void> = []
  // In order of arrival: a set keeps it.
  const uncommitted = new Set<Waiting>()
  let rows = 0
  let bytes = 0

  const pump = (): void => {
    while (running < IN_FLIGHT && waiting.length > 0) {
      running += 1
      const group = takeGroup()
      void flush(q, group).finally(() => {
        for (const call of group) {
          uncommitted.delete(call)
          rows -= call.rows.length
          bytes -= call.bytes
        }
        running -= 1
        pump()
        if (running > 0 || waiting.length > 0) return
        for (const wake of idle) wake()
        idle = []
      })
    }
  }

  const takeGroup = (): Waiting[] => {
    let grouped = 0
    let count = 0
    for (const call of waiting) {
      if (count > 0 && grouped + call.rows.length > GROUP_ROWS) break
      grouped += call.rows.length
      count += 1
    }
    const group = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return group
  }

  return {
    write: (written) =>
      new Promise<void>((done, failed) => {
        const call = { rows: written, bytes: textOf(written), since: clock(), done, failed }
        waiting.push(call)
        uncommitted.add(call)
        rows += written.length
        bytes += call.bytes
        // Calls of the same turn of the event loop share the first insert too.
        if (waiting.length === 1) setImmediate(pump)
      }),
    drain: () =>
      running === 0 && waiting.length === 0
        ? Promise.resolve()
        : new Promise<void>((wake) => {
            idle.push(wake)
          }),
    backlog: () => {
      const [oldest] = uncommitted
      return { rows, bytes, ageMs: oldest === undefined ? 0 : Math.max(0, clock() - oldest.since) }
    },
  }
}

function textOf(rows: NewEvent[]): number {
  let bytes = 0
  for (const row of rows) bytes += row.body.length
  return bytes
}

async function flush(q: Queryable, group: Waiting[]): Promise<void> {
  try {
    await storeOnce(
      q,
      group.flatMap((call) => call.rows),
    )
    for (const call of group) call.done()
  } catch (error) {
    for (const call of group) call.failed(error)
  }
}

/** Of several rows with one message id the first counts, as it would in several calls. */
export const storeOnce = (q: Queryable, rows: NewEvent[]): Promise<void> => store(q, firstOfEach(rows))

/**
 * Inserts, and halves a group that holds something the database cannot take until the culprit is alone; it is then
 * kept as refused. The checks before should leave nothing of the kind, so the cost of halving is never paid in earnest.
 */
async function store(q: Queryable, rows: NewEvent[]): Promise<void> {
  try {
    await insertEvents(q, rows)
  } catch (error) {
    const [only] = rows
    if (!isDataError(error) || only === undefined) throw error
    if (rows.length > 1) {
      const middle = rows.length >> 1
      await store(q, rows.slice(0, middle))
      await store(q, rows.slice(middle))
      return
    }
    if (only.refusal !== null) throw error
    only.refusal = {
      code: 'MESSAGE_INVALID',
      reason: `The database cannot store this message (${error instanceof Error ? error.message : 'no detail'}). Remove what it names and send it again.`,
    }
    only.body = '{}'
    await store(q, [only])
  }
}

/** Classes 22 (data) and 54 (program limits: nested too deep, value too large): the row's own fault. */
const isDataError = (error: unknown): boolean => /^(22|54)/.test(sqlState(error) ?? '')

function firstOfEach(rows: NewEvent[]): NewEvent[] {
  const seen = new Set<string>()
  return rows.filter((row) => {
    const key = `${row.workspaceId} ${row.messageId}${row.refusal === null ? '' : ` ${row.body}`}`
    return !seen.has(key) && seen.add(key)
  })
}
