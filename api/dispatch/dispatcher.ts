import type pg from 'pg'
import type { RunRef } from '../../engine/ports.ts'
import type { EnteredRun } from '../enroll/enroll.ts'
import { nextDue } from '../db/audience-store.ts'
import { noteStarted } from '../db/enrollment-store.ts'
import { EVENTS_CHANNEL } from '../db/event-store.ts'
import { onPool } from '../db/sql.ts'
import { analyzeOutgrown, tidyPending } from '../db/table-statistics.ts'
import type { TouchedRun } from './tell-waiting.ts'
import { createStartQueue } from './start-queue.ts'
import { createTeller } from './teller.ts'
import { workBackfill } from './work-backfill.ts'
import { workDue } from './work-due.ts'
import { NOTHING, type WorkDeps, workEvents } from './work-events.ts'
import { createCatalogCache } from './workspace-catalog.ts'

export interface DispatcherDeps {
  pool: pg.Pool
  /** Milliseconds since 1970. */
  clock: () => number
  /** Called after the commit. A run that could not be started is found by the sweep over unstarted runs. */
  startRuns(runs: EnteredRun[]): Promise<void>
  /** Called after the commit with runs that may wait for what happened; those that were not told are found by a sweep. */
  touchRuns(runs: TouchedRun[]): Promise<void>
  onError(error: unknown): void
}

export interface Dispatcher {
  /** Whether this dispatcher has the run in hand: committed, and waiting for its turn to be started. */
  isStarting(run: RunRef): boolean
  /** Resolves when the batch under way is committed. Runs that still wait for their turn are left to the sweep. */
  stop(): Promise<void>
}

/** Looks this often even when nobody calls: a notification can be lost with its connection. */
const POLL_MS = 1000
const RETRY_MS = 500
const STATISTICS_MS = 1000
/** So long one batch at a time, after two were in each other's way. */
const ALONE_MS = 1000

/**
 * Works off events, rules whose answer has run out, and backfills, for all workspaces, until it is stopped. Any number
 * of processes may run one: lanes are shared out by locks of the database.
 */
export function startDispatcher(deps: DispatcherDeps): Dispatcher {
  const alarm = createAlarm()
  const listener = listen(deps, alarm.ring)
  const work: WorkDeps = { ...deps, catalogs: createCatalogCache() }
  const starts = createStartQueue({
    ...deps,
    noteStarted: (runs) => noteStarted(onPool(deps.pool), runs),
  })
  const teller = createTeller(deps)
  const keepStatistics = statisticsKeeper(deps)
  let stopped = false
  let aloneUntil = Number.NEGATIVE_INFINITY
  const workLanes = async () => {
    const worked = await workEvents(work)
    starts.add(worked.runs)
    teller.add(worked.touched)
    if (worked.crowded) aloneUntil = performance.now() + ALONE_MS
    return worked
  }
  const mayShare = (): boolean => !stopped && performance.now() >= aloneUntil
  const more = createMoreLoops(async () => {
    while (mayShare() && (await workLanes()).full);
  }, deps.onError)
  const loop = async (): Promise<void> => {
    const timer = dueTimer(work)
    while (!stopped) {
      try {
        const worked = await workLanes()
        if (worked.full && mayShare()) more.call()
        if (worked.events > 0) keepStatistics.look(worked.events)
        const due = await timer.work()
        starts.add(due.runs)
        teller.add(due.touched)
        if (worked.events > 0 || due.events > 0) continue
        if ((await workBackfill(work)) > 0) continue
        await alarm.wait(Math.min(POLL_MS, timer.msLeft()))
      } catch (error) {
        deps.onError(error)
        await alarm.wait(RETRY_MS)
      }
    }
  }
  const running = loop()
  return {
    isStarting: starts.holds,
    stop: async () => {
      stopped = true
      alarm.ring()
      await running
      await more.done()
      await listener.stop()
      await starts.stop()
      await teller.done()
      await keepStatistics.done()
    },
  }
}

