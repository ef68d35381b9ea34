import { type Expression, type SqlBool, sql } from 'kysely'
import type { Rule } from '../../engine/model/rule.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { readsOf } from '../../engine/rules/reads.ts'
import { subjectProblems } from '../audiences/check-rule.ts'
import { problem, type ProblemPart } from '../problem.ts'
import { compileRule } from '../rules-sql/compile-rule.ts'
import { type KnownAudience, knownKey } from '../rules-sql/place.ts'
import { NotInSql } from '../rules-sql/properties.ts'
import { type CustomerKind, TABLE } from './sort-order.ts'

/** What a list, a count and an export of the same filter have in common. */
export interface CustomerFilter {
  kind: CustomerKind
  search: string | null
  /** The rule of the filter as a condition on the table; null: everybody. */
  holds: Expression<SqlBool> | null
  /**
   * Whether so few are left that they are found first and sorted then. Else a page is filled by walking the order: of
   * many that ends soon.
   */
  few: boolean
}

/**
 * A filter as it was asked for, checked and compiled once for all pages that are read with it.
 * @param input.among few: for a page, subject by subject through the indexes; many: everybody at once
 * @throws ProblemError 422 when the rule cannot be asked about subjects of this kind
 */
export async function customerFilter(
  ctx: Scope,
  kind: CustomerKind,
  input: { search?: string | undefined; filter?: Rule | undefined; among: 'many' | 'few' },
): Promise<CustomerFilter> {
  const { search, filter, among } = input
  const common = { kind, search: search === undefined || search === '' ? null : search }
  if (filter === undefined) return { ...common, holds: null, few: false }
  const named = await namedBy(ctx, filter)
  const problems = [...subjectProblems(kind, filter), ...unknownNames(filter, named)]
  if (problems.length > 0) throw problem(422, 'RULE_INVALID', { detail: problems[0]?.message ?? '', problems })
  const holds = compileFilter(ctx, kind, { rule: filter, among, known: named })
  // Whoever counts asks everybody.
  return { ...common, holds, few: among === 'few' && (await leavesFew(ctx, kind, { rule: filter, named })) }
}

/** @throws ProblemError 422 */
function compileFilter(
  ctx: Scope,
  kind: CustomerKind,
  asked: { rule: Rule; among: 'many' | 'few'; known: ReadonlyMap<string, KnownAudience> },
) {
  const { rule, among, known } = asked
  try {
    return compileRule(rule, { workspaceId: ctx.workspaceId, subject: kind, now: ctx.now, among, known })
  } catch (error) {
    if (!(error instanceof NotInSql)) throw error
    throw problem(422, 'RULE_INVALID', { detail: error.message, cause: error })
  }
}

/** The segments, signals and scores that a rule names. */
function namesIn(rule: Rule): Array<{ kind: string; slug: string }> {
  const reads = readsOf(rule)
  return [reads, ...(reads.related === undefined ? [] : [reads.related])].flatMap((of) => [
    ...of.segments.map((slug) => ({ kind: 'segment', slug })),
    ...of.signals.map((slug) => ({ kind: 'signal', slug })),
    ...(of.scores ?? []).map((slug) => ({ kind: 'score', slug })),
  ])
}

/** Those of them that are there. */
async function namedBy({ db, workspaceId }: Scope, rule: Rule): Promise<Map<string, KnownAudience>> {
  const slugs = namesIn(rule).map(({ slug }) => slug)
  if (slugs.length === 0) return new Map()
  const rows = await db
    .selectFrom('audiences')
    .select(['kind', 'slug', 'id', 'subject'])
    .where('workspace_id', '=', workspaceId)
    .where('slug', 'in', slugs)
    .execute()
  return new Map(rows.map(({ kind, slug, id, subject }) => [knownKey(kind, slug), { id, subject }]))
}

/** What the rule names that is not there: a filter by a segment that was mistyped would otherwise show nobody. */
const unknownNames = (rule: Rule, named: ReadonlyMap<string, KnownAudience>): ProblemPart[] =>
  namesIn(rule)
    .filter(({ kind, slug }) => !named.has(knownKey(kind, slug)))
    .map(({ kind, slug }) => ({ path: 'filter', message: `There is no ${kind} “${slug}”. Choose another.` }))

