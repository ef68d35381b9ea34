import { sql } from 'kysely'
import type { Scoped } from '../context.ts'
import { view } from '../customers/subject-view.ts'
import { page, readCursor } from '../db/cursor.ts'
import { notFound } from '../problem.ts'
import type { RunRow } from './run-schemas.ts'

const PAGE = 50

/** Runs with their playbook and the names of their subject, as lists and the run page show them. */
const runQuery = ({ db, workspaceId }: Scoped) =>
  db
    .selectFrom('runs')
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .leftJoin('contacts', (join) =>
      join
        .onRef('contacts.workspace_id', '=', 'runs.workspace_id')
        .onRef('contacts.id', '=', 'runs.subject_id')
        .on('runs.subject_kind', '=', 'contact'),
    )
    .leftJoin('accounts', (join) =>
      join
        .onRef('accounts.workspace_id', '=', 'runs.workspace_id')
        .onRef('accounts.id', '=', 'runs.subject_id')
        .on('runs.subject_kind', '=', 'account'),
    )
    .select([
      'runs.id',
      'runs.playbook_id',
      'runs.plan_hash',
      'runs.version',
      'runs.first_plan_hash',
      'runs.status',
      'runs.reason',
      'runs.subject_kind',
      'runs.subject_id',
      'runs.at_steps',
      'runs.held_by',
      'runs.waiting_until',
      'runs.created_at',
      'runs.updated_at',
      'runs.ended_at',
      'runs.milestone_due',
      'runs.trigger',
      'runs.cause',
      'playbooks.slug',
      'playbooks.name',
    ])
    .select(sql<string | null>`coalesce(contacts.external_id, accounts.external_id)`.as('external_id'))
    .select(sql<string | null>`coalesce(contacts.name, contacts.email, accounts.name)`.as('label'))
    .where('runs.workspace_id', '=', workspaceId)

type QueriedRun = Awaited<ReturnType<ReturnType<typeof runQuery>['executeTakeFirstOrThrow']>>

export interface RunFilter {
  playbook?: string | undefined
  status?: string | undefined
  /** Only those that a milestone is overdue of. */
  behind?: boolean | undefined
  /** Our id of a contact or account, or the customer's own. */
  subject?: string | undefined
  cursor?: string | null | undefined
  limit?: number | undefined
}

/** The newest first. */
export async function listRuns(ctx: Scoped, filter: RunFilter): Promise<{ data: RunRow[]; nextCursor: string | null }> {
  const limit = filter.limit ?? PAGE
  let query = runQuery(ctx)
    .orderBy('runs.created_at', 'desc')
    .orderBy('runs.id')
    .limit(limit + 1)
  if (filter.playbook !== undefined) query = query.where('playbooks.slug', '=', filter.playbook)
  if (filter.behind === true)
    query = query.where('runs.ended_at', 'is', null).where('runs.milestone_due', '<', new Date(ctx.now))
  if (filter.status !== undefined) query = query.where('runs.status', '=', filter.status)
  if (filter.subject !== undefined) {
    const { subject } = filter
    query = query.where((eb) =>
      eb.or([
        eb(sql`runs.subject_id::text`, '=', subject),
        eb('contacts.external_id', '=', subject),
        eb('accounts.external_id', '=', subject),
      ]),
    )
  }
  if (filter.cursor) {
    const [at = '', id = ''] = readCursor(filter.cursor, ['instant', 'text'])
    const created = new Date(at)
    query = query.where((eb) =>
      eb.or([
        eb('runs.created_at', '<', created),
        eb.and([eb('runs.created_at', '=', created), eb('runs.id', '>', id)]),
      ]),
    )
  }
  const rows = await query.execute()
  const { data, nextCursor } = page(rows, limit, (row) => [row.created_at.toISOString(), row.id])
  return { data: data.map(runRowOf), nextCursor }
}

/** @throws ProblemError 404 */
export async function findRun(ctx: Scoped, id: string): Promise<QueriedRun> {
  const row = await runQuery(ctx).where('runs.id', '=', id).executeTakeFirst()
  if (row === undefined) throw notFound('run', id)
  return row
}

export function runRowOf(row: QueriedRun): RunRow {
  return {
    id: row.id,
    playbook: { slug: row.slug, name: row.name },
    version: row.version,
    // Written by the record from RUN_STATUSES only.
    status: row.status as RunRow['status'],
    reason: row.reason ?? whyHeld(row),
    // A person's e-mail address stands for a missing name already.
    subject: view(row.subject_kind === 'account' ? 'account' : 'contact', {
      id: row.subject_id,
      externalId: row.external_id,
      name: row.label,
    }),
    at: row.at_steps,
    waitingUntil: row.waiting_until?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    milestoneDue: row.ended_at === null ? (row.milestone_due?.toISOString() ?? null) : null,
  }
}

/** A held run has not ended, so it has no reason of its own; the connection it waits for is what a person can mend. */
function whyHeld({ status, held_by: heldBy }: Pick<QueriedRun, 'status' | 'held_by'>): string | null {
  if (status !== 'held' || heldBy.length === 0) return null
  return `Waits for ${heldBy.join(' and ')}: reconnect in Connections, and it goes on.`
}
