import type { Json } from '../../nodes/manifest.ts'
import { type IndexedAudience, withReaders } from './audience-index.ts'
import type { Touch } from './evaluate-touched.ts'
import type { Needs } from './load-world.ts'
import type { WorkspaceCatalog } from './workspace-catalog.ts'
import type { World } from './world.ts'

/** The cause of an edge that shows what was so before anybody asked. */
export const BACKFILL: Json = { kind: 'backfill' }

/**
 * Audiences whose backfill may not have come to the subjects of a batch yet: asked before its events are applied, so
 * that who was in before does not seem to enter by them.
 */
export function notBackfilled(
  world: World,
  needs: Needs,
  { audiences: index, backfilling }: WorkspaceCatalog,
): Touch[] {
  if (backfilling.size === 0) return []
  const waiting = [...withReaders(index, needs.audiences)].filter(({ id }) => backfilling.has(id))
  if (waiting.length === 0) return []
  return [...world.contacts.values(), ...world.accounts.values()].flatMap((subject): Touch[] => {
    if (subject.isNew) return []
    // Of others the history was not read.
    const touched = needs.touched.get(subject.id)
    const asked: Iterable<IndexedAudience> = touched === undefined ? needs.audiences : touched
    const loaded = withReaders(index, asked)
    const kind = world.contacts.has(subject.id) ? 'contact' : 'account'
    return waiting
      .filter((audience) => audience.subject === kind && loaded.has(audience))
      .map((audience) => ({ audience, subjectId: subject.id }))
  })
}
