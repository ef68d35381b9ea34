import { sql } from 'kysely'
import type { AudienceKind } from '../dispatch/audience-index.ts'
import { notFound } from '../problem.ts'
import type { AudienceHistory, AudienceUses, HistoryInput } from './audience-schemas.ts'
import { findUses } from './find-uses.ts'
import { audienceRecord } from './read-audiences.ts'
import { readAudiences, type Scope } from './write-audience.ts'

interface DayRow {
  day: string
  entered: number
  left: number
  size: number
}

/**
 * Membership over time, by days of the workspace's zone: who entered and left on each, and how many were in it at its
 * end, counted back from how many are in it now.
 * @throws ProblemError 404
 */
export async function audienceHistory(ctx: Scope, kind: AudienceKind, input: HistoryInput): Promise<AudienceHistory> {
  const { id } = await audienceRecord(ctx, kind, input.slug)
  const { time_zone: timeZone } = await ctx.db
    .selectFrom('workspaces')
    .select('time_zone')
    .where('id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  const { rows } = await sql<DayRow>`
    WITH today AS (SELECT (${new Date(ctx.now)}::timestamptz AT TIME ZONE ${timeZone}::text)::date AS day),
    days AS (SELECT (today.day - n)::date AS day FROM today, generate_series(0, ${input.days - 1}::int) AS n),
    turned AS (
      SELECT (at AT TIME ZONE ${timeZone}::text)::date AS day,
        count(*) FILTER (WHERE edge IN ('entered', 'set'))::int AS entered,
        count(*) FILTER (WHERE edge IN ('left', 'cleared'))::int AS left_it
      FROM audience_edges
      WHERE workspace_id = ${ctx.workspaceId} AND audience_id = ${id}
        AND at >= ((SELECT min(day) FROM days)::timestamp AT TIME ZONE ${timeZone}::text)
      GROUP BY 1),
    inside AS (
      SELECT count(*)::int AS n FROM audience_members
      WHERE workspace_id = ${ctx.workspaceId} AND audience_id = ${id} AND is_member)
    SELECT days.day::text AS day, coalesce(entered, 0) AS entered, coalesce(left_it, 0) AS left,
      (inside.n - coalesce(sum(coalesce(entered, 0) - coalesce(left_it, 0)) OVER (
        ORDER BY days.day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::int AS size
    FROM days CROSS JOIN inside LEFT JOIN turned ON turned.day = days.day ORDER BY days.day`.execute(ctx.db)
  const due = await ctx.db
    .selectFrom('audience_members')
    .select((eb) => eb.fn.min('valid_until').as('at'))
    .where('workspace_id', '=', ctx.workspaceId)
    .where('audience_id', '=', id)
    .executeTakeFirst()
  return { timeZone, nextDue: due?.at?.toISOString() ?? null, days: rows }
}

/** What reads a segment or signal: other rules, scores, computed properties, playbooks. @throws ProblemError 404 */
export async function audienceUses(ctx: Scope, kind: AudienceKind, { slug }: { slug: string }): Promise<AudienceUses> {
  const all = await readAudiences(ctx)
  const audience = all.find((one) => one.kind === kind && one.slug === slug)
  if (audience === undefined) throw notFound(kind, slug)
  return { data: await findUses(ctx, audience, all), nextCursor: null }
}
