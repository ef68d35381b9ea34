import { type Selectable, sql } from 'kysely'
import type { Scoped } from '../context.ts'
import { page, readCursor } from '../db/cursor.ts'
import type { RunMigrationsTable } from '../db/schema.ts'
import { readPlaybook } from '../playbooks/playbook-store.ts'
import { notFound } from '../problem.ts'
import type { MigrationRow, MigrationRun } from './migration-schemas.ts'

const PAGE = 100
/** Older ones are asked for by their id. */
const SHOWN = 20

/** The newest first. @throws ProblemError 404 */
export async function listMigrations(ctx: Scoped, slug: string): Promise<MigrationRow[]> {
  const playbook = await readPlaybook(ctx, slug)
  const rows = await ctx.db
    .selectFrom('run_migrations')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .orderBy('created_at', 'desc')
    .limit(SHOWN)
    .execute()
  const counts = await countsOf(
    ctx,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => rowOf(row, counts.get(row.id) ?? {}))
}

/** One with its runs, in the order in which they are told. @throws ProblemError 404 */
export async function readMigration(
  ctx: Scoped,
  given: { slug: string; id: string; status?: MigrationRun['status'] | undefined; cursor?: string | null | undefined },
): Promise<{ migration: MigrationRow; data: MigrationRun[]; nextCursor: string | null }> {
  const playbook = await readPlaybook(ctx, given.slug)
  const row = await ctx.db
    .selectFrom('run_migrations')
    .selectAll()
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('id', '=', given.id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('migration', given.id)
  const counts = await countsOf(ctx, [row.id])
  const runs = await runsOf(ctx, given)
  const { data, nextCursor } = page(runs, PAGE, ({ place }) => [place])
  return { migration: rowOf(row, counts.get(row.id) ?? {}), data: data.map(runOf), nextCursor }
}

function runsOf(
  ctx: Scoped,
  given: { id: string; status?: MigrationRun['status'] | undefined; cursor?: string | null | undefined },
) {
  let query = ctx.db
    .selectFrom('run_migration_runs as m')
    .innerJoin('runs', (join) =>
      join.onRef('runs.workspace_id', '=', 'm.workspace_id').onRef('runs.id', '=', 'm.run_id'),
    )
    .leftJoin('contacts', (join) =>
      join.onRef('contacts.workspace_id', '=', 'runs.workspace_id').onRef('contacts.id', '=', 'runs.subject_id'),
    )
    .leftJoin('accounts', (join) =>
      join.onRef('accounts.workspace_id', '=', 'runs.workspace_id').onRef('accounts.id', '=', 'runs.subject_id'),
    )
    .select(['m.run_id', 'm.place', 'm.from_version', 'm.at_steps', 'm.status', 'm.code', 'm.reason', 'm.changed_at'])
    .select(
      sql<string>`coalesce(contacts.name, contacts.email, contacts.external_id, accounts.name, accounts.external_id, runs.subject_id::text)`.as(
        'subject',
      ),
    )
    .where('m.workspace_id', '=', ctx.workspaceId)
    .where('m.migration_id', '=', given.id)
    .orderBy('m.place')
    .limit(PAGE + 1)
  const { status, cursor } = given
  if (status !== undefined) query = query.where('m.status', '=', status)
  if (cursor) query = query.where('m.place', '>', Number(readCursor(cursor, ['count'])[0]))
  return query.execute()
}

const runOf = (row: Awaited<ReturnType<typeof runsOf>>[number]): MigrationRun => ({
  run: row.run_id,
  subject: row.subject,
  fromVersion: row.from_version,
  at: row.at_steps,
  status: row.status,
  code: row.code,
  reason: row.reason,
  changedAt: row.changed_at.toISOString(),
})

type Counts = MigrationRow['counts']

/** How many runs of each migration are where. */
async function countsOf({ db, workspaceId }: Scoped, ids: string[]): Promise<Map<string, Counts>> {
  const counts = new Map<string, Counts>()
  if (ids.length === 0) return counts
  const rows = await db
    .selectFrom('run_migration_runs')
    .select(['migration_id', 'status', sql<number>`count(*)::int`.as('runs')])
    .where('workspace_id', '=', workspaceId)
    .where('migration_id', 'in', ids)
    .groupBy(['migration_id', 'status'])
    .execute()
  for (const { migration_id: id, status, runs } of rows) counts.set(id, { ...counts.get(id), [status]: runs })
  return counts
}

const rowOf = (row: Selectable<RunMigrationsTable>, counts: Counts): MigrationRow => ({
  id: row.id,
  toVersion: row.to_version,
  status: row.status,
  reason: row.reason,
  canary: row.canary,
  perSecond: row.per_second,
  moves: row.moves as unknown as MigrationRow['moves'],
  by: row.actor,
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  total: Object.values(counts).reduce((sum, runs) => sum + runs, 0),
  counts,
})