/** Of so many members a page is sorted in some tens of milliseconds; an account has many contacts. */
const FEW = { own: 10_000, throughAccounts: 500 }
/** Who is outside of a segment is not counted: the last changed say whether there are some. */
const LOOKED_AT = 1000
const OUTSIDE = LOOKED_AT / 100

/** Whether a segment or signal that the rule cannot hold without leaves few. */
async function leavesFew(
  ctx: Scope,
  kind: CustomerKind,
  { rule, named }: { rule: Rule; named: ReadonlyMap<string, KnownAudience> },
): Promise<boolean> {
  for (const { key, inside } of neededBy(rule)) {
    const audience = named.get(key)
    if (audience === undefined) continue
    const isOwn = audience.subject === kind
    const few = inside
      ? await hasFew(ctx, audience.id, isOwn ? FEW.own : FEW.throughAccounts)
      : isOwn && (await hasNearlyAll(ctx, audience.id, kind))
    if (few) return true
  }
  return false
}

/** The segments and signals somebody has to be in, or out of, wherever else they are. */
function neededBy(rule: Rule): Array<{ key: string; inside: boolean }> {
  if ('all' in rule) return rule.all.flatMap(neededBy)
  if ('segment' in rule) return [{ key: knownKey('segment', rule.segment), inside: rule.is === 'in' }]
  if ('signal' in rule) return [{ key: knownKey('signal', rule.signal), inside: rule.is === 'set' }]
  return []
}

async function hasFew({ db, workspaceId }: Scope, audienceId: string, few: number): Promise<boolean> {
  const { rows } = await sql<{ few: boolean }>`
    SELECT NOT EXISTS (SELECT 1 FROM audience_members WHERE workspace_id = ${workspaceId} AND audience_id = ${audienceId} AND is_member
      OFFSET ${few}) AS few`.execute(db)
  return rows[0]?.few === true
}

async function hasNearlyAll({ db, workspaceId }: Scope, audienceId: string, kind: CustomerKind): Promise<boolean> {
  const { rows } = await sql<{ few: boolean }>`
    SELECT count(*) < ${OUTSIDE} AS few
    FROM (SELECT id FROM ${sql.table(TABLE[kind])} WHERE workspace_id = ${workspaceId} ORDER BY updated_at DESC, id LIMIT ${LOOKED_AT}) AS newest
    WHERE NOT EXISTS (SELECT 1 FROM audience_members AS kept WHERE kept.workspace_id = ${workspaceId}
      AND kept.audience_id = ${audienceId} AND kept.subject_id = newest.id AND kept.is_member)`.execute(db)
  return rows[0]?.few === true
}

/** Everything a row has to fulfil, as conditions on the table `contacts` or `accounts` with the alias `subject`. */
export function conditionsOf({ workspaceId }: Scope, filter: CustomerFilter): Array<Expression<SqlBool>> {
  const { search, holds } = filter
  return [
    sql<SqlBool>`subject.workspace_id = ${workspaceId}`,
    ...(filter.kind === 'contact' ? [sql<SqlBool>`subject.merged_into IS NULL`] : []),
    ...(search === null ? [] : [searched(filter.kind, search)]),
    ...(holds === null ? [] : [holds]),
  ]
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const WORDS = {
  contact: sql`coalesce(subject.name, '') || ' ' || coalesce(subject.email, '') || ' ' || coalesce(subject.external_id, '')`,
  account: sql`coalesce(subject.name, '') || ' ' || coalesce(subject.external_id, '')`,
}

/**
 * Whoever has, for every word of the search, a word that begins so in the name, the e-mail address or the own id. The
 * expression is that of the index `contacts_words` or `accounts_words`; the two change together.
 */
function searched(kind: CustomerKind, search: string): Expression<SqlBool> {
  if (UUID.test(search)) return sql`(subject.id = ${search}::uuid OR subject.external_id = ${search})`
  // Only letters and digits are left of the words, so none can mean something in the query.
  return sql`to_tsvector('simple', regexp_replace(lower(${WORDS[kind]}), '[^[:alnum:]]+', ' ', 'g')) @@ (
    SELECT string_agg(word || ':*', ' & ')::tsquery
    FROM regexp_split_to_table(lower(${search}::text), '[^[:alnum:]]+') AS word WHERE word <> '')`
}
