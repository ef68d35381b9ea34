import type pg from 'pg'
import {
  claimLanes,
  fetchPending,
  LANE_LOCKS,
  type PendingEvent,
  POSITIONS_PER_BATCH,
  refuseEvent,
} from '../db/event-store.ts'
import { isOutage } from '../db/outage.ts'
import { inTransaction, type Queryable, sqlState } from '../db/sql.ts'
import type { EnteredRun } from '../enroll/enroll.ts'
import { type Processed, processEvents, type Taken } from './process-events.ts'
import { StaleBatch } from './stale-batch.ts'
import type { TouchedRun } from './tell-waiting.ts'
import { type CatalogCache, shareCatalog } from './workspace-catalog.ts'

export interface WorkDeps {
  pool: pg.Pool
  catalogs: CatalogCache
  clock: () => number
  /** Told why a batch was not done in one, before its events are tried one by one. */
  onError?: (error: unknown) => void
}

export interface Worked {
  /** Events taken off the queue. */
  events: number
  runs: EnteredRun[]
  /** Runs that wait for what may have happened. */
  touched: TouchedRun[]
  /** How often a rule, score or formula was worked out. */
  asked: number
  /** Whether it took as much as a batch may: more is likely left. */
  full: boolean
  /** Whether another batch was in the way: both want the same contacts or accounts. */
  crowded: boolean
}

export const NOTHING: Worked = { events: 0, runs: [], touched: [], asked: 0, full: false, crowded: false }

/** A third of the lanes: a second dispatcher finds work, and one alone has all of it in three batches. */
const LANES_PER_BATCH = 22
/** With what is rounded up for each lane still within the positions of a batch. */
const BATCH_EVENTS = 960
/** Times a batch is done again because of another transaction, before that counts as a failure. */
const TRIES = 8

/**
 * Works one batch: takes lanes, reads their oldest events, processes them in one transaction. When that fails, each of
 * the events is tried alone, and one that fails alone is set aside with its reason, so that no lane is ever blocked.
 */
export async function workEvents(deps: WorkDeps): Promise<Worked> {
  let taken: PendingEvent[] = []
  let tries = 0
  try {
    return await again(() =>
      inTransaction(deps.pool, async (q) => {
        tries += 1
        taken = []
        const lanes = await claimLanes(q, LANES_PER_BATCH)
        if (lanes.length === 0) return NOTHING
        await shareCatalog(q)
        const { events, firstPosition } = await fetchPending(q, lanes, BATCH_EVENTS)
        taken = events
        const { runs, touched, asked, taken: done } = await processAll(q, deps, { events, firstPosition })
        const cut = done < events.length
        return {
          events: done,
          runs,
          touched,
          asked,
          full: cut || lanes.length === LANES_PER_BATCH,
          crowded: cut || tries > 1,
        }
      }),
    )
  } catch (error) {
    if (taken.length === 0 || isOutage(error)) throw error
    deps.onError?.(error)
    return isolate(deps, taken)
  }
}

async function processAll(
  q: Queryable,
  deps: WorkDeps,
  batch: { events: PendingEvent[]; firstPosition: number },
): Promise<Taken> {
  const byWorkspace = Map.groupBy(batch.events, (event) => event.workspaceId)
  const processed: Taken = { taken: 0, runs: [], touched: [], asked: 0 }
  let firstPosition = batch.firstPosition
  // In one order everywhere: locks of several workspaces never close a circle.
  for (const workspaceId of [...byWorkspace.keys()].sort()) {
    const events = byWorkspace.get(workspaceId) ?? []
    const catalog = await deps.catalogs.get(q, workspaceId)
    const part = await processEvents(q, { workspaceId, events, firstPosition, catalog, now: deps.clock() })
    processed.runs.push(...part.runs)
    processed.touched.push(...part.touched)
    processed.asked += part.asked
    processed.taken += part.taken
    firstPosition += events.length
  }
  if (firstPosition - batch.firstPosition > POSITIONS_PER_BATCH)
    throw new Error('A batch is larger than its positions.')
  return processed
}

async function isolate(deps: WorkDeps, events: PendingEvent[]): Promise<Worked> {
  const worked: Worked = { ...NOTHING, runs: [], touched: [] }
  for (const event of events) {
    const processed = await workAlone(deps, event)
    if (processed === null) continue
    worked.events += 1
    worked.asked += processed.asked
    worked.runs.push(...processed.runs)
    worked.touched.push(...processed.touched)
  }
  return worked
}

const LOCK_LANE = {
  name: 'lane-try',
  text: `
SELECT pg_try_advisory_xact_lock($1, lane) AS taken FROM events
WHERE workspace_id = $2 AND seq = $3 AND status = 'pending'`,
}
const STILL_PENDING = {
  name: 'event-still-pending',
  text: `
SELECT nextval('event_batches') AS batch FROM events WHERE workspace_id = $1 AND seq = $2 AND status = 'pending'`,
}

/** @returns null when another dispatcher has the lane, or has done the event */
async function workAlone(deps: WorkDeps, event: PendingEvent): Promise<Processed | null> {
  const claimed = async (q: Queryable): Promise<number | null> => {
    const [lane] = await q.rows<{ taken: boolean }>(LOCK_LANE, [LANE_LOCKS, event.workspaceId, event.seq])
    if (!lane?.taken) return null
    const [row] = await q.rows<{ batch: string }>(STILL_PENDING, [event.workspaceId, event.seq])
    return row ? Number(row.batch) * POSITIONS_PER_BATCH : null
  }
  try {
    return await again(() =>
      inTransaction(deps.pool, async (q) => {
        const firstPosition = await claimed(q)
        if (firstPosition === null) return null
        await shareCatalog(q)
        return processAll(q, deps, { events: [event], firstPosition })
      }),
    )
  } catch (error) {
    if (isOutage(error)) throw error
    const reason = `It could not be processed (${error instanceof Error ? error.message : String(error)}). Tell the operator; the events after it went on.`
    return inTransaction(deps.pool, async (q) => {
      if ((await claimed(q)) === null) return null
      await refuseEvent(q, event, { code: 'PROCESSING_FAILED', reason, now: deps.clock() })
      return { runs: [], touched: [], asked: 0 }
    })
  }
}

/** Does work again that lost against another transaction: stale reads, unique values taken, deadlocks. */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const lost = error instanceof StaleBatch || ['23505', '40001', '40P01'].includes(sqlState(error) ?? '')
      if (!lost || attempt === TRIES) throw error
    }
  }
}
