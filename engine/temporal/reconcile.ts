import { settleId } from '../ids.ts'
import type { OwedCommand, RunDirectory, RunRef } from '../ports.ts'
import type { Look, RunClient } from './run-client.ts'

const PAGE = 200

/**
 * Compares the open runs with Temporal and restarts those that are missing there (a lost disk, a restored backup).
 * @param look in the list where it must be quick, such as after a restart, when many runs are due at once
 * @returns how many were looked at and restarted; null where another process is at it
 */
export function reconcile(
  directory: RunDirectory,
  client: RunClient,
  look: Look,
): Promise<{ open: number; restarted: number } | null> {
  return directory.alone('signalbox-reconcile', async () => {
    const found = { open: 0, restarted: 0 }
    let after: RunRef | null = null
    for (;;) {
      const page = await directory.open(after, PAGE)
      if (page.length === 0) return found
      const missing = await client.missing(page, look)
      await client.restartRuns(missing)
      found.open += page.length
      found.restarted += missing.length
      after = page.at(-1) ?? null
    }
  })
}

/**
 * Starts runs whose workflow start was lost between the commit of the enrollment and Temporal.
 * @param before enrolled before this instant: younger ones are on their way
 */
export async function startOverdue(directory: RunDirectory, client: RunClient, before: number): Promise<number> {
  const runs = await directory.unstarted(before, PAGE)
  // Not "start once": the first workflow may have been lost with Temporal's disk.
  await client.restartRuns(runs)
  return runs.length
}

/** A run that was told, and is held all the same, is told again after this. */
const TOLD_MS = 10_000

/**
 * Lets runs go on that are held by a connection which is open, so many a second, so that thousands do not come at once
 * to the vendor, the workers and the database: a second's worth was told at the reconnect, this tells the others, and
 * those of which whoever was to tell them died. What was told is remembered by this process alone: a repeat does no harm.
 */
export function createRelease(directory: RunDirectory, client: Pick<RunClient, 'resumeRuns'>) {
  const toldAt = new Map<string, number>()
  /**
   * @param seconds since the last look
   * @returns how many were told; null where another process is at it
   * @throws Error after all were tried, when some could not be told
   */
  return ({ now, seconds }: { now: number; seconds: number }): Promise<number | null> =>
    directory.alone('signalbox-resume', async () => {
      for (const [id, at] of toldAt) if (at <= now - TOLD_MS) toldAt.delete(id)
      const held = await directory.releasable({ connection: null, seconds, without: [...toldAt.keys()] })
      for (const { runId } of held) toldAt.set(runId, now)
      await client.resumeRuns(held)
      return held.length
    })
}

/**
 * Sends what a person said of a write once more to runs that are still in review at it: it was committed, and lost
 * before it reached the run. The command's id makes a repeat harmless.
 * @param before said before this instant: later ones are on their way
 * @returns how many were sent; null where another process is at it
 * @throws Error after all were tried, when some could not be sent
 */
export function settleOverdue(directory: RunDirectory, client: RunClient, before: number): Promise<number | null> {
  return directory.alone('signalbox-settle', async () => {
    const failed: unknown[] = []
    const settled = await directory.unsettled(before)
    for (const { workspaceId, runId, key, step, landed, output } of settled) {
      const command = { id: settleId(key), command: { kind: 'settle' as const, step, landed, output } }
      await client.command({ workspaceId, runId }, command).catch((error: unknown) => failed.push(error))
    }
    if (failed.length > 0) throw failed[0]
    return settled.length
  })
}

/** A run that was told is told again after this where it has not looked: by then the message may have been lost after all. */
const LOOKED_MS = 60_000
/** So many are told at a sweep: after a restart all those that were touched before it. */
const TOUCH_PAGE = 1_000

/**
 * Lets runs look at what they wait for: at once, and by a sweep over those that were touched and have not looked, because
 * whoever was to tell them died on the way. In a burst they look long after they were told; who was told is remembered by
 * this process, so that the sweep does not give each of them more to do. A repeat does no harm.
 */
export function createTouch(directory: RunDirectory, client: Pick<RunClient, 'touchRuns'>) {
  const toldAt = new Map<string, number>()
  const touch = async (runs: RunRef[]): Promise<void> => {
    const now = Date.now()
    for (const { runId } of runs) toldAt.set(runId, now)
    await client.touchRuns(runs).catch((error: unknown) => {
      for (const { runId } of runs) toldAt.delete(runId)
      throw error
    })
  }
  return {
    touch,
    /**
     * @param before touched before this instant: later ones are being told
     * @returns how many were told; null where another process is at it
     */
    overdue: (before: number): Promise<number | null> =>
      directory.alone('signalbox-touch', async () => {
        const forgotten = Date.now() - LOOKED_MS
        for (const [id, at] of toldAt) if (at <= forgotten) toldAt.delete(id)
        const runs = await directory.touched(before, TOUCH_PAGE, toldAt)
        await touch(runs)
        return runs.length
      }),
  }
}

/**
 * Hands commands over that were committed with what caused them, such as a merge of two contacts: at once, and again
 * until it worked. A command's id makes a repeat harmless.
 * @param before committed before this instant
 * @returns how many were handed over; null where another process is at it
 * @throws Error after all were tried, when some could not be handed over
 */
export function commandOwed(directory: RunDirectory, client: RunClient, before: number): Promise<number | null> {
  return directory.alone('signalbox-owed', async () => {
    const failed = new Map<string, unknown>()
    const paid: OwedCommand[] = []
    for (const owed of await directory.owed(before, PAGE)) {
      const { workspaceId, runId, id, command } = owed
      // In their order: a run that is paused and then let go on must not end up paused.
      if (failed.has(runId)) continue
      await client.command({ workspaceId, runId }, { id, command }).then(
        () => paid.push(owed),
        (error: unknown) => failed.set(runId, error),
      )
    }
    if (paid.length > 0) await directory.paid(paid)
    for (const error of failed.values()) throw error
    return paid.length
  })
}
