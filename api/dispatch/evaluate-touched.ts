import { sameJson } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { EdgeRow, MemberRow } from '../db/audience-store.ts'
import { type AudienceIndex, type IndexedAudience, readersIn } from './audience-index.ts'
import { setProperty } from './set-property.ts'
import { noteMember, workOut } from './work-out.ts'
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
      touchedBy(world, index, touch).forEach(enter)
    }
  }
  return edges
}

/** Whose answers hang on one that turned. */
function touchedBy(world: World, index: AudienceIndex, { audience, subjectId }: Touch): Touch[] {
  const readers = readersIn(index, audience)
  const own = readers.filter((reader) => reader.subject === audience.subject)
  return [
    ...own.map((reader) => ({ audience: reader, subjectId })),
    ...(audience.subject === 'account' ? forContactsOf(world, subjectId, readers) : []),
    ...forRelatedOf(world, { kind: audience.subject, id: subjectId }, readersIn(index.related, audience)),
  ]
}

function evaluateOne(world: World, touch: Touch, when: { at: number; cause: Json }): Edge | null {
  const { audience, subjectId } = touch
  // Deleted or merged away while we waited for it: nothing turns for nobody.
  if (!(audience.subject === 'contact' ? world.contacts : world.accounts).has(subjectId)) return null
  const facts = factsOf(world, { kind: audience.subject, id: subjectId }, audience.reads)
  world.asked += 1
  const { member, value, why, validUntil } = workOut(audience, { ...facts, at: when.at }, when.at)
  const before = world.members.get(memberKey(audience.id, subjectId))
  const turned = turns(audience, before, { member, value })
  if (!turned && stillKept(before, { member, validUntil, at: when.at })) return null
  const since = turned || before === undefined ? when.at : before.since
  remember(world, audience, { audienceId: audience.id, subjectId, isMember: member, since, validUntil, value })
  if (!turned) return null
  const edge: Edge = {
    audience,
    row: {
      id: world.freshId(),
      audienceId: audience.id,
      subjectId,
      edge: edgeOf(audience, member),
      at: when.at,
      cause: when.cause,
      why,
      value,
    },
  }
  if (audience.kind === 'computed') writeComputed(world, edge)
  return edge
}

function turns(
  audience: IndexedAudience,
  before: MemberRow | undefined,
  now: { member: boolean; value: Json },
): boolean {
  if (audience.kind === 'segment' || audience.kind === 'signal') return now.member !== (before?.isMember ?? false)
  return !sameJson(before?.value ?? null, now.value)
}

/**
 * Whether what is kept will do. An answer that now stands for longer is asked again at the earlier time, which is early
 * and not late: once a window instead of a write for every event that moves its end.
 */
function stillKept(
  before: MemberRow | undefined,
  now: { member: boolean; validUntil: number | null; at: number },
): boolean {
  // Not a member, and never going to be by itself.
  if (before === undefined) return !now.member && now.validUntil === null
  if (before.isMember !== now.member) return false
  const [kept, fresh] = [before.validUntil, now.validUntil]
  return kept === fresh || (kept !== null && kept > now.at && (fresh === null || kept < fresh))
}

function edgeOf({ kind }: IndexedAudience, member: boolean): EdgeRow['edge'] {
  if (kind === 'signal') return member ? 'set' : 'cleared'
  if (kind === 'segment') return member ? 'entered' : 'left'
  return 'changed'
}

/** A computed property becomes a property like any other, of which is known who wrote it. */
function writeComputed(world: World, { audience, row }: Edge): void {
  if (audience.kind !== 'computed') return
  const subject = (audience.subject === 'contact' ? world.contacts : world.accounts).get(row.subjectId)
  if (subject === undefined) return
  setProperty(world, subject, {
    kind: audience.subject,
    name: audience.rule.property,
    value: row.value,
    at: row.at,
    occurredAt: row.at,
    source: { kind: 'computed', slug: audience.slug, edge: row.id, cause: row.cause },
  })
}

function remember(world: World, audience: IndexedAudience, row: MemberRow): void {
  const key = memberKey(audience.id, row.subjectId)
  const before = world.members.get(key)
  if (before) world.changedMembers.delete(before)
  world.members.set(key, row)
  world.changedMembers.add(row)
  noteMember(world, audience, row)
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

/** Of what happens to a contact its accounts' audiences, of what happens to an account its contacts'. */
export function forRelatedOf(
  world: World,
  subject: { kind: 'contact' | 'account'; id: string },
  audiences: Iterable<IndexedAudience>,
): Touch[] {
  const related = (subject.kind === 'contact' ? world.accountsOf : world.contactsOf).get(subject.id) ?? []
  const touches: Touch[] = []
  for (const audience of audiences)
    if (audience.subject !== subject.kind) for (const id of related) touches.push({ audience, subjectId: id })
  return touches
}
