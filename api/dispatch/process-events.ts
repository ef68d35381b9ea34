import { attachContacts, writeAccounts } from '../db/account-store.ts'
import { writeEdges, writeMembers } from '../db/audience-store.ts'
import { writeContacts, writeIdentities } from '../db/contact-store.ts'
import { type DoneEvent, finishEvents, type PendingEvent } from '../db/event-store.ts'
import { writePropertyChanges } from '../db/history-store.ts'
import { newId } from '../db/new-id.ts'
import type { Queryable } from '../db/sql.ts'
import { type Candidate, type EnteredRun, enroll, enteredRuns } from '../enroll/enroll.ts'
import { applyEvent, noteNeeds } from './apply-event.ts'
import type { Edge } from './evaluate-touched.ts'
import { evaluateTouched } from './evaluate-touched.ts'
import { edgeCandidates, eventCandidates, eventCause } from './find-candidates.ts'
import { loadIdentities, loadSubjects, noNeeds } from './load-world.ts'
import { resolveIdentity } from './resolve-identity.ts'
import type { WorkspaceCatalog } from './workspace-catalog.ts'
import { emptyWorld, type Subject, type World } from './world.ts'

/** Another transaction gave an identity away meanwhile: what was read is old, so the batch is done again. */
export class StaleBatch extends Error {
  constructor() {
    super('Another dispatcher linked one of the same identities; the batch is read again.')
    this.name = 'StaleBatch'
  }
}

/**
 * Works events of one workspace off, in order, in the caller's transaction: who they are about, what they change, which
 * segments and signals turn, which playbooks start.
 * @returns the runs to start once the transaction has committed
 */
export async function processEvents(
  q: Queryable,
  given: { workspaceId: string; events: PendingEvent[]; firstPosition: number; catalog: WorkspaceCatalog; now: number },
): Promise<EnteredRun[]> {
  const { workspaceId, events, catalog, now } = given
  const world = emptyWorld(workspaceId, now, () => newId(now))
  await loadIdentities(q, world, events)
  const items = events.map((event) => ({ event, who: resolveIdentity(world, event) }))
  const needs = noNeeds()
  for (const item of items) noteNeeds(needs, catalog.audiences, item)
  await loadSubjects(q, world, { needs, index: catalog.audiences })

  const edges: Edge[] = []
  const candidates: Candidate[] = []
  for (const item of items) {
    const touches = applyEvent(world, catalog.audiences, item)
    candidates.push(...eventCandidates(catalog.triggers, item, now))
    if (touches.length === 0) continue
    const cause = eventCause(item.event, item.who)
    for (const edge of evaluateTouched(world, catalog.audiences, { touches, at: now, cause })) {
      edges.push(edge)
      candidates.push(...edgeCandidates(world, catalog.triggers, { edge, eventSeq: item.event.seq, who: item.who }))
    }
  }
  await writeWorld(q, world, edges)
  const outcomes = await enroll(q, workspaceId, { candidates, now })
  const done = items.map(
    ({ event, who }, i): DoneEvent => ({
      seq: event.seq,
      position: given.firstPosition + i,
      contactId: who.contactId,
      accountId: who.accountId,
    }),
  )
  await finishEvents(q, workspaceId, { events: done, now })
  return enteredRuns(workspaceId, candidates, outcomes)
}

/** Writes what has changed in memory. @throws StaleBatch */
export async function writeWorld(q: Queryable, world: World, edges: Edge[]): Promise<void> {
  const { workspaceId, now } = world
  await writeAccounts(q, workspaceId, { ...changes(world.accounts), now })
  await writeContacts(q, workspaceId, { ...changes(world.contacts), now })
  const added = [...world.addedIdentities.values()]
  const moved = [...world.movedIdentities.values()]
  if (!(await writeIdentities(q, workspaceId, { added, moved, now }))) throw new StaleBatch()
  await attachContacts(q, workspaceId, { links: world.attached, now })
  await writePropertyChanges(q, workspaceId, world.newChanges)
  await writeMembers(q, workspaceId, [...world.changedMembers])
  await writeEdges(
    q,
    workspaceId,
    edges.map((edge) => edge.row),
  )
}

function changes(subjects: Map<string, Subject>) {
  const created: Subject[] = []
  const changed: Subject[] = []
  for (const subject of subjects.values())
    if (subject.isNew) created.push(subject)
    else if (subject.changed) changed.push(subject)
  return { created, changed }
}
