import { type Selectable, sql } from 'kysely'
import type { Plan } from '../../engine/model/plan.ts'
import type { RunInput } from '../../engine/model/run.ts'
import { migrationOf } from '../../engine/run/follow.ts'
import { mayBegin, type RerunResult, rerunResult, stageOf } from '../../engine/run/rerun.ts'
import type { Db } from '../db/database.ts'
import type { RerunsTable } from '../db/error-tables.ts'
import { countsOf } from './reruns.ts'

export interface RerunDeps {
  db: Db
  /** Milliseconds since 1970. */
  clock: () => number
  /** Told of a rerun that could not be worked on; the others go on. */
  onError(error: unknown): void
}

type Rerun = Selectable<RerunsTable>
type Counts = NonNullable<ReturnType<Awaited<ReturnType<typeof countsOf>>['get']>>

/** A rerun at whose look something broke is let rest so long. */
const REST_MS = 30_000

/** How an open rerun stands, without reading what its runs did. */
interface Standing {
  workspaceId: string
  id: string
  /** Another with every change of its row. */
  row: string
  /** Its runs under way, each with a mark that is another after every change of its record. */
  begun: { [runId: string]: string }
}

/** How it stood when it was last looked at. */
interface Looked extends Pick<Standing, 'row' | 'begun'> {
  restsUntil: number
}

/**
 * Takes every open rerun that has moved since the last look a little further: reads what came of the runs that were
 * begun, stops or ends it, or begins more. One transaction each, so that a process that dies in it has done nothing:
 * what a run is told is committed with the row that says so, under an id of its own, and handed over by the sweep of
 * owed commands, at least once. What it remembers of the last look only spares work.
 * @returns a look, which answers how many reruns it changed
 */
export function createRerunWork(deps: RerunDeps): () => Promise<number> {
  let known = new Map<string, Looked>()
  return async () => {
    const open = await openReruns(deps.db)
    const before = known
    known = new Map()
    let changed = 0
    for (const stands of open) {
      const looked = before.get(stands.id)
      if (looked !== undefined) known.set(stands.id, looked)
      const now = deps.clock()
      if (looked !== undefined && (now < looked.restsUntil || isStill(stands, looked))) continue
      try {
        const outcome = await lookAt(deps.db, { stands, looked, now })
        if (outcome === 'elsewhere') continue
        known.set(stands.id, { ...stands, restsUntil: 0 })
        if (outcome === 'changed') changed += 1
      } catch (error) {
        deps.onError(error)
        known.set(stands.id, { row: '', begun: {}, restsUntil: now + REST_MS })
      }
    }
    return changed
  }
}

/**
 * Those in which something may be to do, in all workspaces: one that stopped only while runs of it are under way. A run's
 * mark is made of the versions of its row and of its last input, so that it is another whichever of the two was written.
 */
async function openReruns(db: Db): Promise<Standing[]> {
  const { rows } = await sql<Standing>`
    SELECT r.workspace_id AS "workspaceId", r.id, r.xmin::text AS row, begun.marks AS begun FROM reruns r
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_object_agg(w.run_id, concat_ws(' ', runs.xmin, last.position, last.xmin)), '{}') AS marks
      FROM rerun_runs w
      JOIN runs ON runs.workspace_id = w.workspace_id AND runs.id = w.run_id
      LEFT JOIN LATERAL (
        SELECT i.position, i.xmin FROM run_inputs i WHERE i.workspace_id = w.workspace_id AND i.run_id = w.run_id
        ORDER BY i.position DESC LIMIT 1) last ON true
      WHERE w.workspace_id = r.workspace_id AND w.rerun_id = r.id AND w.status = 'begun') begun
    WHERE r.ended_at IS NULL AND (r.status <> 'stopped' OR begun.marks <> '{}')
    ORDER BY r.created_at, r.id`.execute(db)
  return rows
}

const movedRuns = (stands: Standing, looked: Looked | undefined): string[] =>
  Object.keys(stands.begun).filter((run) => stands.begun[run] !== looked?.begun[run])

const isStill = (stands: Standing, looked: Looked): boolean =>
  stands.row === looked.row &&
  movedRuns(stands, looked).length === 0 &&
  Object.keys(stands.begun).length === Object.keys(looked.begun).length

interface Look {
  stands: Standing
  looked: Looked | undefined
  now: number
}

