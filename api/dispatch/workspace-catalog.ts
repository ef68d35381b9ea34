import { buildTriggerIndex, type TriggerIndex } from '../../engine/match/trigger-index.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { Enrollment } from '../../engine/model/playbook.ts'
import type { Queryable, Statement } from '../db/sql.ts'
import { type Audience, type AudienceIndex, buildAudienceIndex, type SubjectKind } from './audience-index.ts'

/** A published playbook that is on, or paused (so that the event debugger can say why nothing started). */
export interface LivePlaybook {
  id: string
  version: number
  planHash: string
  subject: SubjectKind
  enrollment: Enrollment
}

/** What a workspace has published, indexed by what can happen. */
export interface WorkspaceCatalog {
  revision: string
  audiences: AudienceIndex
  /** Ids of those whose rule was not yet asked for everybody. */
  backfilling: ReadonlySet<string>
  triggers: TriggerIndex<LivePlaybook>
  /** The workspace's own, beside those that are always shared. */
  sharedMailboxes: ReadonlySet<string>
  /** Whether some of its runs may wait for more than time and people. */
  listens: boolean
}

export interface CatalogCache {
  /** The workspace's catalog as of this transaction. */
  get(q: Queryable, workspaceId: string): Promise<WorkspaceCatalog>
}

const REVISION: Statement = {
  name: 'catalog-revision',
  text: 'SELECT catalog_revision::text AS revision, shared_mailboxes AS "sharedMailboxes" FROM workspaces WHERE id = $1',
}
const LISTENS: Statement = {
  name: 'catalog-listens',
  text: 'SELECT EXISTS (SELECT 1 FROM plans WHERE workspace_id = $1 AND listens) AS listens',
}
const AUDIENCES: Statement = {
  name: 'catalog-audiences',
  text: `SELECT id, kind, slug, subject, rule, NOT backfill_done AS "isBackfilling" FROM audiences WHERE workspace_id = $1 AND status = 'on' ORDER BY id`,
}
const PLAYBOOKS: Statement = {
  name: 'catalog-playbooks',
  text: `
SELECT p.id, v.version, v.plan_hash AS "planHash"
FROM playbooks p
JOIN playbook_versions v ON v.workspace_id = p.workspace_id AND v.playbook_id = p.id AND v.version = p.live_version
WHERE p.workspace_id = $1 AND p.status IN ('on', 'paused') ORDER BY p.id`,
}
const PLANS: Statement = {
  name: 'catalog-plans',
  text: 'SELECT hash, plan FROM plans WHERE workspace_id = $1 AND hash = ANY($2::text[])',
}

interface PlaybookRow {
  id: string
  version: number
  planHash: string
}

/** By hash, of those a workspace has live: a plan never changes, so publishing one playbook reads one plan. */
type Plans = ReadonlyMap<string, Plan>

async function plansOf(q: Queryable, workspaceId: string, given: { hashes: string[]; known: Plans }): Promise<Plans> {
  const missing = given.hashes.filter((hash) => !given.known.has(hash))
  const read =
    missing.length === 0 ? [] : await q.rows<{ hash: string; plan: Plan }>(PLANS, [workspaceId, [...new Set(missing)]])
  const fresh = new Map(read.map(({ hash, plan }) => [hash, plan]))
  return new Map(
    given.hashes.flatMap((hash): Array<[string, Plan]> => {
      const plan = given.known.get(hash) ?? fresh.get(hash)
      return plan === undefined ? [] : [[hash, plan]]
    }),
  )
}

/** Keeps catalogs in memory; publishing, pausing, audience changes and the end of a backfill raise the workspace's revision. */
export function createCatalogCache(): CatalogCache {
  const known = new Map<string, { catalog: WorkspaceCatalog; plans: Plans }>()
  return {
    get: async (q, workspaceId) => {
      const [row] = await q.rows<{ revision: string; sharedMailboxes: string[] }>(REVISION, [workspaceId])
      if (row === undefined) throw new Error(`Workspace ${workspaceId} is gone.`)
      const cached = known.get(workspaceId)
      if (cached?.catalog.revision === row.revision) return cached.catalog
      const rows = await q.rows<Audience & { isBackfilling: boolean }>(AUDIENCES, [workspaceId])
      const playbooks = await q.rows<PlaybookRow>(PLAYBOOKS, [workspaceId])
      const hashes = playbooks.map(({ planHash }) => planHash)
      const plans = await plansOf(q, workspaceId, { hashes, known: cached?.plans ?? new Map() })
      const published = playbooks.flatMap((playbook) => {
        const plan = plans.get(playbook.planHash)
        return plan === undefined ? [] : [{ key: livePlaybook(playbook, plan), plan }]
      })
      const [listening] = await q.rows<{ listens: boolean }>(LISTENS, [workspaceId])
      const catalog = {
        revision: row.revision,
        audiences: buildAudienceIndex(rows),
        backfilling: new Set(rows.filter((row) => row.isBackfilling).map(({ id }) => id)),
        triggers: buildTriggerIndex(published),
        sharedMailboxes: new Set(row.sharedMailboxes),
        listens: listening?.listens ?? false,
      }
      known.set(workspaceId, { catalog, plans })
      return catalog
    },
  }
}

const livePlaybook = ({ id, version, planHash }: PlaybookRow, plan: Plan): LivePlaybook => ({
  id,
  version,
  planHash,
  subject: plan.subject,
  enrollment: plan.enrollment,
})

/** Dispatchers hold this shared while they work a batch; whoever changes audiences takes it alone for a moment. */
const CATALOG_LOCK = { first: 0x5b0002, second: 0 }
const SHARE: Statement = {
  name: 'catalog-share',
  text: `SELECT pg_advisory_xact_lock_shared(${CATALOG_LOCK.first}, ${CATALOG_LOCK.second})`,
}
const EXCLUSIVE: Statement = {
  name: 'catalog-exclusive',
  text: `SELECT pg_advisory_xact_lock(${CATALOG_LOCK.first}, ${CATALOG_LOCK.second})`,
}
const BUMP: Statement = {
  name: 'catalog-bump',
  text: 'UPDATE workspaces SET catalog_revision = catalog_revision + 1 WHERE id = $1',
}

/** Taken before a batch reads the catalog, and held to its end: no batch works with an audience list that was replaced. */
export const shareCatalog = async (q: Queryable): Promise<void> => {
  await q.rows(SHARE, [])
}

/**
 * Changes what dispatchers work with, in the caller's transaction: batches under way finish first, the next see the
 * change. Without this a subject could slip between the old list and the backfill of a new audience.
 */
export async function changeCatalog(q: Queryable, workspaceId: string): Promise<void> {
  await q.rows(EXCLUSIVE, [])
  await raiseRevision(q, workspaceId)
}

/** Lets dispatchers read the catalog again where batches under way may go on with what they have. */
export async function raiseRevision(q: Queryable, workspaceId: string): Promise<void> {
  await q.rows(BUMP, [workspaceId])
}
