import type pg from 'pg'
import type { Plan } from '../../engine/model/plan.ts'
import type { RunRef } from '../../engine/ports.ts'
import { inTransaction, msOf, onPool, type Queryable, type Statement } from '../db/sql.ts'
import { type Candidate, enroll, occurrence, toStart } from './enroll.ts'

/** Existing members of a segment or signal on their way into a version that admits them. */

const MINUTE = 60_000
/** So many at a time; the rate is kept by the time between two pages. */
const PAGE = 200
/** A worker that was away makes up for so much, and no more: the rest would come as a burst. */
const CATCH_UP_MS = 5_000

interface Due {
  workspaceId: string
  id: string
  playbookId: string
  version: number
  step: string
  audienceId: string
  kind: 'segment' | 'signal'
  slug: string
  perMinute: number
  sinceBefore: number
  after: string | null
  nextAt: number
  planHash: string
  plan: Plan
}

export interface AdmissionDeps {
  pool: pg.Pool
  clock: () => number
  startRuns(runs: RunRef[]): Promise<void>
  /** Told of an admission that could not go on; the others do. */
  onError(error: unknown): void
}

/** An admission in which something broke is let rest so long. */
const REST_MS = 30_000

/**
 * Lets in what is due of all admissions, each at its own rate. How far one is, is committed with who entered; a run that
 * was not started any more is one of those that are overdue.
 * @returns how many members were asked about
 */
export async function workAdmissions(deps: AdmissionDeps): Promise<number> {
  let asked = 0
  for (;;) {
    const now = deps.clock()
    let due: Due | undefined
    try {
      const page = await inTransaction(deps.pool, async (q) => {
        due = (await q.rows<Due>(DUE, [now]))[0]
        return due === undefined ? null : admitPage(q, due, now)
      })
      if (page === null) return asked
      asked += page.asked
      if (page.runs.length > 0) await deps.startRuns(page.runs)
    } catch (error) {
      if (due === undefined) throw error
      deps.onError(error)
      // It is the first that is due, and would be again.
      await onPool(deps.pool).rows(RESTS, [due.workspaceId, due.id, now + REST_MS])
    }
  }
}

async function admitPage(q: Queryable, due: Due, now: number): Promise<{ asked: number; runs: RunRef[] }> {
  const { workspaceId, perMinute } = due
  const size = Math.min(PAGE, Math.max(1, Math.floor(perMinute / 60)))
  const members = await q.rows<Member>(MEMBERS, [
    workspaceId,
    due.audienceId,
    due.sinceBefore,
    due.after,
    size,
    due.playbookId,
  ])
  const candidates = members.map((member) => candidateOf(due, member))
  const outcomes = await enroll(q, workspaceId, { candidates, now })
  const pace = (size * MINUTE) / perMinute
  await q.rows(ADVANCED, [
    workspaceId,
    due.id,
    members.at(-1)?.id ?? due.after,
    members.length,
    outcomes.filter(({ outcome }) => outcome === 'started' || outcome === 'waiting').length,
    (due.nextAt + CATCH_UP_MS < now ? now : due.nextAt) + pace,
    members.length < size,
    now,
  ])
  return { asked: members.length, runs: toStart(workspaceId, outcomes) }
}

interface Member {
  id: string
  since: number
  accountId: string | null
}

function candidateOf(due: Due, { id, since, accountId }: Member): Candidate {
  const { plan, planHash, kind, slug, step } = due
  const edge = kind === 'segment' ? 'entered' : 'set'
  return {
    playbook: {
      id: due.playbookId,
      version: due.version,
      planHash,
      subject: plan.subject,
      enrollment: plan.enrollment,
    },
    step,
    subjectId: id,
    occurrence: occurrence.existing(step, id, since),
    data: { [kind]: slug, edge, at: new Date(since).toISOString() },
    cause: {
      kind: 'existing',
      admission: due.id,
      audience: { kind, slug },
      contactId: plan.subject === 'contact' ? id : null,
      accountId: plan.subject === 'account' ? id : accountId,
    },
    eventSeq: null,
    edgeId: null,
    refusal: null,
    why: null,
  }
}

// A playbook that is paused keeps those who wait outside: they enter when it is on again.
const DUE: Statement = {
  name: 'admission-due',
  text: `SELECT a.workspace_id AS "workspaceId", a.id, a.playbook_id AS "playbookId", a.version, a.step, a.audience_id AS "audienceId",
      u.kind, u.slug, a.per_minute AS "perMinute", ${msOf('a.since_before')} AS "sinceBefore", a.after, ${msOf('a.next_at')} AS "nextAt",
      v.plan_hash AS "planHash", plans.plan
    FROM admissions a
    JOIN playbooks p ON p.workspace_id = a.workspace_id AND p.id = a.playbook_id AND p.status = 'on' AND p.live_version = a.version
    JOIN playbook_versions v ON v.workspace_id = a.workspace_id AND v.playbook_id = a.playbook_id AND v.version = a.version
    JOIN plans ON plans.workspace_id = a.workspace_id AND plans.hash = v.plan_hash
    JOIN audiences u ON u.workspace_id = a.workspace_id AND u.id = a.audience_id
    WHERE a.status = 'running' AND a.next_at <= to_timestamp($1 / 1000.0)
    ORDER BY a.next_at, a.id LIMIT 1 FOR UPDATE OF a SKIP LOCKED`,
}
/** Whether a member has begun a run of the playbook since it is one: by its edge, or by an admission before. */
export const hasEntered = (member: string, playbookId: string): string => `EXISTS (
  SELECT 1 FROM runs r WHERE r.workspace_id = ${member}.workspace_id AND r.playbook_id = ${playbookId}
    AND r.subject_id = ${member}.subject_id AND r.created_at >= ${member}.since)`
const MEMBERS: Statement = {
  name: 'admission-members',
  text: `SELECT m.subject_id AS id, ${msOf('m.since')} AS since, (
      SELECT min(account_id::text) FROM account_contacts WHERE workspace_id = $1 AND contact_id = m.subject_id HAVING count(*) = 1) AS "accountId"
    FROM audience_members m
    WHERE m.workspace_id = $1 AND m.audience_id = $2 AND m.is_member AND m.since <= to_timestamp($3 / 1000.0)
      AND ($4::uuid IS NULL OR m.subject_id > $4) AND NOT ${hasEntered('m', '$6')}
    ORDER BY m.subject_id LIMIT $5`,
}
const RESTS: Statement = {
  name: 'admission-rests',
  text: `UPDATE admissions SET next_at = GREATEST(next_at, to_timestamp($3 / 1000.0)) WHERE workspace_id = $1 AND id = $2`,
}
const ADVANCED: Statement = {
  name: 'admission-advanced',
  text: `UPDATE admissions SET after = $3, asked = asked + $4, started = started + $5, next_at = to_timestamp($6 / 1000.0),
      status = CASE WHEN $7 THEN 'done' ELSE status END, ended_at = CASE WHEN $7 THEN to_timestamp($8 / 1000.0) END
    WHERE workspace_id = $1 AND id = $2`,
}