/** The marks were read before the records are, so that what moves meanwhile is looked at again. */
function lookAt(db: Db, { stands, looked, now }: Look): Promise<'changed' | 'same' | 'elsewhere'> {
  return db.transaction().execute(async (trx) => {
    const rerun = await trx
      .selectFrom('reruns')
      .selectAll()
      .where('workspace_id', '=', stands.workspaceId)
      .where('id', '=', stands.id)
      .where('ended_at', 'is', null)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
    if (rerun === undefined) return 'elsewhere'
    return (await workOn(trx, rerun, { moved: movedRuns(stands, looked), now })) ? 'changed' : 'same'
  })
}

/** @returns whether it changed anything */
async function workOn(trx: Db, rerun: Rerun, { moved, now }: { moved: string[]; now: number }): Promise<boolean> {
  const settled = await settle(trx, rerun, { moved, now })
  const counts = await count(trx, rerun)
  const set = async (values: { status?: Rerun['status']; reason?: string; ended_at?: Date }): Promise<boolean> => {
    await trx
      .updateTable('reruns')
      .set({ ...values, updated_at: new Date(now) })
      .where('workspace_id', '=', rerun.workspace_id)
      .where('id', '=', rerun.id)
      .execute()
    return true
  }
  if (rerun.status === 'cancelled' && counts.begun === 0) return set({ ended_at: new Date(now) })
  if (rerun.status !== 'running') return settled > 0
  if (counts.failed > rerun.accepted + rerun.max_failures)
    return set({ status: 'stopped', reason: await whyStopped(trx, rerun, counts) })
  const begun = await beginMore(trx, rerun, { counts, now })
  if (begun === 0 && counts.begun === 0) return set({ status: 'done', ended_at: new Date(now) })
  // With its row another look is due, at which those passed over have made room.
  return settled + begun > 0 && set({})
}

async function count(trx: Db, rerun: Rerun): Promise<Counts> {
  const counted = await countsOf({ db: trx, workspaceId: rerun.workspace_id }, [rerun.id])
  return counted.get(rerun.id) ?? { waiting: 0, begun: 0, passed: 0, failed: 0, moved: 0 }
}

/**
 * Reads from the records what came of those runs under way that have moved.
 * @returns of how many something came
 */
async function settle(trx: Db, rerun: Rerun, { moved, now }: { moved: string[]; now: number }): Promise<number> {
  if (moved.length === 0) return 0
  const { workspace_id: workspaceId, id } = rerun
  const begun = await trx
    .selectFrom('rerun_runs')
    .innerJoin('runs', (join) =>
      join.onRef('runs.workspace_id', '=', 'rerun_runs.workspace_id').onRef('runs.id', '=', 'rerun_runs.run_id'),
    )
    .select(['runs.id', 'runs.plan_hash', 'runs.first_plan_hash'])
    .where('rerun_runs.workspace_id', '=', workspaceId)
    .where('rerun_runs.rerun_id', '=', id)
    .where('rerun_runs.status', '=', 'begun')
    .where('rerun_runs.run_id', 'in', moved)
    .execute()
  if (begun.length === 0) return 0
  const records = await recordsOf(
    trx,
    workspaceId,
    begun.map((run) => run.id),
  )
  const runs = begun.map((run) => ({
    runId: run.id,
    first: run.first_plan_hash ?? run.plan_hash,
    inputs: records.get(run.id) ?? [],
  }))
  const planOf = await plansOf(trx, workspaceId, runs)
  let settled = 0
  for (const { runId, first, inputs } of runs) {
    const plans = { first: { hash: first, plan: planOf(first) }, planOf }
    const result = rerunResult(plans, inputs, commandId(rerun, runId))
    if (result.kind === 'open') continue
    settled += 1
    await trx
      .updateTable('rerun_runs')
      .set({ status: result.kind, ended_at: new Date(now), ...failureOf(result) })
      .where('workspace_id', '=', workspaceId)
      .where('rerun_id', '=', id)
      .where('run_id', '=', runId)
      .execute()
  }
  return settled
}

/** The plans that runs began under, and those that their records lead them to. */
async function plansOf(trx: Db, workspaceId: string, runs: Array<{ first: string; inputs: RunInput[] }>) {
  const hashes = runs.flatMap(({ first, inputs }) => [
    first,
    ...inputs.flatMap((input) => migrationOf(input)?.to.plan ?? []),
  ])
  const rows = await trx
    .selectFrom('plans')
    .select(['hash', 'plan'])
    .where('workspace_id', '=', workspaceId)
    .where('hash', 'in', [...new Set(hashes)])
    .execute()
  const plans = new Map(rows.map(({ hash, plan }) => [hash, plan as unknown as Plan]))
  return (hash: string): Plan => {
    const plan = plans.get(hash)
    if (plan === undefined) throw new Error(`There is no plan ${hash}.`)
    return plan
  }
}

