import { sameJson } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import { accountsOfContacts, readAccounts } from '../db/account-store.ts'
import { writeMembers } from '../db/audience-store.ts'
import { lockEnrollment } from '../db/enrollment-store.ts'
import { writePropertyChanges } from '../db/history-store.ts'
import { auditMerge, lockForMerge, type MergeContact, pointTo, writeMergeContact } from '../db/merge-store.ts'
import { newId } from '../db/new-id.ts'
import { keepApart } from '../db/pair-store.ts'
import { moveWaits } from '../db/run-waits.ts'
import type { Queryable } from '../db/sql.ts'
import { coveringMerge, lockMerge, moveToLoser, noteUndone, type StoredMerge } from '../db/unmerge-store.ts'
import { settle } from '../dispatch/ask-again.ts'
import type { WorkspaceCatalog } from '../dispatch/workspace-catalog.ts'
import type { EnteredRun } from '../enroll/enroll.ts'
import { notFound, problem } from '../problem.ts'
import { reevaluate } from './reevaluate.ts'

interface UndoGiven {
  workspaceId: string
  catalog: WorkspaceCatalog
  id: string
  actor: string
  now: number
}

/**
 * Takes a merge back, in the caller's transaction: both contacts are there again, each with what it brought and what
 * came for it since. No rule merges them again. What turns by that starts nothing, and a run that ended stays ended.
 * @returns the properties that stay with the winner because they were changed since, and runs that were due before, to
 *   be started once the transaction has committed
 * @throws ProblemError 404, 409
 */
export async function undoMerge(q: Queryable, given: UndoGiven): Promise<{ kept: string[]; runs: EnteredRun[] }> {
  const { workspaceId, catalog, id, actor, now } = given
  const merge = await undoable(q, workspaceId, id)
  const { winner, loser, runs } = await lockBoth(q, given, merge)
  const eventNames = await moveToLoser(q, workspaceId, merge)
  const { contact, taken, kept } = takeBack(winner, merge)
  await writeMergeContact(q, workspaceId, { ...contact, now })
  await pointTo(q, workspaceId, { loser: loser.id, winner: null, now })
  const source: Json = { kind: 'merge', merge: id, undone: true }
  const changes = taken.map(([property, before]) => {
    return {
      subject: 'contact' as const,
      subjectId: winner.id,
      property,
      before,
      value: null,
      at: now,
      occurredAt: now,
      source,
    }
  })
  await writePropertyChanges(q, workspaceId, changes)
  await putMembersBack(q, given, merge)
  await keepApart(q, workspaceId, { contacts: [winner.id, loser.id], reason: { kind: 'undo', merge: id }, actor, now })
  await noteUndone(q, workspaceId, { id, now, actor, kept })
  const detail = { merge: id, loser: loser.id, kept }
  await auditMerge(q, workspaceId, { id: newId(now), now, actor, action: 'contact.unmerge', target: winner.id, detail })
  // Those that wait for the one who is there again find that out by a look.
  if (catalog.listens) await moveWaits(q, workspaceId, { of: [winner.id], to: winner.id, now })
  await reevaluate(q, {
    workspaceId,
    catalog,
    now,
    cause: { kind: 'undo', merge: id },
    accounts: merge.undo.accounts.map(({ accountId }) => accountId),
    changes: [
      { id: winner.id, events: eventNames, properties: taken.map(([name]) => name), accounts: true, isNew: false },
      {
        id: loser.id,
        events: eventNames,
        properties: ['email', 'name', ...Object.keys(loser.properties)],
        accounts: true,
        isNew: true,
      },
    ],
  }) // prettier-ignore
  return { kept, runs }
}

async function undoable(q: Queryable, workspaceId: string, id: string): Promise<StoredMerge> {
  const merge = await lockMerge(q, workspaceId, id)
  if (merge === null) throw notFound('merge', id)
  if (merge.undoneAt !== null)
    throw problem(409, 'MERGE_UNDONE', 'This merge has been undone already. Load the contact again to see both.')
  const covering = await coveringMerge(q, workspaceId, merge)
  if (covering !== null)
    throw problem(409, 'MERGE_COVERED', `The merge ${covering} was made on top of this one. Undo that one first.`)
  return merge
}

async function lockBoth(
  q: Queryable,
  { workspaceId, catalog, now }: UndoGiven,
  merge: StoredMerge,
): Promise<{ winner: MergeContact; loser: MergeContact; runs: EnteredRun[] }> {
  const links = await accountsOfContacts(q, workspaceId, [merge.winner])
  const ids = [...new Set([...links, ...merge.undo.accounts].map(({ accountId }) => accountId))]
  if (ids.length > 0) await readAccounts(q, workspaceId, { ids, lock: true })
  const { runs } = await settle(q, { workspaceId, catalog, subjectIds: [merge.winner, ...ids], now })
  const contacts = await lockForMerge(q, workspaceId, [merge.winner, merge.loser])
  await lockEnrollment(q, workspaceId, [merge.winner, merge.loser])
  const winner = contacts.find(({ id }) => id === merge.winner)
  const loser = contacts.find(({ id }) => id === merge.loser)
  // Deleted since: there is nobody to part.
  if (winner === undefined || loser === undefined) throw notFound('merge', merge.id)
  return { winner, loser, runs }
}

/** Takes from the winner what the merge gave it, where it still is as it was given. */
function takeBack(winner: MergeContact, merge: StoredMerge) {
  const properties = new Map(Object.entries(winner.properties))
  const columns = { email: winner.email, name: winner.name }
  const taken: Array<[name: string, before: Json]> = []
  const kept: string[] = []
  for (const [name, given] of Object.entries(merge.undo.properties)) {
    const isColumn = (name === 'email' || name === 'name') && !properties.has(name)
    const current: Json = isColumn ? columns[name] : (properties.get(name) ?? null)
    if (current === null) continue
    if (!sameJson(current, given)) kept.push(name)
    else {
      taken.push([name, given])
      if (isColumn) columns[name] = null
      else properties.delete(name)
    }
  }
  const links = Object.entries(winner.links).filter(([app, id]) => !sameJson(merge.undo.links[app] ?? null, id))
  return {
    contact: {
      id: winner.id,
      ...columns,
      properties: Object.fromEntries(properties),
      links: Object.fromEntries(links),
    },
    taken,
    kept: kept.sort(),
  }
}

/**
 * What was worked out for the loser, as a place to go on from: what it was in, it enters again, because it was said to
 * have left.
 */
async function putMembersBack(q: Queryable, { workspaceId, catalog }: UndoGiven, merge: StoredMerge): Promise<void> {
  const rows = merge.undo.members.flatMap((row) => {
    const kind = catalog.audiences.byId.get(row.audienceId)?.kind
    if (kind === undefined) return []
    return [kind === 'segment' || kind === 'signal' ? { ...row, isMember: false } : row]
  })
  await writeMembers(q, workspaceId, rows)
}
