import { evaluate } from '../../engine/rules/evaluate.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { EdgeRow, MemberRow } from '../db/audience-store.ts'
import { type AudienceIndex, audienceKey, type IndexedAudience } from './audience-index.ts'
import { factsOf, memberKey, onlyAccount, type World } from './world.ts'

/** An audience whose answer for a subject may have changed. */
export interface Touch {
  audience: IndexedAudience
  subjectId: string
}

/** A signal set or cleared, a segment entered or left. */
export interface Edge {
  row: EdgeRow
  audience: IndexedAudience
}

/**
 * Works the touched audiences out again, then those that read them, lowest rank first, so that each is asked once.
 * @param when.at the instant the rules are asked about: now, or the moment an answer ran out
 * @returns the edges, in the order they came about; memberships are noted in the world
 */
export function evaluateTouched(
  world: World,
  index: AudienceIndex,
  when: { touches: Touch[]; at: number; cause: Json },
): Edge[] {
  const edges: Edge[] = []
  const byRank = new Map<number, Map<string, Touch>>()
  const enter = (touch: Touch): void => {
    const bucket = byRank.get(touch.audience.rank) ?? new Map<string, Touch>()
    byRank.set(touch.audience.rank, bucket.set(memberKey(touch.audience.id, touch.subjectId), touch))
  }
  when.touches.forEach(enter)
  while (byRank.size > 0) {
    const rank = Math.min(...byRank.keys())
    const bucket = byRank.get(rank) ?? new Map<string, Touch>()
    byRank.delete(rank)
    for (const touch of bucket.values()) {
      const edge = evaluateOne(world, touch, when)
      if (edge === null) continue
      edges.push(edge)
      const readers = index.readers.get(audienceKey(touch.audience.kind, touch.audience.slug)) ?? []
      for (const reader of readers)
        if (reader.subject === touch.audience.subject) enter({ audience: reader, subjectId: touch.subjectId })
      if (touch.audience.subject === 'account') forContactsOf(world, touch.subjectId, readers).forEach(enter)
    }
  }
  return edges
}

function evaluateOne(world: World, touch: Touch, when: { at: number; cause: Json }): Edge | null {
  const { audience, subjectId } = touch
  const { value, why, validUntil } = evaluate(
    audience.rule,
    { ...factsOf(world, { kind: audience.subject, id: subjectId }), at: when.at },
    when.at,
  )
  const before = world.members.get(memberKey(audience.id, subjectId))
  const wasMember = before?.isMember ?? false
  if (value === wasMember && (before?.validUntil ?? null) === validUntil) return null
  const turned = value !== wasMember
  const row: MemberRow = {
    audienceId: audience.id,
    subjectId,
    isMember: value,
    since: turned || before === undefined ? when.at : before.since,
    validUntil,
  }
  remember(world, audience, row)
  if (!turned) return null
  const edge = audience.kind === 'signal' ? (value ? 'set' : 'cleared') : value ? 'entered' : 'left'
  return {
    audience,
    row: { id: world.freshId(), audienceId: audience.id, subjectId, edge, at: when.at, cause: when.cause, why },
  }
}

function remember(world: World, audience: IndexedAudience, row: MemberRow): void {
  const key = memberKey(audience.id, row.subjectId)
  const before = world.members.get(key)
  if (before) world.changedMembers.delete(before)
  world.members.set(key, row)
  world.changedMembers.add(row)
  const joined = world.memberships.get(row.subjectId) ?? new Set<IndexedAudience>()
  world.memberships.set(row.subjectId, joined)
  if (row.isMember) joined.add(audience)
  else joined.delete(audience)
}

/** An account's own property is also seen by the contacts that belong to it alone. */
export function forContactsOf(world: World, accountId: string, audiences: Iterable<IndexedAudience>): Touch[] {
  const touches: Touch[] = []
  for (const audience of audiences)
    if (audience.subject === 'contact')
      for (const contactId of world.contactsOf.get(accountId) ?? [])
        if (onlyAccount(world, contactId) === accountId) touches.push({ audience, subjectId: contactId })
  return touches
}