const failureOf = (result: RerunResult): { fault?: string; failed_step?: string } =>
  result.kind === 'failed' ? { fault: JSON.stringify(result.fault), failed_step: result.step } : {}

async function recordsOf(trx: Db, workspaceId: string, runIds: string[]): Promise<Map<string, RunInput[]>> {
  const rows = await trx
    .selectFrom('run_inputs')
    .select(['run_id', 'input'])
    .where('workspace_id', '=', workspaceId)
    .where('run_id', 'in', runIds)
    .orderBy('run_id')
    .orderBy('position')
    .execute()
  const records = new Map<string, RunInput[]>()
  for (const { run_id: id, input } of rows) {
    const record = records.get(id) ?? []
    record.push(input as unknown as RunInput)
    records.set(id, record)
  }
  return records
}

/** Under this id each run is told once, however often that is repeated. */
const commandId = (rerun: Pick<Rerun, 'id'>, runId: string): string => `${rerun.id}:${runId}`

const STAGES = ['the first run', 'the next ten runs', 'the rest']

async function whyStopped(trx: Db, rerun: Rerun, counts: Counts): Promise<string> {
  const last = await trx
    .selectFrom('rerun_runs')
    .select(['failed_step', sql<string | null>`fault ->> 'message'`.as('message')])
    .where('workspace_id', '=', rerun.workspace_id)
    .where('rerun_id', '=', rerun.id)
    .where('status', '=', 'failed')
    .orderBy('ended_at', 'desc')
    .orderBy('place', 'desc')
    .limit(1)
    .executeTakeFirst()
  // The stage in which they were begun: they count as through already.
  const stage = stageOf({ through: counts.passed + counts.failed - 1 })
  const many =
    counts.failed - rerun.accepted === 1 ? '1 run failed again' : `${counts.failed - rerun.accepted} runs failed again`
  return `During ${STAGES[stage]} ${many}, at “${last?.failed_step ?? ''}”: ${last?.message ?? 'no fault was recorded.'}`
}

/** @returns how many were begun, or passed over */
async function beginMore(trx: Db, rerun: Rerun, { counts, now }: { counts: Counts; now: number }): Promise<number> {
  const room = mayBegin({ begun: counts.begun, through: counts.passed + counts.failed })
  if (room <= 0 || counts.waiting === 0) return 0
  const { workspace_id: workspaceId, id } = rerun
  const at = new Date(now)
  // Whoever was retried, or deleted, meanwhile is passed over.
  const { rows } = await sql<{ run_id: string; step: string | null }>`WITH next AS (
      SELECT w.run_id, w.step, r.status = 'failed' AS fits FROM rerun_runs w
      JOIN runs r ON r.workspace_id = w.workspace_id AND r.id = w.run_id
      WHERE w.workspace_id = ${workspaceId} AND w.rerun_id = ${id} AND w.status = 'waiting' ORDER BY w.place LIMIT ${room}),
    told AS (
      UPDATE rerun_runs w SET status = CASE WHEN next.fits THEN 'begun' ELSE 'moved' END,
        begun_at = CASE WHEN next.fits THEN ${at}::timestamptz END, ended_at = CASE WHEN next.fits THEN NULL ELSE ${at}::timestamptz END
      FROM next WHERE w.workspace_id = ${workspaceId} AND w.rerun_id = ${id} AND w.run_id = next.run_id
      RETURNING next.run_id, next.step, next.fits)
    SELECT run_id, step FROM told WHERE fits`.execute(trx)
  if (rows.length > 0) await owe(trx, rerun, { runs: rows, at })
  return Math.max(rows.length, 1)
}

interface Owed {
  runs: Array<{ run_id: string; step: string | null }>
  at: Date
}

/** The commands, with what hands them over. */
async function owe(trx: Db, rerun: Rerun, { runs, at }: Owed): Promise<void> {
  const rows = runs.map(({ run_id, step }) => {
    const owed = { workspace_id: rerun.workspace_id, run_id, id: commandId(rerun, run_id), at }
    const command = JSON.stringify({ kind: 'retry', step })
    return { owed, kept: { ...owed, command, actor: `${rerun.actor}, rerun` } }
  })
  await trx
    .insertInto('run_commands')
    .values(rows.map(({ kept }) => kept))
    .execute()
  await trx
    .insertInto('run_outbox')
    .values(rows.map(({ owed }) => owed))
    .execute()
}
