import type { Trace } from '../../engine/model/rule.ts'
import type { OperatorCommand } from '../../engine/model/run.ts'
import type { Json } from '../../nodes/manifest.ts'
import { accountsOfContacts, readAccounts } from '../db/account-store.ts'
import { type EdgeRow, type MemberRow, writeEdges } from '../db/audience-store.ts'
import { lockEnrollment } from '../db/enrollment-store.ts'
import { type PropertyChangeRow, writePropertyChanges } from '../db/history-store.ts'
import {
  auditMerge,
  insertMerge,
  lockForMerge,
  type MergeContact,
  type MergeUndo,
  moveToWinner,
  type OpenRun,
  openRunsOf,
  oweCommand,
  pointTo,
  writeMergeContact,
} from '../db/merge-store.ts'
import { newId } from '../db/new-id.ts'
import { moveWaits } from '../db/run-waits.ts'
import type { Queryable } from '../db/sql.ts'
import { settle } from '../dispatch/ask-again.ts'
import type { Edge } from '../dispatch/evaluate-touched.ts'
import { edgeCandidates } from '../dispatch/find-candidates.ts'
import type { Processed } from '../dispatch/process-events.ts'
import type { WorkspaceCatalog } from '../dispatch/workspace-catalog.ts'
import type { World } from '../dispatch/world.ts'
import { enroll, enteredRuns } from '../enroll/enroll.ts'
import { reevaluate } from './reevaluate.ts'

export interface MergeGiven {
  workspaceId: string
  catalog: WorkspaceCatalog
  contacts: [string, string]
  /** How it became known that they are one. */
  reason: { kind: string; [more: string]: Json }
  actor: string
  now: number
}

export interface Merged extends Processed {
  id: string
  winner: string
  loser: string
  /** Runs that are owed their end: an older one of the same playbook goes on. */
  endedRuns: string[]
}

/**
 * Makes two contacts one, in the caller's transaction. Who stays does not hang on the order they are named in: whoever
 * has an id of yours, then whoever is older, then the smaller id.
 * @returns null when one of them is gone or merged already
 */
export async function mergeContacts(q: Queryable, given: MergeGiven): Promise<Merged | null> {
  const { workspaceId, now } = given
  const pair = await lockPair(q, given)
  if (pair === null) return null
  const { winner, loser, settled } = pair
  const id = newId(now)
  const endedRuns = runsToEnd(await openRunsOf(q, workspaceId, [winner.id, loser.id]))
  const { undo: moved, eventNames } = await moveToWinner(q, workspaceId, { winner: winner.id, loser: loser.id })
  await oweCommand(q, workspaceId, { runs: endedRuns, id: `merge:${id}`, command: EXIT, actor: given.actor, now })
  const taken = takeOver(winner, loser)
  await pointTo(q, workspaceId, { loser: loser.id, winner: winner.id, now })
  await writeMergeContact(q, workspaceId, { ...taken.contact, now })
  await writePropertyChanges(q, workspaceId, changesOf(winner.id, taken.properties, { id, now }))
  await writeEdges(q, workspaceId, leavingEdges(given, { id, winner: winner.id, members: moved.members }))
  const undo: MergeUndo = { ...moved, properties: taken.properties, links: taken.links, endedRuns }
  const { actor, reason } = given
  await insertMerge(q, workspaceId, { id, winner: winner.id, loser: loser.id, reason, actor, now, undo })
  const detail = { merge: id, loser: loser.id, reason }
  await auditMerge(q, workspaceId, { id: newId(now), now, actor, action: 'contact.merge', target: winner.id, detail })
  const change = {
    id: winner.id,
    events: eventNames,
    properties: Object.keys(taken.properties),
    accounts: moved.accounts.length > 0,
    isNew: false,
  }
  const accounts = moved.accounts.map(({ accountId }) => accountId)
  if (given.catalog.listens) await moveWaits(q, workspaceId, { of: [winner.id, loser.id], to: winner.id, now })
  const { world, edges, touched } = await reevaluate(q, {
    ...given,
    changes: [change],
    accounts,
    cause: { kind: 'merge', merge: id },
  })
  const runs = await startRuns(q, given, { world, edges: edges.filter((edge) => !wasTrue(moved.members, edge)) })
  return {
    id,
    winner: winner.id,
    loser: loser.id,
    endedRuns,
    runs: [...settled.runs, ...runs],
    touched: [...settled.touched, ...touched],
    asked: settled.asked + world.asked,
  }
}

const EXIT: OperatorCommand = { kind: 'exit', reason: 'merged' }

/**
 * Locks everything that a merge changes, in the order everybody locks in: accounts, then contacts, each by id. What ran
 * out about them before is settled first.
 */
