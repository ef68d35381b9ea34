import type { Json } from '../../nodes/manifest.ts'
import { accountsOfContacts } from '../db/account-store.ts'
import { membersOf } from '../db/audience-store.ts'
import { newId } from '../db/new-id.ts'
import type { Queryable } from '../db/sql.ts'
import type { IndexedAudience } from '../dispatch/audience-index.ts'
import { type Edge, evaluateTouched, type Touch } from '../dispatch/evaluate-touched.ts'
import { loadSubjects, noNeeds } from '../dispatch/load-world.ts'
import type { TouchedRun } from '../dispatch/tell-waiting.ts'
import { writeWorld } from '../dispatch/write-world.ts'
import type { WorkspaceCatalog } from '../dispatch/workspace-catalog.ts'
import { emptyWorld, type World } from '../dispatch/world.ts'

/** What changed for a contact otherwise than by an event. */
export interface ContactChange {
  id: string
  /** Names of the events that came or went. */
  events: Iterable<string>
  properties: Iterable<string>
  /** Whether the accounts it is in changed. */
  accounts: boolean
  /** It is there again. */
  isNew: boolean
}

/**
 * Works out again what contacts that were merged or parted are in, and what the accounts that look at them are in, and
 * writes what turned.
 */
export async function reevaluate(
  q: Queryable,
  given: {
    workspaceId: string
    catalog: WorkspaceCatalog
    changes: ContactChange[]
    /** Accounts that gained or lost one of the contacts, beside those they are in now. */
    accounts: string[]
    now: number
    cause: Json
  },
): Promise<{ world: World; edges: Edge[]; touched: TouchedRun[] }> {
  const { workspaceId, catalog, changes, now, cause } = given
  const index = catalog.audiences
  const world = emptyWorld(workspaceId, now, () => newId(now))
  world.listens = catalog.listens
  const ids = changes.map(({ id }) => id)
  const links = await accountsOfContacts(q, workspaceId, ids)
  const accounts = [...new Set([...given.accounts, ...links.map(({ accountId }) => accountId)])]
  const known = await membersOf(q, workspaceId, ids)
  const looking = [...index.byId.values()].filter((a) => a.subject === 'account' && a.reads.related !== undefined)
  const touches: Touch[] = looking.flatMap((audience) => accounts.map((subjectId) => ({ audience, subjectId })))
  for (const change of changes) {
    const asked = new Set<IndexedAudience>()
    for (const row of known) {
      const audience = row.subjectId === change.id ? index.byId.get(row.audienceId) : undefined
      if (audience) asked.add(audience)
    }
    for (const audience of touchedBy(catalog, change)) if (audience.subject === 'contact') asked.add(audience)
    for (const audience of asked) touches.push({ audience, subjectId: change.id })
  }
  const needs = noNeeds()
  for (const { audience } of touches) needs.audiences.add(audience)
  for (const id of ids) {
    needs.contacts.add(id)
    needs.evaluated.add(id)
  }
  if (looking.length > 0)
    for (const id of accounts) {
      needs.accounts.add(id)
      needs.fanOut.add(id)
    }
  await loadSubjects(q, world, { needs, index })
  const edges = evaluateTouched(world, index, { touches, at: now, cause })
  const touched = await writeWorld(q, world, { edges })
  return { world, edges, touched }
}

function* touchedBy({ audiences: index }: WorkspaceCatalog, change: ContactChange): Iterable<IndexedAudience> {
  for (const name of change.events) yield* index.byEvent.get(name) ?? []
  for (const name of change.properties) yield* index.byContactProperty.get(name) ?? []
  if (change.accounts) yield* index.onAttach
  if (change.isNew) yield* index.onCreate.contact
}
