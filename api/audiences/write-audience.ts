import { sql } from 'kysely'
import type { Rule } from '../../engine/model/rule.ts'
import { sameJson } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Db } from '../db/database.ts'
import { EVENTS_CHANNEL } from '../db/event-store.ts'
import { newId } from '../db/new-id.ts'
import { onTransaction } from '../db/sql.ts'
import type { Audience, AudienceKind } from '../dispatch/audience-index.ts'
import { changeCatalog } from '../dispatch/workspace-catalog.ts'
import { notFound, problem } from '../problem.ts'
import type { AudienceChange, AudienceInput } from './audience-schemas.ts'
import { checkAudienceRule } from './check-rule.ts'

export interface Scope {
  db: Db
  workspaceId: string
  now: number
}

/**
 * Makes a segment or signal. Dispatchers know it from the commit on; who was there before is asked by the backfill.
 * @throws ProblemError 409 when the slug is taken, 422 when the rule cannot be asked
 */
export async function createAudience(ctx: Scope, kind: AudienceKind, input: AudienceInput): Promise<{ slug: string }> {
  const slug = input.slug ?? slugFrom(input.name)
  await ctx.db.transaction().execute(async (trx) => {
    const scoped = { ...ctx, db: trx }
    await changeCatalog(onTransaction(trx), ctx.workspaceId)
    const others = await readAudiences(scoped)
    if (others.some((other) => other.kind === kind && other.slug === slug))
      throw problem(409, 'SLUG_TAKEN', `There is a ${kind} “${slug}” already. Choose another slug.`)
    checkAudienceRule({ kind, slug, subject: input.subject, rule: input.rule }, others)
    const at = new Date(ctx.now)
    await trx
      .insertInto('audiences')
      .values({
        workspace_id: ctx.workspaceId,
        id: newId(ctx.now),
        kind,
        slug,
        name: input.name,
        description: input.description,
        subject: input.subject,
        rule: JSON.stringify(input.rule),
        created_at: at,
        updated_at: at,
      })
      .execute()
    await wakeDispatchers(trx)
  })
  return { slug }
}

/**
 * Changes words or rule. A new rule is asked for everybody again; what turns by that starts nothing.
 * @throws ProblemError 404, 422
 */
export async function updateAudience(
  ctx: Scope,
  kind: AudienceKind,
  change: AudienceChange,
): Promise<{ slug: string }> {
  await ctx.db.transaction().execute(async (trx) => {
    const scoped = { ...ctx, db: trx }
    await changeCatalog(onTransaction(trx), ctx.workspaceId)
    const all = await readAudiences(scoped)
    const audience = all.find((other) => other.kind === kind && other.slug === change.slug)
    if (audience === undefined) throw notFound(kind, change.slug)
    const rule = change.rule ?? audience.rule
    // Rules are JSON by their schema.
    const asked = !sameJson(rule as unknown as Json, audience.rule as unknown as Json)
    if (asked)
      checkAudienceRule(
        { ...audience, rule },
        all.filter((other) => other !== audience),
      )
    await trx
      .updateTable('audiences')
      .set({
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.description === undefined ? {} : { description: change.description }),
        ...(asked ? { rule: JSON.stringify(rule), backfilled_to: null, backfill_done: false } : {}),
        updated_at: new Date(ctx.now),
      })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', audience.id)
      .execute()
    await wakeDispatchers(trx)
  })
  return { slug: change.slug }
}

/** All that dispatchers work with. */
export async function readAudiences({ db, workspaceId }: Pick<Scope, 'db' | 'workspaceId'>): Promise<Audience[]> {
  const rows = await db
    .selectFrom('audiences')
    .select(['id', 'kind', 'slug', 'subject', 'rule'])
    .where('workspace_id', '=', workspaceId)
    .execute()
  // Written here only, from a checked rule.
  return rows.map((row) => ({ ...row, rule: row.rule as unknown as Rule }))
}

const wakeDispatchers = async (db: Db): Promise<void> => {
  await sql`SELECT pg_notify(${EVENTS_CHANNEL}, '')`.execute(db)
}

/** @throws ProblemError 422 when the name has nothing a slug could be made of */
function slugFrom(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 100)
    .replace(/-+$/, '')
  if (slug === '') throw problem(422, 'SLUG_MISSING', 'The name has no letters a slug could be made of; give a slug.')
  return slug
}