async function lockPair(
  q: Queryable,
  { workspaceId, catalog, contacts, now }: MergeGiven,
): Promise<{ winner: MergeContact; loser: MergeContact; settled: Processed } | null> {
  const links = await accountsOfContacts(q, workspaceId, contacts)
  const ids = [...new Set(links.map(({ accountId }) => accountId))]
  if (ids.length > 0) await readAccounts(q, workspaceId, { ids, lock: true })
  const settled = await settle(q, { workspaceId, catalog, subjectIds: [...contacts, ...ids], now })
  const found = await lockForMerge(q, workspaceId, contacts)
  await lockEnrollment(q, workspaceId, contacts)
  const [one, other] = found
  if (one === undefined || other === undefined || found.some(({ mergedInto }) => mergedInto !== null)) return null
  return staysBefore(one, other) ? { winner: one, loser: other, settled } : { winner: other, loser: one, settled }
}

type Standing = Pick<MergeContact, 'id' | 'externalId' | 'createdAt'>

export function staysBefore(one: Standing, other: Standing): boolean {
  if ((one.externalId === null) !== (other.externalId === null)) return one.externalId !== null
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt
  return one.id < other.id
}

/** Of a playbook in which both have open runs, those of whoever has not the oldest one. @param runs the oldest first */
export function runsToEnd(runs: OpenRun[]): string[] {
  const keepers = new Map<string, string>()
  return runs.flatMap(({ id, playbookId, subjectId }) => {
    const keeper = keepers.get(playbookId) ?? subjectId
    keepers.set(playbookId, keeper)
    return keeper === subjectId ? [] : [id]
  })
}

type Holdings = Pick<MergeContact, 'id' | 'email' | 'name' | 'properties' | 'links'>

/** What the winner has stays; what it lacks comes from the loser. */
export function takeOver(winner: Holdings, loser: Holdings) {
  const own = <V>(object: { [name: string]: V }, name: string): boolean => Object.hasOwn(object, name)
  const more = Object.entries(loser.properties).filter(([name]) => !own(winner.properties, name))
  const links = Object.entries(loser.links).filter(([app]) => !own(winner.links, app))
  const columns = (['email', 'name'] as const).flatMap(
    (name): Array<[string, Json]> => (winner[name] === null && loser[name] !== null ? [[name, loser[name]]] : []),
  )
  return {
    contact: {
      id: winner.id,
      email: winner.email ?? loser.email,
      name: winner.name ?? loser.name,
      // fromEntries defines properties, so that one named __proto__ is a property like any other.
      properties: Object.fromEntries([...Object.entries(winner.properties), ...more]),
      links: Object.fromEntries([...Object.entries(winner.links), ...links]),
    },
    properties: Object.fromEntries([...more, ...columns]),
    links: Object.fromEntries(links),
  }
}

function changesOf(
  winner: string,
  properties: { [name: string]: Json },
  merge: { id: string; now: number },
): PropertyChangeRow[] {
  return Object.entries(properties).map(([property, value]) => ({
    subject: 'contact',
    subjectId: winner,
    property,
    before: null,
    value,
    at: merge.now,
    occurredAt: merge.now,
    source: { kind: 'merge', merge: merge.id },
  }))
}

function leavingEdges(
  { catalog, now }: MergeGiven,
  merge: { id: string; winner: string; members: MemberRow[] },
): EdgeRow[] {
  const why: Trace = { rule: `merged into contact ${merge.winner}`, value: false }
  return merge.members.flatMap(({ audienceId, subjectId, isMember }): EdgeRow[] => {
    const kind = catalog.audiences.byId.get(audienceId)?.kind
    if (!isMember || (kind !== 'segment' && kind !== 'signal')) return []
    const edge = kind === 'segment' ? 'left' : 'cleared'
    return [
      {
        id: newId(now),
        audienceId,
        subjectId,
        edge,
        at: now,
        cause: { kind: 'merge', merge: merge.id },
        why,
        value: null,
      },
    ]
  })
}

/** The person was in it before, as the other contact: nothing has happened to them. */
const wasTrue = (members: MemberRow[], { audience, row }: Edge): boolean =>
  (row.edge === 'set' || row.edge === 'entered') &&
  members.some((member) => member.audienceId === audience.id && member.isMember)

async function startRuns(
  q: Queryable,
  { workspaceId, catalog, now }: MergeGiven,
  { world, edges }: { world: World; edges: Edge[] },
): Promise<Processed['runs']> {
  const candidates = edges.flatMap((edge) =>
    edgeCandidates(world, catalog.triggers, { edge, eventSeq: null, who: null }),
  )
  return enteredRuns(workspaceId, candidates, await enroll(q, workspaceId, { candidates, now }))
}
