import type pg from 'pg'
import type { Plan } from '../../engine/model/plan.ts'
import type { RunRef } from '../../engine/ports.ts'
import { inTransaction, type Queryable, type Statement } from '../db/sql.ts'
import { type Candidate, enroll, occurrence, toStart } from './enroll.ts'

/** One page of a schedule's firing. */
export interface SegmentPage {
  workspaceId: string
  playbookId: string
  step: string
  version: number
  /** Slug. */
  segment: string
  /** The instant that was planned, milliseconds since 1970. */
  scheduledAt: number
  /** The last subject of the page before; null for the first page. */
  after: string | null
}

export interface SegmentDeps {
  pool: pg.Pool
  clock: () => number
  startRuns(runs: RunRef[]): Promise<void>
}

const PAGE = 200

const PLAN: Statement = {
  name: 'segment-plan',
  text: `
SELECT v.plan_hash AS "planHash", plans.plan, s.id AS "segmentId", s.subject
FROM playbook_versions v
JOIN plans ON plans.workspace_id = $1 AND plans.hash = v.plan_hash
LEFT JOIN audiences s ON s.workspace_id = $1 AND s.kind = 'segment' AND s.slug = $4
WHERE v.workspace_id = $1 AND v.playbook_id = $2 AND v.version = $3`,
}
const MEMBERS: Statement = {
  name: 'segment-members',
  text: `
SELECT subject_id AS id FROM audience_members
WHERE workspace_id = $1 AND audience_id = $2 AND is_member AND since <= to_timestamp($3 / 1000.0)
  AND ($4::uuid IS NULL OR subject_id > $4)
ORDER BY subject_id LIMIT $5`,
}

/**
 * Enrolls one page of the members that a segment has had since before the planned instant. Safe to repeat: instant and
 * subject are the occurrence.
 * @returns the subject after which the next page begins, or null after the last
 */
export async function enrollSegmentPage(deps: SegmentDeps, page: SegmentPage): Promise<string | null> {
  const { next, runs } = await inTransaction(deps.pool, async (q) => enrollPage(q, page, deps.clock()))
  if (runs.length > 0) await deps.startRuns(runs)
  return next
}

async function enrollPage(
  q: Queryable,
  page: SegmentPage,
  now: number,
): Promise<{ next: string | null; runs: RunRef[] }> {
  const { workspaceId, playbookId, version } = page
  const [found] = await q.rows<{ planHash: string; plan: Plan; segmentId: string | null; subject: string | null }>(
    PLAN,
    [workspaceId, playbookId, version, page.segment],
  )
  // The playbook or the segment was removed since: nobody is in it.
  if (found === undefined || found.segmentId === null) return { next: null, runs: [] }
  const { plan, planHash } = found
  const alike = found.subject === plan.subject
  const members = alike
    ? await q.rows<{ id: string }>(MEMBERS, [workspaceId, found.segmentId, page.scheduledAt, page.after, PAGE])
    : [{ id: null }]
  const playbook = { id: playbookId, version, planHash, subject: plan.subject, enrollment: plan.enrollment }
  const candidates = members.map(
    ({ id }): Candidate => ({
      playbook,
      step: page.step,
      subjectId: id,
      occurrence: occurrence.schedule(page.step, page.scheduledAt, id ?? ''),
      data: { at: new Date(page.scheduledAt).toISOString(), segment: page.segment },
      cause: { kind: 'schedule', at: page.scheduledAt, segment: page.segment },
      eventSeq: null,
      edgeId: null,
      refusal: null,
      why: null,
    }),
  )
  const outcomes = await enroll(q, workspaceId, { candidates, now })
  return {
    next: alike && members.length === PAGE ? (members.at(-1)?.id ?? null) : null,
    // Also those of an earlier try that died before it could start them; starting is safe to repeat.
    runs: toStart(workspaceId, outcomes),
  }
}
