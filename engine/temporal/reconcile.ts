import type { RunDirectory, RunRef } from '../ports.ts'
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
