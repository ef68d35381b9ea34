import type { HeardAwaited, RunRef, WaitingSubject } from '../../engine/ports.ts'
import type { HeardEvent } from '../../engine/model/run.ts'
import { type AwaitedEvent, isMeant } from '../../engine/run/listens.ts'
import type { Json } from '../../nodes/manifest.ts'
import { msOf, type Queryable, type Statement } from './sql.ts'

/** Whom a contact has become: itself, unless it was merged. */
export const became = (id: string): string =>
  `(SELECT coalesce(merged_into, id) FROM contacts WHERE workspace_id = $1 AND id = ${id}::uuid)`

/** Events read at once: mostly the first that fits is the one that is meant. */
const PAGE = 100

/**
 * The index on a subject's events of a name finds them; that they are of its time is asked of each. An index in the order in
 * which they came would take 55 bytes more of each event for the contact and as much for the account, to save 20 ms for a
 * subject that has done the same thing ten thousand times.
 *
 * Whatever it waits for came after the event that started it: that was worked off before it began to wait, and so before
 * anything that came afterwards had a position.
 */
const AFTER = ' AND e.position > greatest($6::bigint, coalesce((SELECT position FROM began), -1))'

const FIRST: Record<WaitingSubject['kind'], Statement> = {
  contact: { name: 'waits-first-heard-contact', text: firstOf('contact_id', became('$3')) },
  account: { name: 'waits-first-heard-account', text: firstOf('account_id', '$3::uuid') },
}

/**
 * $1 workspace, $2 run, $3 subject, $4 names, $5 what is awaited (`AwaitedEvent`), $6 after which position, $7 how many. Of the
 * filters only the keys are asked here, by which one order's events are told from another's; those that read a list are left
 * to `isMeant`.
 */
function firstOf(column: string, id: string): string {
  return `
WITH began AS MATERIALIZED (
  SELECT r.created_at, (
    SELECT max(e.position) FROM events e WHERE e.workspace_id = $1 AND e.status = 'done' AND e.seq = (CASE 'event'
      WHEN r.cause ->> 'kind' THEN r.cause ->> 'seq' WHEN r.cause -> 'cause' ->> 'kind' THEN r.cause -> 'cause' ->> 'seq' END)::bigint) AS position
  FROM runs r WHERE r.workspace_id = $1 AND r.id = $2),
came AS (
  SELECT e.id, e.name, e.position, ${msOf('e.occurred_at')} AS at, ${msOf('e.received_at')} AS "receivedAt", e.body -> 'properties' AS properties,
    CASE WHEN began.position IS NULL THEN e.received_at >= began.created_at ELSE e.position > began.position END AS "sinceTrigger"
  FROM began, events e
  WHERE e.workspace_id = $1 AND e.${column} = ${id} AND e.name = ANY($4::text[]) AND e.kind = 'track' AND e.status = 'done'${AFTER})
SELECT * FROM came
WHERE EXISTS (
  SELECT 1 FROM jsonb_to_recordset($5::jsonb) AS a (event text, since jsonb, deadline float8, keys jsonb)
  WHERE a.event = came.name
    AND (CASE WHEN a.since = '"trigger"' THEN "sinceTrigger" ELSE "receivedAt" >= (a.since #>> '{}')::float8 END)
    AND (a.deadline IS NULL OR "receivedAt" <= a.deadline)
    AND NOT EXISTS (
      SELECT 1 FROM jsonb_each(a.keys) AS k
      WHERE k.key !~ '(^|[.])-?[0-9]+([.]|$)' AND came.properties #> string_to_array(k.key, '.') IS DISTINCT FROM k.value))
ORDER BY position LIMIT $7`
}

interface HeardRow {
  id: string
  name: string
  position: string
  at: number
  receivedAt: number
  properties: Json
  sinceTrigger: boolean
}

/** The first event that one of the awaited is, in the order in which they were worked off. @see RunWaits.first */
export async function firstHeard(
  q: Queryable,
  { run, subject, awaited, at }: { run: RunRef; subject: WaitingSubject; awaited: AwaitedEvent[]; at: number },
): Promise<HeardAwaited | null> {
  const names = [...new Set(awaited.map(({ event }) => event))]
  const asked = [run.workspaceId, run.runId, subject.id, names, JSON.stringify(awaited)]
  for (let after = '-1'; ; ) {
    const rows = await q.rows<HeardRow>(FIRST[subject.kind], [...asked, after, PAGE])
    for (const row of rows) {
      const { receivedAt, sinceTrigger } = row
      const event = eventOf(row)
      const inTime = ({ since, deadline }: AwaitedEvent): boolean =>
        (since === 'trigger' ? sinceTrigger : receivedAt >= since) && (deadline === null || receivedAt <= deadline)
      const meant = awaited.find((one) => inTime(one) && isMeant(one, event, at))
      if (meant !== undefined) return { event, awaited: meant }
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return null
    after = last.position
  }
}

function eventOf({ id, name, at, properties }: HeardRow): HeardEvent {
  const known = properties !== null && typeof properties === 'object' && !Array.isArray(properties) ? properties : {}
  return { id, name, at, properties: known }
}
