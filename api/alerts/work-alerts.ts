import { type Selectable, sql } from 'kysely'
import type { Db } from '../db/database.ts'
import type { AlertsTable } from '../db/error-tables.ts'
import { newId } from '../db/new-id.ts'
import { type AlertDetail, WAYS } from './alert-words.ts'
import { dueAt } from './health.ts'
import { observe, type Seen } from './observe.ts'
import type { SendAlert } from './send-alert.ts'
import { sendDue } from './send-due.ts'

export interface AlertDeps {
  db: Db
  /** Milliseconds since 1970. */
  clock: () => number
  /** Does the work in one process at a time; answers null where another one is at it. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T | null>
  send: SendAlert
  /** Told of an alert with which something broke; the others go on. */
  onError(error: unknown): void
}

type Alert = Selectable<AlertsTable>

/**
 * Opens an alert for what has begun to go wrong, closes it when that is well again, and sends what is to be told of
 * either: once each on every way that the workspace chose. Only the looking is one process's alone: nothing is held
 * while somebody's server is waited for.
 */
export async function workAlerts(deps: AlertDeps): Promise<{ opened: number; recovered: number; sent: number }> {
  const changed = await deps.alone('signalbox-alerts', () => compare(deps))
  return { ...(changed ?? { opened: 0, recovered: 0 }), sent: await sendDue(deps) }
}

/** What is wrong now against what is open. */
async function compare({ db, clock, onError }: AlertDeps): Promise<{ opened: number; recovered: number }> {
  const now = clock()
  const seen = await observe(db, now)
  const open = await db.selectFrom('alerts').selectAll().where('recovered_at', 'is', null).execute()
  const known = new Map(open.map((alert) => [nameOf({ ...alert, workspaceId: alert.workspace_id }), alert]))
  const counts = { opened: 0, recovered: 0 }
  for (const one of seen.filter(({ state }) => state === 'failing')) {
    const alert = known.get(nameOf(one))
    if (alert !== undefined) await keepDetail(db, alert, one.detail).catch(onError)
    else counts.opened += await openAlert(db, one, now).catch(saidAs(onError, 0))
  }
  const ill = new Set(seen.filter(({ state }) => state !== 'well').map(nameOf))
  for (const alert of open)
    if (!ill.has(nameOf({ ...alert, workspaceId: alert.workspace_id })))
      counts.recovered += await recover(db, alert, now).catch(saidAs(onError, 0))
  return counts
}

const saidAs =
  <T>(onError: (error: unknown) => void, instead: T) =>
  (error: unknown): T => {
    onError(error)
    return instead
  }

const nameOf = ({ workspaceId, kind, target }: Pick<Seen, 'workspaceId' | 'kind' | 'target'>): string =>
  `${workspaceId} ${kind} ${target}`

async function openAlert(db: Db, { workspaceId, kind, target, detail }: Seen, now: number): Promise<number> {
  const before = await db
    .selectFrom('alerts')
    .innerJoin('alert_sends', (join) =>
      join
        .onRef('alert_sends.workspace_id', '=', 'alerts.workspace_id')
        .onRef('alert_sends.alert_id', '=', 'alerts.id'),
    )
    .select(['way', sql<Date | null>`max(told_at)`.as('told')])
    .where('alerts.workspace_id', '=', workspaceId)
    .where('kind', '=', kind)
    .where('target', '=', target)
    .groupBy('way')
    .execute()
  const lastTold = new Map(before.map(({ way, told }) => [way, told?.getTime() ?? null]))
  const id = newId(now)
  return db.transaction().execute(async (trx) => {
    const alert = { workspace_id: workspaceId, id, kind, target, detail: JSON.stringify(detail) }
    const inserted = await trx
      .insertInto('alerts')
      .values({ ...alert, opened_at: new Date(now) })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (Number(inserted.numInsertedOrUpdatedRows ?? 0n) === 0) return 0
    const due = WAYS.map((way) => ({ way, due_at: new Date(dueAt(now, lastTold.get(way) ?? null)) }))
    await trx
      .insertInto('alert_sends')
      .values(due.map((send) => ({ workspace_id: workspaceId, alert_id: id, ...send })))
      .execute()
    return 1
  })
}

/** Its numbers as they are now; nothing is sent of them. */
async function keepDetail(db: Db, alert: Alert, detail: AlertDetail): Promise<void> {
  await ofAlert(db, alert)
    .set({ detail: JSON.stringify(detail) })
    .where(sql<boolean>`detail <> ${JSON.stringify(detail)}::jsonb`)
    .execute()
}

/**
 * What was told of is told to be over; what was not yet, never was. One that is being sent just now is told of when that
 * is noted.
 */
function recover(db: Db, alert: Alert, now: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await ofAlert(trx, alert)
      .set({ recovered_at: new Date(now) })
      .execute()
    await trx
      .updateTable('alert_sends')
      .set({
        due_at: sql<Date | null>`CASE WHEN told = 'opened' THEN ${new Date(now)}::timestamptz END`,
        attempts: 0,
        fault: null,
      })
      .where('workspace_id', '=', alert.workspace_id)
      .where('alert_id', '=', alert.id)
      .execute()
    return 1
  })
}

const ofAlert = (db: Db, { workspace_id, id }: Pick<Alert, 'workspace_id' | 'id'>) =>
  db.updateTable('alerts').where('workspace_id', '=', workspace_id).where('id', '=', id)
