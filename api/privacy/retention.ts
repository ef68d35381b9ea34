import { sql } from 'kysely'
import { KEPT_BEYOND_DAYS } from '../../engine/rules/far-windows.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context, Scoped } from '../context.ts'
import { whatLooksFurther } from './looks-further.ts'
import type { RetentionView } from './privacy-schemas.ts'

export const DAY_MS = 86_400_000
/** An import of what happened long ago is not deleted at once: there is a day to keep more. */
export const AFTER_RECEIPT_MS = DAY_MS
/** Counted so far. */
const MOST = 100_000

interface Days {
  keepEventsDays: number
  keepRunsDays: number
}

/** How long the workspace keeps what, and what the next sweep deletes with that. */
export async function readRetention(ctx: Scoped): Promise<RetentionView> {
  const row = await ctx.db
    .selectFrom('workspaces')
    .select(['keep_events_days', 'keep_runs_days'])
    .where('id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  return previewRetention(ctx, { keepEventsDays: row.keep_events_days, keepRunsDays: row.keep_runs_days })
}

/** What the next sweep would delete with these days, and what looks at more than would be left. */
export async function previewRetention(ctx: Scoped, days: Days): Promise<RetentionView> {
  const { db, workspaceId, now } = ctx
  const events = await sql<{ n: number }>`SELECT count(*)::int AS n FROM (
      SELECT 1 FROM events_kept WHERE workspace_id = ${workspaceId} AND occurred_at < ${eventsBefore(now, days.keepEventsDays)}
        AND received_at < ${new Date(now - AFTER_RECEIPT_MS)} LIMIT ${MOST}) AS old`.execute(db)
  const ended = before(now, days.keepRunsDays)
  const runs = await sql<{ n: number }>`SELECT count(*)::int AS n FROM (
      SELECT 1 FROM runs WHERE workspace_id = ${workspaceId} AND created_at < ${ended} AND ended_at < ${ended} LIMIT ${MOST}) AS old`.execute(
    db,
  )
  return {
    ...days,
    next: { events: events.rows[0]?.n ?? 0, runs: runs.rows[0]?.n ?? 0 },
    looksFurther: await whatLooksFurther(ctx, days.keepEventsDays),
  }
}

/** In force at the next sweep. */
export async function changeRetention(ctx: Context, days: Days): Promise<RetentionView> {
  await ctx.db.transaction().execute(async (trx) => {
    const was = await trx
      .selectFrom('workspaces')
      .select(['keep_events_days', 'keep_runs_days'])
      .where('id', '=', ctx.workspaceId)
      .forUpdate()
      .executeTakeFirstOrThrow()
    await trx
      .updateTable('workspaces')
      .set({ keep_events_days: days.keepEventsDays, keep_runs_days: days.keepRunsDays })
      .where('id', '=', ctx.workspaceId)
      .execute()
    const detail = { from: { events: was.keep_events_days, runs: was.keep_runs_days }, to: { ...days } }
    await writeAudit(trx, ctx, { action: 'workspace.retention', target: ctx.workspaceId, detail })
  })
  return previewRetention(ctx, days)
}

/** Events that occurred before are no longer kept. */
export const eventsBefore = (now: number, days: number): Date => before(now, days + KEPT_BEYOND_DAYS)

export const before = (now: number, days: number): Date => new Date(now - days * DAY_MS)
