import { sql } from 'kysely'
import type { Db } from '../db/database.ts'
import type { AlertDetail, AlertKind } from './alert-words.ts'
import { type AlertLimits, DEFAULT_LIMITS, healthOf, LATELY_MS } from './health.ts'

/** What is seen now of one thing that may have an alert. */
export interface Seen {
  workspaceId: string
  kind: AlertKind
  /** Id of the playbook or connection. */
  target: string
  state: 'failing' | 'well' | 'unsure'
  detail: AlertDetail
}

/** Ended runs of a playbook by which it is judged. */
const SAMPLE = 100

/** Everything that is wrong now, and of failing playbooks that had an alert also whether they are well again. */
export async function observe(db: Db, now: number): Promise<Seen[]> {
  const [connections, reviews, playbooks] = await Promise.all([
    pausedConnections(db),
    openReviews(db),
    failingPlaybooks(db, now),
  ])
  return [...connections, ...reviews, ...playbooks]
}

/** A person who paused one knows it. */
async function pausedConnections(db: Db): Promise<Seen[]> {
  const rows = await db
    .selectFrom('connections')
    .select(['workspace_id', 'id', 'slug', 'name', sql<string | null>`fault ->> 'message'`.as('message')])
    .where('status', '=', 'paused')
    .where(sql<boolean>`fault ->> 'code' IS DISTINCT FROM 'CONNECTION_PAUSED'`)
    .execute()
  return rows.map(({ workspace_id: workspaceId, id: target, slug, name, message }) => ({
    workspaceId,
    kind: 'connection-paused',
    target,
    state: 'failing',
    detail: { name, slug, ...(message === null ? {} : { message }) },
  }))
}

async function openReviews(db: Db): Promise<Seen[]> {
  const { rows } = await sql<{ workspace_id: string; id: string; slug: string; name: string; reviews: number }>`
    SELECT p.workspace_id, p.id, p.slug, p.name, count(*)::int AS reviews FROM effects e
    JOIN runs r ON r.workspace_id = e.workspace_id AND r.id = e.run_id
    JOIN playbooks p ON p.workspace_id = r.workspace_id AND p.id = r.playbook_id
    WHERE e.status = 'unknown' GROUP BY p.workspace_id, p.id`.execute(db)
  return rows.map(({ workspace_id: workspaceId, id: target, slug, name, reviews }) => ({
    workspaceId,
    kind: 'playbook-reviews',
    target,
    state: 'failing',
    detail: { name, slug, reviews },
  }))
}

interface PlaybookRow {
  workspace_id: string
  id: string
  slug: string
  name: string
  first_failure: boolean | null
  failed_percent: number | null
  runs: Array<{ failed: boolean; at: number }> | null
}

async function failingPlaybooks(db: Db, now: number): Promise<Seen[]> {
  const { rows } = await sql<PlaybookRow>`
    WITH asked AS (
      SELECT DISTINCT workspace_id, playbook_id AS id FROM runs WHERE status = 'failed' AND ended_at > ${new Date(now - LATELY_MS)}
      UNION
      SELECT workspace_id, target FROM alerts WHERE kind = 'playbook-failing' AND recovered_at IS NULL)
    SELECT p.workspace_id, p.id, p.slug, p.name, s.first_failure, s.failed_percent, sample.runs FROM asked
    JOIN playbooks p ON p.workspace_id = asked.workspace_id AND p.id = asked.id
    LEFT JOIN alert_settings s ON s.workspace_id = p.workspace_id
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('failed', r.status = 'failed', 'at', extract(epoch FROM r.ended_at) * 1000)) AS runs
      FROM (
        SELECT status, ended_at FROM runs WHERE workspace_id = p.workspace_id AND playbook_id = p.id
          AND ended_at IS NOT NULL AND status <> 'cancelled' ORDER BY created_at DESC LIMIT ${SAMPLE}) r) sample`.execute(
    db,
  )
  return rows.map((row): Seen => {
    const limits: AlertLimits = {
      firstFailure: row.first_failure ?? DEFAULT_LIMITS.firstFailure,
      failedPercent: row.failed_percent ?? DEFAULT_LIMITS.failedPercent,
    }
    const runs = (row.runs ?? []).map(({ failed, at }) => ({ failed, endedAt: at }))
    const { state, failed, ended } = healthOf(runs, limits, now)
    const { workspace_id: workspaceId, id: target, slug, name } = row
    return { workspaceId, kind: 'playbook-failing', target, state, detail: { name, slug, failed, ended } }
  })
}
