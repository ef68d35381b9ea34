import { settleId } from '../ids.ts'
import type { OwedCommand, RunDirectory, RunRef } from '../ports.ts'
import type { RunClient } from './run-client.ts'

const PAGE = 200

/**
 * Compares the open runs with Temporal and restarts those that are missing there (a lost disk, a restored backup).
 * @returns how many were looked at and restarted; null where another process is at it
 */
export function reconcile(
  directory: RunDirectory,
  client: RunClient,
): Promise<{ open: number; restarted: number } | null> {
  return directory.alone('signalbox-reconcile', async () => {
    const found = { open: 0, restarted: 0 }
    let after: RunRef | null = null
    for (;;) {
      const page = await directory.open(after, PAGE)
      if (page.length === 0) return found
      const missing = await client.missing(page)
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

/**
 * Tells runs that are held by a connection which is open that it is: whoever was to tell them died on the way, or
 * the connection was made anew under its old name. A run that cannot be told does not keep the others from it.
 * @param before not moved since this instant: younger ones are being told
 * @returns how many were told; null where another process is at it
 * @throws Error after all were tried, when some could not be told
 */
export function resumeOverdue(directory: RunDirectory, client: RunClient, before: number): Promise<number | null> {
  return directory.alone('signalbox-resume', async () => {
    const failed: unknown[] = []
    let told = 0
    let after: RunRef | null = null
    for (;;) {
      const page = await directory.heldByOpen(before, after, PAGE)
      await client.resumeRuns(page).catch((error: unknown) => failed.push(error))
      told += page.length
      after = page.at(-1) ?? null
      if (page.length === PAGE) continue
      if (failed.length > 0) throw failed[0]
      return told
    }
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

/**
 * Lets runs look that were told of something they wait for, and have not looked: whoever was to tell them died on the way.
 * @param before told before this instant: later ones are being told
 * @returns how many were told; null where another process is at it
 */
export function touchOverdue(directory: RunDirectory, client: RunClient, before: number): Promise<number | null> {
  return directory.alone('signalbox-touch', async () => {
    const runs = await directory.touched(before, PAGE)
    await client.touchRuns(runs)
    return runs.length
  })
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
    const failed: unknown[] = []
    const paid: OwedCommand[] = []
    for (const owed of await directory.owed(before, PAGE)) {
      const { workspaceId, runId, id, command } = owed
      await client.command({ workspaceId, runId }, { id, command }).then(
        () => paid.push(owed),
        (error: unknown) => failed.push(error),
      )
    }
    if (paid.length > 0) await directory.paid(paid)
    if (failed.length > 0) throw failed[0]
    return paid.length
  })
}
