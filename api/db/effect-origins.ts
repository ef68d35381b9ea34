import type { Json } from '../../nodes/manifest.ts'
import { msOf, type Queryable, type Statement } from './sql.ts'

/** Which effect of a run something came of: read where events and calls may be our own doing. */

export interface EffectName {
  key: string
  runId: string
  step: string
}

const NAMED: Statement = {
  name: 'effects-named',
  text: `SELECT key, run_id AS "runId", step FROM effects WHERE workspace_id = $1 AND key = ANY($2::text[])`,
}

/** Those of the keys that effects of this workspace have. */
export const effectsNamed = (q: Queryable, workspaceId: string, keys: string[]): Promise<EffectName[]> =>
  q.rows<EffectName>(NAMED, [workspaceId, keys])

/** A notification of a connected system. */
export interface Notified {
  connectionId: string
  contactId: string
  accountId: string | null
  /** When it happened there, milliseconds since 1970. */
  at: number
}

export interface NearEffect extends EffectName {
  /** Index of the notification. */
  of: number
  action: string
  input: Json
  output: Json
}

/** A write is told of when it happens; clocks may be so far apart. */
const SKEW_MS = 60_000
/** So long a call may have been under way. */
const LONGEST_CALL_MS = 600_000

// By the runs that know the contact or account: effects have no index by time, which every write would pay for.
const NEAR: Statement = {
  name: 'effects-near',
  text: `
WITH asked AS MATERIALIZED (
  SELECT * FROM json_to_recordset($2::json) AS x(n int, "connectionId" uuid, "contactId" uuid, "accountId" uuid, at float8)
), known AS (
  SELECT n, p.run_id AS id FROM asked JOIN run_people p ON p.workspace_id = $1 AND p.contact_id = asked."contactId"
  UNION
  SELECT n, r.id FROM asked JOIN runs r ON r.workspace_id = $1 AND r.subject_id = asked."accountId")
SELECT n AS of, e.key, e.run_id AS "runId", e.step, e.action, e.input, e.output
FROM known JOIN asked USING (n) JOIN effects e ON e.workspace_id = $1 AND e.run_id = known.id
WHERE e.connection_id = asked."connectionId" AND e.status <> 'failed'
  AND ${msOf('e.attempted_at')} BETWEEN at - ${LONGEST_CALL_MS} AND at + ${SKEW_MS}
  AND (e.ended_at IS NULL OR ${msOf('e.ended_at')} >= at - ${SKEW_MS})
ORDER BY e.attempted_at DESC`,
}

/** What our runs wrote to these contacts by these connections when the notifications say that something happened; the latest first. */
export async function effectsNear(q: Queryable, workspaceId: string, notified: Notified[]): Promise<NearEffect[]> {
  const rows = notified.map((one, n) => ({ n, ...one }))
  return q.rows<NearEffect>(NEAR, [workspaceId, JSON.stringify(rows)])
}
