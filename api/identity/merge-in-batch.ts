import type { Queryable } from '../db/sql.ts'
import type { Processed } from '../dispatch/process-events.ts'
import { pairKey, type WantedMerge } from '../dispatch/resolve-identity.ts'
import { StaleBatch } from '../dispatch/stale-batch.ts'
import type { WorkspaceCatalog } from '../dispatch/workspace-catalog.ts'
import { areApart } from '../db/pair-store.ts'
import { mergeContacts } from './merge-contacts.ts'

/**
 * Merges two contacts that an event shows to be one, unless a person has said that they are two: then that is noted,
 * and the batch goes on with both.
 * @returns null when they stay two
 * @throws StaleBatch when another transaction has merged one of them meanwhile
 */
export async function mergeInBatch(
  q: Queryable,
  given: { workspaceId: string; catalog: WorkspaceCatalog; merge: WantedMerge; apart: Set<string>; now: number },
): Promise<Processed | null> {
  const { workspaceId, catalog, merge, apart, now } = given
  if (await areApart(q, workspaceId, merge.contacts)) {
    apart.add(pairKey(...merge.contacts))
    return null
  }
  const { contacts, reason } = merge
  const merged = await mergeContacts(q, { workspaceId, catalog, contacts, reason, actor: 'signalbox', now })
  if (merged === null) throw new StaleBatch()
  return merged
}
