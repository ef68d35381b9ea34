import { type MergeUndo, subjectKeysOf } from '../db/merge-store.ts'
import { msOf, type Queryable, type Statement } from '../db/sql.ts'

/** Who was one person with whom at a past instant: merges move what hangs on a contact, and that is thought back here. */

export interface PastMerge {
  id: string
  winner: string
  loser: string
  /** Milliseconds since 1970. */
  at: number
  undoneAt: number | null
  /** Accounts the loser was in, and whether the winner was in them only by the merge. */
  accounts: MergeUndo['accounts']
  /** How the loser's events name it, and those for which that is not so. */
  keys: ReadonlySet<string>
  others: ReadonlySet<string>
  winners: ReadonlySet<string>
}

interface MergeRow {
  id: string
  winner: string
  loser: string
  at: number
  undoneAt: number | null
  undo: Pick<MergeUndo, 'accounts' | 'events' | 'identities'>
}

// Who was merged with one of these, with whom these were, and so on.
const AROUND: Statement = {
  name: 'why-merges',
  text: `
WITH RECURSIVE reached AS (
  SELECT unnest($2::uuid[]) AS id
  UNION
  SELECT CASE WHEN m.winner_id = reached.id THEN m.loser_id ELSE m.winner_id END
  FROM reached JOIN merges m ON m.workspace_id = $1 AND (m.winner_id = reached.id OR m.loser_id = reached.id)
)
SELECT m.id, m.winner_id AS winner, m.loser_id AS loser, ${msOf('m.at')} AS at, ${msOf('m.undone_at')} AS "undoneAt",
  jsonb_build_object('accounts', m.undo -> 'accounts', 'events', m.undo -> 'events', 'identities', m.undo -> 'identities') AS undo
FROM merges m WHERE m.workspace_id = $1 AND (m.winner_id IN (SELECT id FROM reached) OR m.loser_id IN (SELECT id FROM reached))
ORDER BY m.at, m.seq`,
}

/** Every merge that these contacts, or whom they were merged with, took part in; the oldest first. */
export async function mergesAround(q: Queryable, workspaceId: string, contactIds: string[]): Promise<PastMerge[]> {
  if (contactIds.length === 0) return []
  return (await q.rows<MergeRow>(AROUND, [workspaceId, contactIds])).map(({ undo, ...merge }) => ({
    ...merge,
    accounts: undo.accounts,
    keys: new Set(subjectKeysOf(undo.identities)),
    others: new Set(undo.events.others),
    winners: new Set(undo.events.winners),
  }))
}

const heldAt = (merge: PastMerge, at: number): boolean =>
  merge.at <= at && (merge.undoneAt === null || merge.undoneAt > at)
const holdsNow = (merge: PastMerge): boolean => merge.undoneAt === null

/** Whom a contact had become by then: itself, unless it was merged. */
export function whoThen(merges: readonly PastMerge[], contactId: string, at: number): string {
  const merge = merges.find((one) => one.loser === contactId && heldAt(one, at))
  return merge === undefined ? contactId : whoThen(merges, merge.winner, at)
}

/** An event as it is kept now. */
export interface KeptEvent {
  seq: string
  subjectKey: string
}

/** Where the events of a contact of then are now. */
export interface Whereabouts {
  /** Contacts that hold them now. */
  holders: string[]
  /** Whether an event of a holder was the contact's then. */
  was: (event: KeptEvent, holder: string) => boolean
}

const wasLosers = (merge: PastMerge, { seq, subjectKey }: KeptEvent): boolean =>
  merge.keys.has(subjectKey) ? !merge.winners.has(seq) : merge.others.has(seq)

/** @param contactId one that was not merged into another at that instant */
export function eventsThen(merges: readonly PastMerge[], contactId: string, at: number): Whereabouts {
  const later = merges.filter((merge) => merge.at > at && holdsNow(merge))
  // The way its events have gone since: each merge that took it, then its winner, into another.
  const way: PastMerge[] = []
  let holder = contactId
  for (;;) {
    const next = later.find((merge) => merge.loser === holder)
    if (next === undefined) break
    way.push(next)
    holder = next.winner
  }
  const came = later.filter((merge) => merge.winner === contactId)
  // Merged into it then, and parted from it since: their events were its own.
  const parted = merges
    .filter((merge) => heldAt(merge, at) && !holdsNow(merge) && whoThen(merges, merge.loser, at) === contactId)
    .map((merge) => merge.loser)
  return {
    holders: [holder, ...parted],
    was: (event, of) =>
      of !== holder ||
      (way.every((merge) => wasLosers(merge, event)) && !came.some((merge) => wasLosers(merge, event))),
  }
}

export interface PastLink {
  accountId: string
  contactId: string
  /** Milliseconds since 1970. */
  createdAt: number
}

/**
 * The accounts a contact was in.
 * @param links those that are kept now of everybody who was merged
 */
export function accountsThen(
  contactId: string,
  at: number,
  known: { merges: readonly PastMerge[]; links: readonly PastLink[] },
): string[] {
  const { merges, links } = known
  const own = new Map<string, number>()
  const add = (accountId: string, createdAt: number): void => {
    own.set(accountId, Math.min(createdAt, own.get(accountId) ?? Infinity))
  }
  const later = merges.filter((merge) => merge.at > at && holdsNow(merge))
  const taken = later.find((merge) => merge.loser === contactId)
  if (taken === undefined) {
    for (const link of links) if (link.contactId === contactId) add(link.accountId, link.createdAt)
  } else for (const { accountId, createdAt } of taken.accounts) add(accountId, Date.parse(createdAt))
  for (const merge of later)
    if (merge.winner === contactId) for (const { accountId, added } of merge.accounts) if (added) own.delete(accountId)
  for (const merge of merges)
    if (heldAt(merge, at) && !holdsNow(merge) && whoThen(merges, merge.loser, at) === contactId)
      for (const { accountId, createdAt } of merge.accounts) add(accountId, Date.parse(createdAt))
  return [...own].flatMap(([accountId, createdAt]) => (createdAt <= at ? [accountId] : [])).sort()
}