/** A sleep that can be ended early; a ring while nobody sleeps ends the next sleep. */
function createAlarm() {
  let rung = false
  let wake: (() => void) | null = null
  return {
    ring: (): void => {
      rung = true
      wake?.()
    },
    wait: async (ms: number): Promise<void> => {
      if (!rung && ms > 0)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      wake = null
      rung = false
    },
  }
}

/** Batches beside the first. */
const MORE_BATCHES = 2

/**
 * More batches beside the first while there is more than one takes: the database works while this process thinks, and
 * while a batch waits for its commit to reach the disk another one is under way.
 */
function createMoreLoops(work: () => Promise<void>, onError: (error: unknown) => void) {
  const working = new Set<Promise<void>>()
  return {
    call: (): void => {
      while (working.size < MORE_BATCHES) {
        const one: Promise<void> = work()
          .catch(onError)
          .finally(() => working.delete(one))
        working.add(one)
      }
    },
    done: async (): Promise<void> => {
      await Promise.all(working)
    },
  }
}

/** Worked events after which their table is cleared of them. */
const TIDY_AFTER = 10_000

/** Looks after the tables that events fill, beside the work and at most once a second. */
function statisticsKeeper({ pool, onError }: DispatcherDeps) {
  const q = onPool(pool)
  let looking: Promise<unknown> | null = null
  let looked = Number.NEGATIVE_INFINITY
  let untidy = 0
  const care = async (): Promise<void> => {
    await analyzeOutgrown(q)
    if (untidy < TIDY_AFTER) return
    untidy = 0
    await tidyPending(q)
  }
  return {
    look: (worked: number): void => {
      untidy += worked
      if (looking !== null || performance.now() - looked < STATISTICS_MS) return
      looking = care()
        .catch(onError)
        .finally(() => {
          looked = performance.now()
          looking = null
        })
    },
    done: async (): Promise<void> => {
      await looking
    },
  }
}

/** Knows when the next answer runs out, as of at most a second ago. */
function dueTimer(work: WorkDeps) {
  const q = onPool(work.pool)
  let next: number | null = null
  let asked = Number.NEGATIVE_INFINITY
  return {
    work: async () => {
      const now = work.clock()
      if (now - asked >= POLL_MS / 4 || (next !== null && next <= now)) {
        next = await nextDue(q)
        asked = now
      }
      if (next === null || next > now) return NOTHING
      const worked = await workDue(work)
      // Another dispatcher has the timer: look again a little later.
      if (worked.events === 0) next = null
      else asked = Number.NEGATIVE_INFINITY
      return worked
    },
    msLeft: (): number => (next === null ? POLL_MS : Math.max(1, next - work.clock())),
  }
}

/** Holds one connection for notifications and makes a new one when it is lost. */
function listen(deps: DispatcherDeps, ring: () => void): { stop(): Promise<void> } {
  let stopped = false
  let end: () => void = () => undefined
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const once = async (): Promise<void> => {
    const client = await deps.pool.connect()
    let lost: Error | undefined
    const broken = new Promise<void>((resolve) => {
      client.on('error', (error) => {
        lost = error
        resolve()
      })
      client.on('end', () => {
        lost ??= new Error('The connection for notifications ended.')
        resolve()
      })
    })
    try {
      client.on('notification', ring)
      await client.query(`LISTEN ${EVENTS_CHANNEL}`)
      // What was committed while nobody listened.
      ring()
      await Promise.race([broken, over])
    } finally {
      // Never back into the pool: it listens.
      client.release(lost ?? true)
    }
    if (lost !== undefined && !stopped) throw lost
  }
  const loop = async (): Promise<void> => {
    while (!stopped) {
      try {
        await once()
      } catch (error) {
        deps.onError(error)
        await Promise.race([over, new Promise((resolve) => setTimeout(resolve, RETRY_MS))])
      }
    }
  }
  const running = loop()
  return {
    stop: async () => {
      stopped = true
      end()
      await running
    },
  }
}
