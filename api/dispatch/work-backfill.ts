import { countSubjects, nextBackfill, noteBackfill, subjectPage } from '../db/audience-store.ts'
import { BACKFILL_LOCK, LANE_LOCKS } from '../db/event-store.ts'
import { newId } from '../db/new-id.ts'
import { inTransaction } from '../db/sql.ts'
import { evaluateTouched } from './evaluate-touched.ts'
import { loadSubjects, noNeeds } from './load-world.ts'
import { BACKFILL } from './not-backfilled.ts'
import { writeWorld } from './write-world.ts'
import { again, type WorkDeps } from './work-events.ts'
import { raiseRevision, shareCatalog } from './workspace-catalog.ts'
import { emptyWorld } from './world.ts'

const PAGE = 200
const TRY_LOCK = { name: 'backfill-try', text: 'SELECT pg_try_advisory_xact_lock($1, $2) AS taken' }

/**
 * Asks a new or changed audience's rule for one page of the subjects that are there already, and notes how far it
 * came, so that a kill costs one page. Edges are recorded and start nothing: a playbook is about what happens from now.
 * @returns how many subjects were asked about; 0 when there is nothing left to do
 */
export function workBackfill(deps: WorkDeps): Promise<number> {
  return again(() =>
    inTransaction(deps.pool, async (q) => {
      const [lock] = await q.rows<{ taken: boolean }>(TRY_LOCK, [LANE_LOCKS, BACKFILL_LOCK])
      if (!lock?.taken) return 0
      await shareCatalog(q)
      const job = await nextBackfill(q)
      if (job === null) return 0
      const { workspaceId } = job
      const ids = await subjectPage(q, workspaceId, { subject: job.subject, after: job.backfilledTo, most: PAGE })
      const { audiences: index, listens } = await deps.catalogs.get(q, workspaceId)
      const audience = index.byId.get(job.id)
      const now = deps.clock()
      if (audience && ids.length > 0) {
        const world = emptyWorld(workspaceId, now, () => newId(now))
        const needs = noNeeds()
        needs.audiences.add(audience)
        for (const set of job.subject === 'contact'
          ? [needs.contacts, needs.evaluated]
          : [needs.accounts, needs.fanOut])
          for (const id of ids) set.add(id)
        await loadSubjects(q, world, { needs, index })
        // Who was merged while we waited for them is asked about no more.
        const known = job.subject === 'contact' ? world.contacts : world.accounts
        const touches = ids.filter((id) => known.has(id)).map((subjectId) => ({ audience, subjectId }))
        world.listens = listens
        await writeWorld(q, world, { edges: evaluateTouched(world, index, { touches, at: now, cause: BACKFILL }) })
      }
      const done = ids.length < PAGE
      if (done) await raiseRevision(q, workspaceId)
      await noteBackfill(q, workspaceId, {
        id: job.id,
        to: ids.at(-1) ?? null,
        done,
        // Counted once: a count of everybody for each page would cost more than the pages.
        total: job.backfilledTo === null ? await countSubjects(q, workspaceId, job.subject) : null,
        asked: ids.length,
      })
      // The last, short page counts too, so that the caller comes back for the next audience.
      return Math.max(1, ids.length)
    }),
  )
}
