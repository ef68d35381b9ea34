import { sql } from 'kysely'
import { createCatalogCache } from '../../api/dispatch/workspace-catalog.ts'
import { workDue } from '../../api/dispatch/work-due.ts'
import { workEvents, type Worked } from '../../api/dispatch/work-events.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { TestWorkspace } from './workspace.ts'

/** Something that a contact does at an instant. Milliseconds since 1970. */
export interface Happening {
  at: number
  message: { [field: string]: Json }
}

export interface Journey {
  events: number
  /** How often a rule was worked out. */
  asked: number
}

/**
 * Takes a workspace through time: what happens is sent at its instant, and before it rules are asked again whose
 * answer has run out. The clock stands still meanwhile, so that edges say when, and not how fast this machine is.
 * @param given.happenings ascending; those of one instant are one batch after another
 * @param given.until the end of the journey
 */
export async function travel(
  w: TestWorkspace,
  given: { happenings: Iterable<Happening>; until: number; onBatch?: (events: number) => void },
): Promise<Journey> {
  const deps = { pool: w.opened.pool, clock: () => w.clock.now, catalogs: createCatalogCache() }
  const journey: Journey = { events: 0, asked: 0 }
  const drain = async (work: (with_: typeof deps) => Promise<Worked>): Promise<void> => {
    for (;;) {
      const { events, asked } = await work(deps)
      journey.asked += asked
      if (events === 0) return
    }
  }
  const flush = async (at: number, messages: Json[]): Promise<void> => {
    // Whatever ran out before this instant is asked before it; what runs out now is asked when this is known.
    w.clock.now = at - 1
    await drain(workDue)
    for (let from = 0; from < messages.length; from += BATCH) {
      w.clock.now = at
      await w.sendNow(...messages.slice(from, from + BATCH))
    }
    await drain(workEvents)
    journey.events += messages.length
    given.onBatch?.(journey.events)
  }
  let open: { at: number; messages: Json[] } | null = null
  for (const { at, message } of given.happenings) {
    if (open !== null && open.at !== at) {
      await flush(open.at, open.messages)
      open = null
    }
    open ??= { at, messages: [] }
    open.messages.push({ ...message, timestamp: new Date(at).toISOString() })
  }
  if (open !== null) await flush(open.at, open.messages)
  w.clock.now = given.until
  await drain(workDue)
  return journey
}

const BATCH = 500

/** The edges of one audience by the contact's user id, in order. */
export async function edgesOf(
  w: TestWorkspace,
  audienceId: string,
): Promise<Map<string, Array<[edge: string, at: number]>>> {
  const { rows } = await sql<{ user: string; edge: string; at: number }>`
    SELECT c.external_id AS user, e.edge, (extract(epoch FROM e.at) * 1000)::float8 AS at
    FROM audience_edges e JOIN contacts c ON c.workspace_id = e.workspace_id AND c.id = e.subject_id
    WHERE e.workspace_id = ${w.id} AND e.audience_id = ${audienceId} ORDER BY e.at, e.id`.execute(w.opened.db)
  const edges = new Map<string, Array<[string, number]>>()
  for (const { user, edge, at } of rows) {
    const list = edges.get(user)
    if (list === undefined) edges.set(user, [[edge, at]])
    else list.push([edge, at])
  }
  return edges
}
