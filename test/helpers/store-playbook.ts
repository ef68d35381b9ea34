import type { Kysely } from 'kysely'
import { newId } from '../../api/db/new-id.ts'
import type { Database } from '../../api/db/schema.ts'
import { planHash } from '../../engine/ids.ts'
import type { Plan } from '../../engine/model/plan.ts'
import { canListen } from '../../engine/run/listens.ts'

/** Where something is stored, and when. */
export interface Place {
  db: Kysely<Database>
  workspaceId: string
  /** Milliseconds since 1970; left out: now. */
  now?: number
}

/**
 * Stores a plan as publishing stores it; once, however often it is stored.
 * @returns its content address
 */
export async function storePlan({ db, workspaceId, now = Date.now() }: Place, plan: Plan): Promise<string> {
  const text = JSON.stringify(plan)
  const hash = planHash(workspaceId, text)
  await db
    .insertInto('plans')
    .values({ workspace_id: workspaceId, hash, plan: text, listens: canListen(plan), created_at: new Date(now) })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return hash
}

/**
 * Stores a playbook without a document, for tests of what comes after publishing: a draft, or with a plan one that is
 * published as version 1.
 * @param given.status left out: on where it has a plan, else a draft
 * @returns its id
 */
export async function storePlaybook(
  place: Place,
  given: { id?: string; slug?: string; name?: string; plan?: Plan; status?: 'draft' | 'on' | 'paused' } = {},
): Promise<string> {
  const { db, workspaceId, now = Date.now() } = place
  const { id = newId(now), slug = id, name = slug, plan } = given
  const { status = plan === undefined ? 'draft' : 'on' } = given
  const at = new Date(now)
  const versions = plan === undefined ? {} : { live_version: 1 }
  await db
    .insertInto('playbooks')
    .values({
      workspace_id: workspaceId,
      id,
      slug,
      name,
      status,
      draft: '{}',
      created_at: at,
      updated_at: at,
      ...versions,
    })
    .execute()
  if (plan === undefined) return id
  const version = { version: 1, document: '{}', plan_hash: await storePlan(place, plan) }
  await db
    .insertInto('playbook_versions')
    .values({ workspace_id: workspaceId, playbook_id: id, ...version, published_by: 'test', published_at: at })
    .execute()
  return id
}
