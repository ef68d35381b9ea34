import type pg from 'pg'
import type { RunRef } from '../../engine/ports.ts'
import { lockEnrollment } from '../db/enrollment-store.ts'
import { leaveLine, nextInLine } from '../db/run-line.ts'
import { inTransaction, onPool } from '../db/sql.ts'

/** So many lines at a time. */
const PAGE = 200

/**
 * Lets the next run of each line start in which none goes on, the one that waits longest. A run that has left its line and
 * was not started any more is one of those that are overdue.
 * @returns how many were started
 */
export async function startNextInLine(deps: {
  pool: pg.Pool
  clock: () => number
  startRuns(runs: RunRef[]): Promise<void>
}): Promise<number> {
  const next = await nextInLine(onPool(deps.pool), PAGE)
  const started: RunRef[] = []
  for (const run of next) {
    // Held while it is asked again: an entry that is decided meanwhile sees either the line or the run that goes on.
    const left = await inTransaction(deps.pool, async (q) => {
      await lockEnrollment(q, run.workspaceId, [run.subjectId])
      return leaveLine(q, run, deps.clock())
    })
    if (left) started.push({ workspaceId: run.workspaceId, runId: run.runId })
  }
  if (started.length > 0) await deps.startRuns(started)
  return started.length
}
