import { sql } from 'kysely'
import { sameJson } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Db } from '../db/database.ts'
import { EVENTS_CHANNEL } from '../db/event-store.ts'
import { newId } from '../db/new-id.ts'
import { onTransaction } from '../db/sql.ts'
import type { Audience, AudienceKind, SubjectKind } from '../dispatch/audience-index.ts'
import { changeCatalog } from '../dispatch/workspace-catalog.ts'
import { notFound, problem } from '../problem.ts'
import { checkKept } from './check-kept.ts'
import { checkAudienceRule, type WrittenAudience } from './check-rule.ts'
import { findUses } from './find-uses.ts'

export interface Scope {
  db: Db
  workspaceId: string
  now: number
}

/** What makes one of any kind: `rule` is what its kind is made of, checked by the kind's schema. */
export interface AudienceDraft {
  slug?: string | undefined
  name: string
  description: string
  subject: SubjectKind
  rule: Audience['rule']
}

export interface AudienceUpdate {
  slug: string
  name?: string | undefined
  description?: string | undefined
  rule?: Audience['rule'] | undefined
}

/** What users call each kind. */
export const KIND_WORDS: { [kind in AudienceKind]: string } = {
  segment: 'segment',
  signal: 'signal',
  score: 'score',
  computed: 'computed property',
}

/**
 * Makes a segment, signal, score or computed property. Dispatchers know it from the commit on; who was there before is asked by the backfill.
 * @throws ProblemError 409 when the slug is taken, 422 when the rule cannot be asked
 */
export async function createAudience(ctx: Scope, kind: AudienceKind, input: AudienceDraft): Promise<{ slug: string }> {
  const slug = input.slug ?? slugFrom(input.name)
  await ctx.db.transaction().execute(async (trx) => {
    const scoped = { ...ctx, db: trx }
    await changeCatalog(onTransaction(trx), ctx.workspaceId)
    const others = await readAudiences(scoped)
    if (others.some((other) => other.kind === kind && other.slug === slug))
      throw problem(409, 'SLUG_TAKEN', `There is a ${KIND_WORDS[kind]} “${slug}” already. Choose another slug.`)
    await checkWritten(scoped, { kind, slug, subject: input.subject, rule: input.rule }, others)
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
  change: AudienceUpdate,
): Promise<{ slug: string }> {
  await ctx.db.transaction().execute(async (trx) => {
    const scoped = { ...ctx, db: trx }
    await changeCatalog(onTransaction(trx), ctx.workspaceId)
    const all = await readAudiences(scoped)
    const audience = all.find((other) => other.kind === kind && other.slug === change.slug)
    if (audience === undefined) throw notFound(KIND_WORDS[kind], change.slug)
    const rule = change.rule ?? audience.rule
    // Rules are JSON by their schema.
    const asked = !sameJson(rule as unknown as Json, audience.rule as unknown as Json)
    const others = all.filter((other) => other !== audience)
    if (asked) await checkWritten(scoped, { ...audience, rule }, others)
    await trx
      .updateTable('audiences')
      .set({
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.description === undefined ? {} : { description: change.description }),
        ...(asked ? { rule: JSON.stringify(rule), ...BACKFILL_AGAIN } : {}),
        updated_at: new Date(ctx.now),
      })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', audience.id)
      .execute()
    await wakeDispatchers(trx)
  })
  return { slug: change.slug }
}

/** @throws ProblemError 422 */
async function checkWritten(ctx: Scope, written: WrittenAudience, others: Audience[]): Promise<void> {
  checkAudienceRule(written, others)
  await checkKept(ctx, written)
}

const BACKFILL_AGAIN = { backfilled_to: null, backfill_done: false, backfill_total: null, backfill_count: 0 }

/**
 * Removes one with its history. What a computed property has written stays as it is.
 * @throws ProblemError 404; 409 naming what still reads it
 */
export async function deleteAudience(
  ctx: Scope,
  kind: AudienceKind,
  { slug }: { slug: string },
): Promise<{ slug: string }> {
  await ctx.db.transaction().execute(async (trx) => {
    const scoped = { ...ctx, db: trx }
    await changeCatalog(onTransaction(trx), ctx.workspaceId)
    const all = await readAudiences(scoped)
    const audience = all.find((other) => other.kind === kind && other.slug === slug)
    if (audience === undefined) throw notFound(KIND_WORDS[kind], slug)
    const uses = await findUses(scoped, audience, all)
    if (uses.length > 0)
      throw problem(409, 'STILL_READ', {
        detail:
          `The ${KIND_WORDS[kind]} “${slug}” is still read by ${uses.map(({ words }) => words).join(', ')}. ` +
          'Take it out there first.',
        problems: uses.map(({ path, words }) => ({ path, message: `${words} reads it.` })),
      })
    await trx
      .deleteFrom('audience_edges')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('audience_id', '=', audience.id)
      .execute()
    // Its members go with it.
    await trx
      .deleteFrom('audiences')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', audience.id)
      .execute()
    await wakeDispatchers(trx)
  })
  return { slug }
}

/** All that dispatchers work with. */
export async function readAudiences({ db, workspaceId }: Pick<Scope, 'db' | 'workspaceId'>): Promise<Audience[]> {
  const rows = await db
    .selectFrom('audiences')
    .select(['id', 'kind', 'slug', 'subject', 'rule'])
    .where('workspace_id', '=', workspaceId)
    .execute()
  // Written here only, each rule checked by its kind's schema.
  return rows as unknown as Audience[]
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
