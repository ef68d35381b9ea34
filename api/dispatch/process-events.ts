import { type DoneEvent, finishEvents, type PendingEvent } from '../db/event-store.ts'
import { newId } from '../db/new-id.ts'
import { type Queryable, sqlState, type Statement } from '../db/sql.ts'
import { mergeInBatch } from '../identity/merge-in-batch.ts'
import { type Candidate, type EnteredRun, enroll, enteredRuns } from '../enroll/enroll.ts'
import { applyEvent, noteNeeds } from './apply-event.ts'
import { askAgain, overdueOf } from './ask-again.ts'
import type { Edge } from './evaluate-touched.ts'
import { evaluateTouched } from './evaluate-touched.ts'
import { edgeCandidates, eventCandidates, eventCause } from './find-candidates.ts'
import { loadIdentities, loadSubjects, noNeeds } from './load-world.ts'
import { BACKFILL, notBackfilled } from './not-backfilled.ts'
import { readOrigins } from './read-origins.ts'
import { type Resolved, resolveIdentity, type WantedMerge, wantedMerge } from './resolve-identity.ts'
import { StaleBatch } from './stale-batch.ts'
import type { TouchedRun } from './tell-waiting.ts'
import type { WorkspaceCatalog } from './workspace-catalog.ts'
import { emptyWorld } from './world.ts'
import { writeWorld } from './write-world.ts'

/** What came of a piece of work. */
export interface Processed {
  /** To be started once the transaction has committed. */
  runs: EnteredRun[]
  /** To be told, once the transaction has committed, that what they wait for may have happened. */
  touched: TouchedRun[]
  /** How often a rule, score or formula was worked out. */
  asked: number
}

/**
 * Works events of one workspace off, in order, in the caller's transaction: who they are about, what they change, which
 * segments and signals turn, which playbooks start. Nothing is merged in memory: where an event shows two contacts to be
 * one, what came before is written, they are merged, and the rest goes on with what that has made.
 * @returns how many were taken, the runs to start once the transaction has committed, and how often a rule was asked
 */
export async function processEvents(q: Queryable, given: Batch): Promise<Taken> {
  const all: Taken = { taken: 0, runs: [], touched: [], asked: 0 }
  const apart = new Set<string>()
  const next = async (): Promise<void> => {
    const rest = { ...given, events: given.events.slice(all.taken), firstPosition: given.firstPosition + all.taken }
    const part = await processPart(q, rest, { apart, settled: false })
    const merged = part.merge === null ? null : await mergeInBatch(q, { ...given, merge: part.merge, apart })
    all.taken += part.taken
    all.runs.push(...part.runs, ...(merged?.runs ?? []))
    all.touched.push(...part.touched, ...(merged?.touched ?? []))
    all.asked += part.asked + (merged?.asked ?? 0)
  }
  await next()
  while (all.taken < given.events.length) if (!(await orWithoutWaiting(q, next))) break
  return all
}

/**
 * Does further work in a transaction that holds what its first part locked, unless it would have to wait: to lock more
 * now is out of the order that everybody locks in, and two that wait for each other are told apart only after a second.
 * @returns false when others are in the way; what was done before stays
 */
async function orWithoutWaiting(q: Queryable, work: () => Promise<void>): Promise<boolean> {
  await q.rows(IMPATIENT, [])
  await q.rows(SAVEPOINT, [])
  try {
    await work()
    return true
  } catch (error) {
    if (!(error instanceof StaleBatch) && sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
    await q.rows(BACK, [])
    return false
  }
}

const LOCK_NOT_AVAILABLE = '55P03'
const IMPATIENT: Statement = { name: 'part-impatient', text: `SET LOCAL lock_timeout = '20ms'` }
const SAVEPOINT: Statement = { name: 'part-savepoint', text: 'SAVEPOINT part' }
const BACK: Statement = { name: 'part-back', text: 'ROLLBACK TO SAVEPOINT part' }

export interface Taken extends Processed {
  /** How many of the events were worked off, from the first on. */
  taken: number
}

interface Batch {
  workspaceId: string
  events: PendingEvent[]
  firstPosition: number
  catalog: WorkspaceCatalog
  now: number
}

/** Works the events off up to the first that shows two contacts to be one person. */
async function processPart(
  q: Queryable,
  given: Batch,
  { apart, settled }: { apart: ReadonlySet<string>; settled: boolean },
): Promise<Taken & { merge: WantedMerge | null }> {
  const { workspaceId, events, catalog, now } = given
  const world = emptyWorld(workspaceId, now, () => newId(now))
  world.sharedMailboxes = catalog.sharedMailboxes
  world.apart = apart
  world.listens = catalog.listens
  await loadIdentities(q, world, events)
  const resolved: Array<{ event: PendingEvent; who: Resolved }> = []
  let merge: WantedMerge | null = null
  for (const event of events) {
    merge = wantedMerge(world, event)
    if (merge !== null) break
    resolved.push({ event, who: resolveIdentity(world, event) })
  }
  if (resolved.length === 0) return { taken: 0, runs: [], touched: [], asked: 0, merge }
  const items = await readOrigins(q, workspaceId, resolved)
  const needs = noNeeds()
  for (const item of items) noteNeeds(needs, catalog.audiences, item)
  await loadSubjects(q, world, { needs, index: catalog.audiences })
  const due = overdueOf(world.members.values(), catalog.audiences, now)
  if (due.length > 0 && !settled) {
    // What ran out before these events is asked as it was without them; an answer they end must not be left out.
    const asked = await askAgain(q, { workspaceId, catalog, due, until: now - 1, now })
    const part = await processPart(q, given, { apart, settled: true })
    const touched = [...asked.touched, ...part.touched]
    return { ...part, runs: [...asked.runs, ...part.runs], touched, asked: asked.asked + part.asked }
  }

  // By what a backfill finds nothing starts, whoever is there first.
  const missed = notBackfilled(world, needs, catalog)
  const edges: Edge[] = evaluateTouched(world, catalog.audiences, { touches: missed, at: now, cause: BACKFILL })
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
  const touched = await writeWorld(q, world, { edges, items })
  const outcomes = await enroll(q, workspaceId, { candidates, now })
  const done = items.map(
    ({ event, who }, i): DoneEvent => ({
      seq: event.seq,
      position: given.firstPosition + i,
      contactId: who.contactId,
      accountId: who.accountId,
      ...(event.origin === undefined ? {} : { origin: event.origin }),
    }),
  )
  // One that is gone was deleted with its person while we waited for them: nothing may be made of it.
  if (!(await finishEvents(q, workspaceId, { events: done, now }))) throw new StaleBatch()
  const runs = enteredRuns(workspaceId, candidates, outcomes)
  return { taken: items.length, runs, touched, asked: world.asked, merge }
}
