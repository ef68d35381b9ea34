import { type Selectable, sql } from 'kysely'
import type { OperatorCommand } from '../../engine/model/run.ts'
import type { Db } from '../db/database.ts'
import type { RunMigrationsTable } from '../db/schema.ts'
import { returnLine } from './repoint-line.ts'

export interface MigrationDeps {
  db: Db
  /** Milliseconds since 1970. */
  clock: () => number
  /** Told of a migration that could not go on; the others do. */
  onError(error: unknown): void
}

type Migration = Selectable<RunMigrationsTable>

/** Runs are told once a second; a little less, so that no look is lost to a late timer. */
const EVERY_MS = 950
/** A migration in which something broke is let rest so long. */
const REST_MS = 30_000

/**
 * Takes every migration a little further: looks what became of the runs that were told, and tells the next ones. One
 * transaction each, so that a process that dies in it has done nothing: the command of a run is committed with the row
 * that says so, and is handed over by the sweep of owed commands. What came of it the run itself writes, in the
 * transaction that records that it went over.
 * @returns how many are under way
 */
export async function workMigrations({ db, clock, onError }: MigrationDeps): Promise<number> {
  const before = new Date(clock() - EVERY_MS)
  const open = await db
    .selectFrom('run_migrations')
    .select(['workspace_id', 'id'])
    .where('status', 'in', ['running', 'reverting'])
    .orderBy('created_at')
    .execute()
  for (const { workspace_id: workspaceId, id } of open)
    try {
      await db.transaction().execute(async (trx) => {
        const migration = await trx
          .selectFrom('run_migrations')
          .selectAll()
          .where('workspace_id', '=', workspaceId)
          .where('id', '=', id)
          .where('status', 'in', ['running', 'reverting'])
          .where((eb) => eb.or([eb('told_at', 'is', null), eb('told_at', '<=', before)]))
          .forUpdate()
          .skipLocked()
          .executeTakeFirst()
        if (migration === undefined) return
        if (migration.status === 'running') await goOn({ trx, migration, now: clock() })
        else await goBack({ trx, migration, now: clock() })
      })
    } catch (error) {
      onError(error)
      await rest(db, { workspace_id: workspaceId, id }, clock())
    }
  return open.length
}

/** As though its runs had been told later than now. */
async function rest(db: Db, { workspace_id, id }: Pick<Migration, 'workspace_id' | 'id'>, now: number): Promise<void> {
  await db
    .updateTable('run_migrations')
    .set({ told_at: new Date(now + REST_MS) })
    .where('workspace_id', '=', workspace_id)
    .where('id', '=', id)
    .execute()
}

interface Work {
  trx: Db
  migration: Migration
  now: number
}

async function goOn(work: Work): Promise<void> {
  const { waiting = 0, told = 0, first, firstRefused } = await look(work)
  if (waiting + told === 0) return set(work, { status: 'done', ended_at: new Date(work.now) })
  if (firstRefused > 0)
    return set(work, {
      status: 'paused',
      reason: `${firstRefused} of the first ${work.migration.canary} runs did not go over. See why, then continue or take it back.`,
    })
  await tell(work, { status: 'waiting', below: first > 0 ? work.migration.canary : null })
}

async function goBack(work: Work): Promise<void> {
  const { trx, migration, now } = work
  await returnLine(trx, {
    workspaceId: migration.workspace_id,
    migration: migration.id,
    toPlan: migration.to_plan,
    at: new Date(now),
  })
  await trx
    .updateTable('run_migration_runs')
    .set({ status: 'returning', attempts: 0, not_before: null, changed_at: new Date(now) })
    .where('workspace_id', '=', migration.workspace_id)
    .where('migration_id', '=', migration.id)
    .where('status', '=', 'moved')
    .execute()
  // What was told just before may go over still, and is taken back then.
  const { told = 0, waiting = 0, returning = 0, toldBack = 0 } = await look(work)
  if (told + waiting + returning + toldBack === 0) return set(work, { status: 'reverted', ended_at: new Date(now) })
  // One that was busy when it was told is not asked again.
  if (waiting > 0) await leave(work, { status: 'waiting', to: 'cancelled', reason: 'It was taken back first' })
  await tell(work, { status: 'returning', below: null })
}

interface Looked {
  waiting?: number
  told?: number
  returning?: number
  toldBack?: number
  /** Of those that go first: still under way, and not gone over. */
  first: number
  firstRefused: number
}

async function look({ trx, migration }: Work): Promise<Looked> {
  const rows = await trx
    .selectFrom('run_migration_runs')
    .select(['status', sql<number>`count(*)::int`.as('runs')])
    .select(sql<number>`(count(*) FILTER (WHERE place < ${migration.canary}))::int`.as('first'))
    .where('workspace_id', '=', migration.workspace_id)
    .where('migration_id', '=', migration.id)
    .groupBy('status')
    .execute()
  const counts = Object.fromEntries(rows.map(({ status, runs }) => [status, runs]))
  const first = (...statuses: string[]) =>
    rows.reduce((sum, row) => sum + (statuses.includes(row.status) ? row.first : 0), 0)
  return { ...counts, first: first('waiting', 'told'), firstRefused: first('refused') }
}

