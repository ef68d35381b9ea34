import { dueMembers } from '../db/audience-store.ts'
import { DUE_LOCK, LANE_LOCKS } from '../db/event-store.ts'
import { inTransaction, type Queryable } from '../db/sql.ts'
import { askAgain } from './ask-again.ts'
import { again, NOTHING, type Worked, type WorkDeps } from './work-events.ts'
import { type CatalogCache, shareCatalog } from './workspace-catalog.ts'

const DUE_PER_BATCH = 200
const TRY_LOCK = { name: 'due-try', text: 'SELECT pg_try_advisory_xact_lock($1, $2) AS taken' }

/**
 * Asks rules again whose answer has run out, as at the moment it ran out: “no login for 7 days” comes true at its
 * instant, however late the timer is.
 */
export function workDue(deps: WorkDeps): Promise<Worked> {
  return again(() =>
    inTransaction(deps.pool, async (q) => {
      const [lock] = await q.rows<{ taken: boolean }>(TRY_LOCK, [LANE_LOCKS, DUE_LOCK])
      if (!lock?.taken) return NOTHING
      await shareCatalog(q)
      return askDue(q, deps.catalogs, deps.clock())
    }),
  )
}

/** In the caller's transaction: answers that have run out by `now`, the oldest first, as many as fit a batch. */
export async function askDue(q: Queryable, catalogs: CatalogCache, now: number): Promise<Worked> {
  const due = await dueMembers(q, now, DUE_PER_BATCH)
  const worked: Worked = { ...NOTHING, events: due.length, runs: [], touched: [], full: due.length === DUE_PER_BATCH }
  const byWorkspace = Map.groupBy(due, (member) => member.workspaceId)
  for (const workspaceId of [...byWorkspace.keys()].sort()) {
    const members = byWorkspace.get(workspaceId) ?? []
    // What runs out later than the last of these may not be the next to be asked.
    const until = Math.max(...members.map((member) => member.validUntil))
    const catalog = await catalogs.get(q, workspaceId)
    const { runs, touched, asked } = await askAgain(q, { workspaceId, catalog, due: members, until, now })
    worked.runs.push(...runs)
    worked.touched.push(...touched)
    worked.asked += asked
  }
  return worked
}
