import { sql } from 'kysely'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { Scoped } from '../context.ts'
import type { Db } from '../db/database.ts'
import { notFound } from '../problem.ts'
import type { PlaybookRow } from './playbook-schemas.ts'

const DAY_MS = 24 * 3600 * 1000

export interface StoredPlaybook {
  id: string
  slug: string
  name: string
  status: 'draft' | 'on' | 'paused' | 'archived'
  /** Kept as it was sent: a draft may have problems, its outer shape is checked when it is saved. */
  draft: PlaybookDocument
  draftRevision: number
  liveVersion: number | null
  /** Steps that split by their id alone: see `DrawnPlaybook`. */
  plainSplits: string[]
}

/** @throws ProblemError 404 */
export async function readPlaybook(
  { db, workspaceId }: Scoped,
  slug: string,
  options: { lock?: boolean } = {},
): Promise<StoredPlaybook> {
  const row = await db
    .selectFrom('playbooks')
    .select(['id', 'slug', 'name', 'status', 'draft', 'draft_revision', 'live_version', 'plain_splits'])
    .where('workspace_id', '=', workspaceId)
    .where('slug', '=', slug)
    .$if(options.lock === true, (query) => query.forUpdate())
    .executeTakeFirst()
  if (row === undefined) throw notFound('playbook', slug)
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    status: row.status,
    draft: row.draft as unknown as PlaybookDocument,
    draftRevision: row.draft_revision,
    liveVersion: row.live_version,
    plainSplits: row.plain_splits,
  }
}

export interface StoredVersion {
  version: number
  document: PlaybookDocument
  planHash: string
  publishedAt: Date
  publishedBy: string
}

/** @throws ProblemError 404 */
export async function readVersion(
  { db, workspaceId }: Scoped,
  playbook: { id: string; slug: string },
  version: number,
): Promise<StoredVersion> {
  const row = await db
    .selectFrom('playbook_versions')
    .select(['version', 'document', 'plan_hash', 'published_at', 'published_by'])
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('version', '=', version)
    .executeTakeFirst()
  if (row === undefined) throw notFound(`version of ${playbook.slug}`, String(version))
  return {
    version: row.version,
    document: row.document as unknown as PlaybookDocument,
    planHash: row.plan_hash,
    publishedAt: row.published_at,
    publishedBy: row.published_by,
  }
}

/** All playbooks, the last edited first, with how their runs are doing. */
export async function listPlaybooks({ db, workspaceId, now }: Scoped): Promise<PlaybookRow[]> {
  const rows = await db
    .selectFrom('playbooks')
    .leftJoin('playbook_versions as live', (join) =>
      join
        .onRef('live.workspace_id', '=', 'playbooks.workspace_id')
        .onRef('live.playbook_id', '=', 'playbooks.id')
        .onRef('live.version', '=', 'playbooks.live_version'),
    )
    .select(['id', 'slug', 'name', 'status', 'draft_revision', 'live_version', 'updated_at'])
    .select(sql<string>`playbooks.draft ->> 'subject'`.as('subject'))
    .select(sql<boolean>`live.document::jsonb IS DISTINCT FROM playbooks.draft::jsonb`.as('unpublished'))
    .where('playbooks.workspace_id', '=', workspaceId)
    .orderBy('updated_at', 'desc')
    .execute()
  const counts = await countRuns(db, workspaceId, new Date(now - DAY_MS))
  return rows.map((row) => ({
    slug: row.slug,
    name: row.name,
    status: row.status,
    subject: row.subject === 'account' ? 'account' : 'contact',
    liveVersion: row.live_version,
    draftRevision: row.draft_revision,
    hasUnpublishedChanges: row.unpublished,
    updatedAt: row.updated_at.toISOString(),
    runs: counts.get(row.id) ?? { open: 0, completed: 0, failed: 0, last24h: 0 },
  }))
}

async function countRuns(db: Db, workspaceId: string, since: Date): Promise<Map<string, PlaybookRow['runs']>> {
  const rows = await db
    .selectFrom('runs')
    .select('playbook_id')
    .select(sql<number>`count(*) FILTER (WHERE ended_at IS NULL)::int`.as('open'))
    .select(sql<number>`count(*) FILTER (WHERE status IN ('completed', 'exited'))::int`.as('completed'))
    .select(sql<number>`count(*) FILTER (WHERE status = 'failed')::int`.as('failed'))
    .select(sql<number>`count(*) FILTER (WHERE created_at > ${since})::int`.as('last24h'))
    .where('workspace_id', '=', workspaceId)
    .groupBy('playbook_id')
    .execute()
  return new Map(rows.map(({ playbook_id: id, ...counts }) => [id, counts]))
}
