import { sql } from 'kysely'
import type { ComputedDefinition } from '../../engine/model/computed.ts'
import { describeComputed } from '../../engine/scores/describe.ts'
import { progressOf } from '../audiences/read-audiences.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { notFound } from '../problem.ts'
import type { ComputedRow, ComputedView } from './score-schemas.ts'

const SAMPLE = 20

const computedQuery = ({ db, workspaceId }: Scope) =>
  db
    .selectFrom('audiences')
    .selectAll('audiences')
    .select((eb) =>
      eb
        .selectFrom('audience_members as m')
        .select((inner) => inner.fn.countAll<string>().as('n'))
        .where('m.workspace_id', '=', workspaceId)
        .whereRef('m.audience_id', '=', 'audiences.id')
        .where(sql<boolean>`m.is_member AND m.value IS NOT NULL AND m.value <> 'null'`)
        .as('count'),
    )
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', 'computed')

type Queried = Awaited<ReturnType<ReturnType<typeof computedQuery>['executeTakeFirstOrThrow']>>

function rowOf(row: Queried): ComputedRow {
  // Written from a checked definition only.
  const definition = row.rule as unknown as ComputedDefinition
  return {
    slug: row.slug,
    name: row.name,
    description: row.description,
    subject: row.subject,
    definition,
    words: describeComputed(definition),
    count: Number(row.count ?? 0),
    status: row.status,
    backfillDone: row.backfill_done,
    updatedAt: row.updated_at.toISOString(),
  }
}

/** All computed properties, by name, with how many have a value. */
export async function listComputed(ctx: Scope): Promise<{ data: ComputedRow[]; nextCursor: null }> {
  const rows = await computedQuery(ctx).orderBy('name').execute()
  return { data: rows.map(rowOf), nextCursor: null }
}

/** One computed property with the values that changed last. @throws ProblemError 404 */
export async function viewComputed(ctx: Scope, { slug }: { slug: string }): Promise<ComputedView> {
  const found = await computedQuery(ctx).where('slug', '=', slug).executeTakeFirst()
  if (found === undefined) throw notFound('computed property', slug)
  const values = await ctx.db
    .selectFrom('audience_members')
    .select(['subject_id', 'value', 'since'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('audience_id', '=', found.id)
    .where('is_member', '=', true)
    .orderBy('since', 'desc')
    .orderBy('subject_id')
    .limit(SAMPLE)
    .execute()
  const subjects = await subjectViews(
    ctx,
    values.map((row) => row.subject_id),
  )
  return {
    ...rowOf(found),
    backfill: progressOf(found),
    sample: values.map(({ subject_id: id, value, since }) => ({
      subject: subjects.get(id) ?? goneView(found.subject, id),
      value,
      since: since.toISOString(),
    })),
  }
}