async function set(
  { trx, migration, now }: Work,
  values: Partial<Pick<Migration, 'status' | 'reason' | 'ended_at' | 'told_at'>>,
): Promise<void> {
  await trx
    .updateTable('run_migrations')
    .set({ ...values, updated_at: new Date(now) })
    .where('workspace_id', '=', migration.workspace_id)
    .where('id', '=', migration.id)
    .execute()
}

interface Told {
  run_id: string
  attempts: number
  from_version: number
  from_plan: string
  version: number
  plan_hash: string
  ended_at: Date | null
  run_status: string
}

/** Tells the next runs, so many a second; those that are over, or there already, are passed by. */
async function tell(work: Work, next: { status: 'waiting' | 'returning'; below: number | null }): Promise<void> {
  const { trx, migration, now } = work
  const back = next.status === 'returning'
  const { rows } = await sql<Told>`
    SELECT m.run_id, m.attempts, m.from_version, m.from_plan, r.version, r.plan_hash, r.ended_at, r.status AS run_status
    FROM run_migration_runs m JOIN runs r ON r.workspace_id = m.workspace_id AND r.id = m.run_id
    WHERE m.workspace_id = ${migration.workspace_id} AND m.migration_id = ${migration.id} AND m.status = ${next.status}
      AND (m.not_before IS NULL OR m.not_before <= ${new Date(now)}) AND (${next.below}::int IS NULL OR m.place < ${next.below}::int)
    ORDER BY m.place LIMIT ${migration.per_second} FOR UPDATE OF m`.execute(trx)
  for (const row of rows) {
    const passed = whyPassed(row, migration, back)
    if (passed !== null) {
      await leave(work, { status: next.status, to: back ? 'stayed' : 'passed', run: row.run_id, reason: passed })
      continue
    }
    await owe(work, { row, back })
  }
  await set(work, { told_at: new Date(now) })
}

function whyPassed(row: Told, { to_version: to, to_plan: plan }: Migration, back: boolean): string | null {
  if (row.ended_at !== null) return `The run has ended: ${row.run_status}`
  if (back) return row.plan_hash === plan ? null : `The run went over to version ${row.version} meanwhile`
  return row.plan_hash === plan && row.version === to ? `The run is under version ${to} already` : null
}

/** The command, that it is owed, and that it is told: committed together. */
async function owe({ trx, migration, now }: Work, { row, back }: { row: Told; back: boolean }): Promise<void> {
  const { workspace_id, id, to_plan, to_version } = migration
  const attempt = row.attempts + 1
  const command = `${back ? 'unmigrate' : 'migrate'}:${id}:${attempt}`
  const there = { plan: to_plan, version: to_version }
  const moves = migration.moves as (OperatorCommand & { kind: 'migrate' })['moves']
  const said: OperatorCommand = back
    ? { kind: 'unmigrate', migration: id, from: there, to: { plan: row.from_plan, version: row.from_version } }
    : { kind: 'migrate', migration: id, from: { plan: row.plan_hash, version: row.version }, to: there, moves }
  const at = new Date(now)
  await trx
    .insertInto('run_commands')
    .values({
      workspace_id,
      run_id: row.run_id,
      id: command,
      command: JSON.stringify(said),
      actor: migration.actor,
      at,
    })
    .execute()
  await trx.insertInto('run_outbox').values({ workspace_id, run_id: row.run_id, id: command, at }).execute()
  await trx
    .updateTable('run_migration_runs')
    .set({ status: back ? 'toldBack' : 'told', command, attempts: attempt, changed_at: at, code: null, reason: null })
    // Where it goes back to is where it is now.
    .$if(!back, (query) => query.set({ from_plan: row.plan_hash, from_version: row.version }))
    .where('workspace_id', '=', workspace_id)
    .where('migration_id', '=', id)
    .where('run_id', '=', row.run_id)
    .execute()
}

async function leave(
  { trx, migration, now }: Work,
  given: { status: 'waiting' | 'returning'; to: 'passed' | 'stayed' | 'cancelled'; run?: string; reason?: string },
): Promise<void> {
  const { status, to, run, reason = null } = given
  await trx
    .updateTable('run_migration_runs')
    .set({ status: to, reason, changed_at: new Date(now) })
    .where('workspace_id', '=', migration.workspace_id)
    .where('migration_id', '=', migration.id)
    .where('status', '=', status)
    .$if(run !== undefined, (query) => query.where('run_id', '=', run ?? ''))
    .execute()
}
