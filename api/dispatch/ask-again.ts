import type { Json } from '../../nodes/manifest.ts'
import { type DueMember, forgetMembers, type MemberRow, membersOf } from '../db/audience-store.ts'
import { newId } from '../db/new-id.ts'
import type { Queryable } from '../db/sql.ts'
import { enroll, enteredRuns } from '../enroll/enroll.ts'
import type { AudienceIndex } from './audience-index.ts'
import { type Edge, evaluateTouched, type Touch } from './evaluate-touched.ts'
import { edgeCandidates } from './find-candidates.ts'
import { loadSubjects, type Needs, noNeeds } from './load-world.ts'
import type { Processed } from './process-events.ts'
import type { WorkspaceCatalog } from './workspace-catalog.ts'
import { emptyWorld, memberKey, type World } from './world.ts'
import { writeWorld } from './write-world.ts'

/** An answer that has run out, in one workspace. */
export type Overdue = Omit<DueMember, 'workspaceId'>

/**
 * Asks rules again whose answer has run out, as at the moments they ran out, and again as often as an answer runs out by
 * `until`: in the order of the moments, for one rule may read another's answer. In the caller's transaction.
 */
export async function askAgain(
  q: Queryable,
  given: { workspaceId: string; catalog: WorkspaceCatalog; due: Overdue[]; until: number; now: number },
): Promise<Processed> {
  const { workspaceId, due, now } = given
  const { audiences: index, triggers } = given.catalog
  const world = emptyWorld(workspaceId, now, () => newId(now))
  world.listens = given.catalog.listens
  // The windows reach back from the oldest moment that is asked about.
  world.now = Math.min(now, ...due.map((member) => member.validUntil))
  await loadSubjects(q, world, { needs: needsOf(index, due), index })
  await forgetMembers(q, workspaceId, due.filter(goneFrom(world)))
  const edges = inOrder(world, index, given)
  world.now = now
  const touched = await writeWorld(q, world, { edges })
  const candidates = edges.flatMap((edge) => edgeCandidates(world, triggers, { edge, eventSeq: null, who: null }))
  const outcomes = await enroll(q, workspaceId, { candidates, now })
  return { runs: enteredRuns(workspaceId, candidates, outcomes), touched, asked: world.asked }
}

/** Answers that ran out before a moment, and that no timer has asked for yet. */
export function overdueOf(members: Iterable<MemberRow>, index: AudienceIndex, now: number): Overdue[] {
  const overdue: Overdue[] = []
  for (const { audienceId, subjectId, validUntil } of members) {
    const subject = index.byId.get(audienceId)?.subject
    if (subject !== undefined && validUntil !== null && validUntil < now)
      overdue.push({ audienceId, subjectId, subject, validUntil })
  }
  return overdue
}

/**
 * Asks what ran out about some subjects as it was, before they are changed otherwise than by an event: an answer that the
 * change ends must not be left out. In the caller's transaction, which holds the subjects.
 */
export async function settle(
  q: Queryable,
  given: { workspaceId: string; catalog: WorkspaceCatalog; subjectIds: string[]; now: number },
): Promise<Processed> {
  const { workspaceId, catalog, subjectIds, now } = given
  const due = overdueOf(await membersOf(q, workspaceId, subjectIds), catalog.audiences, now)
  if (due.length === 0) return { runs: [], touched: [], asked: 0 }
  return askAgain(q, { workspaceId, catalog, due, until: now - 1, now })
}

/** Deleted while an answer about them still stood: it would run out again and again. */
const goneFrom =
  ({ contacts, accounts }: World) =>
  ({ subject, subjectId }: Overdue): boolean =>
    !(subject === 'contact' ? contacts : accounts).has(subjectId)

function needsOf(index: AudienceIndex, due: Overdue[]): Needs {
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
  return needs
}

function inOrder(world: World, index: AudienceIndex, { due, until }: { due: Overdue[]; until: number }): Edge[] {
  const queue = new Map<number, Map<string, Touch>>()
  const enter = ({ audienceId, subjectId, validUntil }: Pick<Overdue, 'audienceId' | 'subjectId' | 'validUntil'>) => {
    const audience = index.byId.get(audienceId)
    if (audience === undefined) return
    const touches = queue.get(validUntil) ?? new Map<string, Touch>()
    queue.set(validUntil, touches.set(memberKey(audienceId, subjectId), { audience, subjectId }))
  }
  due.forEach(enter)
  const edges: Edge[] = []
  while (queue.size > 0) {
    const at = Math.min(...queue.keys())
    // Somebody else may have asked while we waited for the subject, or it was asked again at an earlier moment.
    const touches = [...(queue.get(at)?.entries() ?? [])].flatMap(([key, touch]) =>
      world.members.get(key)?.validUntil === at ? [touch] : [],
    )
    queue.delete(at)
    const cause: Json = { kind: 'time', at }
    edges.push(...evaluateTouched(world, index, { touches, at, cause }))
    for (const { validUntil, ...row } of world.changedMembers)
      if (validUntil !== null && validUntil > at && validUntil <= until) enter({ ...row, validUntil })
  }
  return edges
}
