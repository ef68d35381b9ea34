import { type Expression, type SqlBool, sql } from 'kysely'
import type { Rule } from '../../engine/model/rule.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { readsOf } from '../../engine/rules/reads.ts'
import { subjectProblems } from '../audiences/check-rule.ts'
import { problem, type ProblemPart } from '../problem.ts'
import { compileRule } from '../rules-sql/compile-rule.ts'
import { NotInSql } from '../rules-sql/properties.ts'
import type { CustomerKind } from './sort-order.ts'

/** What a list, a count and an export of the same filter have in common. */
export interface CustomerFilter {
  kind: CustomerKind
  search: string | null
  /** The rule of the filter as a condition on the table; null: everybody. */
  holds: Expression<SqlBool> | null
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
  return {
    kind,
    search: search === undefined || search === '' ? null : search,
    holds: filter === undefined ? null : await compileFilter(ctx, kind, { rule: filter, among }),
  }
}

/** @throws ProblemError 422 */
async function compileFilter(ctx: Scope, kind: CustomerKind, asked: { rule: Rule; among: 'many' | 'few' }) {
  const { rule, among } = asked
  const problems = [...subjectProblems(kind, rule), ...(await unknownNames(ctx, rule))]
  if (problems.length > 0) throw problem(422, 'RULE_INVALID', { detail: problems[0]?.message ?? '', problems })
  try {
    return compileRule(rule, { workspaceId: ctx.workspaceId, subject: kind, now: ctx.now, among })
  } catch (error) {
    if (!(error instanceof NotInSql)) throw error
    throw problem(422, 'RULE_INVALID', { detail: error.message, cause: error })
  }
}

/** What the rule names that is not there: a filter by a segment that was mistyped would otherwise show nobody. */
async function unknownNames({ db, workspaceId }: Scope, rule: Rule): Promise<ProblemPart[]> {
  const reads = readsOf(rule)
  const named = [reads, ...(reads.related === undefined ? [] : [reads.related])].flatMap((of) => [
    ...of.segments.map((slug) => ({ kind: 'segment', slug })),
    ...of.signals.map((slug) => ({ kind: 'signal', slug })),
    ...(of.scores ?? []).map((slug) => ({ kind: 'score', slug })),
  ])
  if (named.length === 0) return []
  const slugs = named.map(({ slug }) => slug)
  const rows = await db
    .selectFrom('audiences')
    .select(['kind', 'slug'])
    .where('workspace_id', '=', workspaceId)
    .where('slug', 'in', slugs)
    .execute()
  const there = new Set(rows.map(({ kind, slug }) => `${kind} ${slug}`))
  return named
    .filter(({ kind, slug }) => !there.has(`${kind} ${slug}`))
    .map(({ kind, slug }) => ({ path: 'filter', message: `There is no ${kind} “${slug}”. Choose another.` }))
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
