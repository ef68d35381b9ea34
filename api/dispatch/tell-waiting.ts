import type { RunRef } from '../../engine/ports.ts'
import { ANYTHING, ATTACHED, isMeant } from '../../engine/run/listens.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { PendingEvent } from '../db/event-store.ts'
import { shareWaits, touchWaits, type Wait, waitsOf } from '../db/run-waits.ts'
import type { Queryable } from '../db/sql.ts'
import { happeningOf, propertiesOf } from './apply-event.ts'
import type { Edge } from './evaluate-touched.ts'
import type { Resolved } from './resolve-identity.ts'
import type { World } from './world.ts'

/** What happened to one subject, for the runs that wait. */
interface News {
  topics: Set<string>
  events: Array<{ name: string; properties: { [name: string]: Json } }>
}

/**
 * Owes a look to the runs that wait for what happened here, in the caller's transaction. What exactly concerns them they
 * read back themselves; here it is enough not to wake those that it cannot concern.
 * @returns them, to be told once the transaction has committed
 */
export async function tellWaiting(
  q: Queryable,
  world: World,
  happened: { edges: Edge[]; items: ReadonlyArray<{ event: PendingEvent; who: Resolved }> },
): Promise<TouchedRun[]> {
  if (!world.listens) return []
  const { workspaceId, now } = world
  const news = newsOf(world, happened)
  if (news.size === 0) return []
  const ids = [...news.keys()]
  await shareWaits(q, ids)
  const waits = await waitsOf(q, workspaceId, ids)
  const runs = new Map<string, TouchedRun>()
  for (const wait of waits) {
    const { runId } = wait
    const concern = concernOf(wait, news.get(wait.subjectId), now)
    if (concern === null || runs.get(runId)?.concern === 'event') continue
    runs.set(runId, { workspaceId, runId, concern })
  }
  if (runs.size > 0) await touchWaits(q, workspaceId, { runs: [...runs.keys()], now })
  return [...runs.values()]
}

/** A run that is owed a look: what it waits for came, or whom it listens to is another; or something changed that a rule of its reads. */
export interface TouchedRun extends RunRef {
  concern: 'event' | 'rule'
}

function concernOf({ topics, awaited }: Wait, news: News | undefined, now: number): TouchedRun['concern'] | null {
  if (news === undefined) return null
  if (awaited.some((one) => news.events.some((event) => isMeant(one, event, now)))) return 'event'
  const reads = (topic: string): boolean => topics.includes(topic) || topics.includes(ANYTHING)
  // Of whom it is to be told is another then, whatever its rules say now.
  if (news.topics.has(ATTACHED) && reads(ATTACHED)) return 'event'
  return topics.includes(ANYTHING) || topics.some((topic) => news.topics.has(topic)) ? 'rule' : null
}

function newsOf(
  world: World,
  { edges, items }: { edges: Edge[]; items: ReadonlyArray<{ event: PendingEvent; who: Resolved }> },
): Map<string, News> {
  const all = new Map<string, News>()
  const of = (subjectId: string): News => {
    const known = all.get(subjectId) ?? { topics: new Set<string>(), events: [] }
    all.set(subjectId, known)
    return known
  }
  for (const { event, who } of items) {
    const name = happeningOf(event)
    if (name === null) continue
    for (const id of [who.contactId, who.accountId])
      if (id !== null) {
        of(id).topics.add(`event:${name}`)
        of(id).events.push({ name, properties: propertiesOf(event) })
      }
  }
  for (const { subject, subjectId, property } of world.newChanges)
    of(subjectId).topics.add(`property:${subject}.${property}`)
  for (const { audience, row } of edges) of(row.subjectId).topics.add(`${audience.kind}:${audience.slug}`)
  // Whose account it is is read with the facts: a run of a contact that has one now begins to see it.
  for (const { contactId, accountId } of world.attached)
    for (const id of [contactId, accountId]) of(id).topics.add(ATTACHED)
  return all
}
