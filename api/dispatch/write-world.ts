import { attachContacts, writeAccounts } from '../db/account-store.ts'
import { writeEdges, writeMembers } from '../db/audience-store.ts'
import { writeContacts, writeIdentities } from '../db/contact-store.ts'
import { writePropertyChanges } from '../db/history-store.ts'
import type { PendingEvent } from '../db/event-store.ts'
import type { Queryable } from '../db/sql.ts'
import type { Edge } from './evaluate-touched.ts'
import type { Resolved } from './resolve-identity.ts'
import { StaleBatch } from './stale-batch.ts'
import { tellWaiting, type TouchedRun } from './tell-waiting.ts'
import type { Subject, World } from './world.ts'

/**
 * Writes what has changed in memory, and owes a look to the runs that wait for it.
 * @param items the events that were worked
 * @returns runs to be told once the transaction has committed
 * @throws StaleBatch
 */
export async function writeWorld(
  q: Queryable,
  world: World,
  { edges, items = [] }: { edges: Edge[]; items?: ReadonlyArray<{ event: PendingEvent; who: Resolved }> },
): Promise<TouchedRun[]> {
  const { workspaceId, now } = world
  await writeAccounts(q, workspaceId, { ...changes(world.accounts), now })
  await writeContacts(q, workspaceId, { ...changes(world.contacts), now })
  const added = [...world.addedIdentities.values()]
  const pairs = [...world.possiblePairs.values()]
  if (!(await writeIdentities(q, workspaceId, { added, pairs, now }))) throw new StaleBatch()
  await attachContacts(q, workspaceId, { links: world.attached, now })
  await writePropertyChanges(q, workspaceId, world.newChanges)
  await writeMembers(q, workspaceId, [...world.changedMembers])
  await writeEdges(
    q,
    workspaceId,
    edges.map((edge) => edge.row),
  )
  return tellWaiting(q, world, { edges, items })
}

function changes(subjects: Map<string, Subject>) {
  const created: Subject[] = []
  const changed: Subject[] = []
  for (const subject of subjects.values())
    if (subject.isNew) created.push(subject)
    else if (subject.changed) changed.push(subject)
  return { created, changed }
}
