import type { Json } from '../../nodes/manifest.ts'
import { type DueMember, dueMembers } from '../db/audience-store.ts'
import { DUE_LOCK, LANE_LOCKS } from '../db/event-store.ts'
import { newId } from '../db/new-id.ts'
import { inTransaction, type Queryable } from '../db/sql.ts'
import { enroll, enteredRuns } from '../enroll/enroll.ts'
import { evaluateTouched, type Edge, type Touch } from './evaluate-touched.ts'
import { edgeCandidates } from './find-candidates.ts'
import { loadSubjects, noNeeds } from './load-world.ts'
import type { Processed } from './process-events.ts'
import { writeWorld } from './write-world.ts'
import { again, NOTHING, type Worked, type WorkDeps } from './work-events.ts'
import { type CatalogCache, shareCatalog } from './workspace-catalog.ts'
import { emptyWorld, memberKey } from './world.ts'

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
  const worked: Worked = { events: due.length, runs: [], asked: 0, full: due.length === DUE_PER_BATCH }
  const byWorkspace = Map.groupBy(due, (member) => member.workspaceId)
  for (const workspaceId of [...byWorkspace.keys()].sort()) {
    const { runs, asked } = await askAgain(q, catalogs, { workspaceId, due: byWorkspace.get(workspaceId) ?? [], now })
    worked.runs.push(...runs)
    worked.asked += asked
  }
  return worked
}

async function askAgain(
  q: Queryable,
  catalogs: CatalogCache,
  given: { workspaceId: string; due: DueMember[]; now: number },
): Promise<Processed> {
  const { workspaceId, due, now } = given
  const { audiences: index, triggers } = await catalogs.get(q, workspaceId)
  const world = emptyWorld(workspaceId, now, () => newId(now))
  const needs = noNeeds()
  for (const member of due) {
    const audience = index.byId.get(member.audienceId)
    if (audience) {
      needs.audiences.add(audience)
      const touched = needs.touched.get(member.subjectId)
      if (touched === undefined) needs.touched.set(member.subjectId, new Set([audience]))
      else touched.add(audience)
    }
    if (member.subject === 'account') {
      needs.accounts.add(member.subjectId)
      needs.fanOut.add(member.subjectId)
    } else {
      needs.contacts.add(member.subjectId)
      needs.evaluated.add(member.subjectId)
    }
  }
  // The windows reach back from the oldest moment that is asked about.
  world.now = Math.min(now, ...due.map((member) => member.validUntil))
  await loadSubjects(q, world, { needs, index })
  const edges: Edge[] = []
  // In order of their instants: one rule may read another's answer.
  for (const [at, members] of [...Map.groupBy(due, (member) => member.validUntil)].sort(([a], [b]) => a - b)) {
    const touches = members.flatMap((member): Touch[] => {
      const audience = index.byId.get(member.audienceId)
      const current = world.members.get(memberKey(member.audienceId, member.subjectId))
      // Somebody else may have asked while we waited for the subject.
      return audience && current?.validUntil === member.validUntil ? [{ audience, subjectId: member.subjectId }] : []
    })
    const cause: Json = { kind: 'time', at }
    edges.push(...evaluateTouched(world, index, { touches, at, cause }))
  }
  world.now = now
  await writeWorld(q, world, edges)
  const candidates = edges.flatMap((edge) => edgeCandidates(world, triggers, { edge, eventSeq: null, who: null }))
  const outcomes = await enroll(q, workspaceId, { candidates, now })
  return { runs: enteredRuns(workspaceId, candidates, outcomes), asked: world.asked }
}
