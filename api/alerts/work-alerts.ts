import { type Selectable, sql } from 'kysely'
import type { Db } from '../db/database.ts'
import type { AlertsTable } from '../db/error-tables.ts'
import { newId } from '../db/new-id.ts'
import type { AlertDetail } from './alert-words.ts'
import { dueAt, retryAt } from './health.ts'
import { observe, type Seen } from './observe.ts'
import type { SendAlert } from './send-alert.ts'

export interface AlertDeps {
  db: Db
  /** Milliseconds since 1970. */
  clock: () => number
  /** Does the work in one process at a time; answers null where another one is at it. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T | null>
  send: SendAlert
}

type Alert = Selectable<AlertsTable>

/** Sent in one look at most. */
const AT_ONCE = 50

/**
 * Opens an alert for what has begun to go wrong, closes it when that is well again, and sends what is to be told of
 * either: once each, at least, because a process may die between the sending and its note.
 * @returns null where another process is at it
 */
export function workAlerts(deps: AlertDeps): Promise<{ opened: number; recovered: number; sent: number } | null> {
  return deps.alone('signalbox-alerts', async () => {
    const now = deps.clock()
    const seen = await observe(deps.db, now)
    const open = await deps.db.selectFrom('alerts').selectAll().where('recovered_at', 'is', null).execute()
    const known = new Map(open.map((alert) => [nameOf({ ...alert, workspaceId: alert.workspace_id }), alert]))
    const failing = seen.filter(({ state }) => state === 'failing')
    let opened = 0
    for (const one of failing) {
      const alert = known.get(nameOf(one))
      if (alert === undefined) opened += await openAlert(deps.db, one, now)
      else await keepDetail(deps.db, alert, one.detail)
    }
    const ill = new Set(seen.filter(({ state }) => state !== 'well').map(nameOf))
    const well = open.filter((alert) => !ill.has(nameOf({ ...alert, workspaceId: alert.workspace_id })))
    for (const alert of well) await recover(deps.db, alert, now)
    return { opened, recovered: well.length, sent: await sendDue(deps, now) }
  })
}

const nameOf = ({ workspaceId, kind, target }: Pick<Seen, 'workspaceId' | 'kind' | 'target'>): string =>
  `${workspaceId} ${kind} ${target}`

async function openAlert(db: Db, { workspaceId, kind, target, detail }: Seen, now: number): Promise<number> {
  const before = await db
    .selectFrom('alerts')
    .select(sql<Date | null>`max(told_at)`.as('told'))
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', kind)
    .where('target', '=', target)
    .executeTakeFirst()
  const inserted = await db
    .insertInto('alerts')
    .values({
      workspace_id: workspaceId,
      id: newId(now),
      kind,
      target,
      detail: JSON.stringify(detail),
      opened_at: new Date(now),
      due_at: new Date(dueAt(now, before?.told?.getTime() ?? null)),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return Number(inserted.numInsertedOrUpdatedRows ?? 0n)
}

/** Its numbers as they are now; nothing is sent of them. */
async function keepDetail(db: Db, alert: Alert, detail: AlertDetail): Promise<void> {
  await ofAlert(db, alert)
    .set({ detail: JSON.stringify(detail) })
    .where(sql<boolean>`detail <> ${JSON.stringify(detail)}::jsonb`)
    .execute()
}

/** What was told of is told to be over; what was not yet, never was. */
async function recover(db: Db, alert: Alert, now: number): Promise<void> {
  const due_at = alert.told === 'opened' ? new Date(now) : null
  await ofAlert(db, alert)
    .set({ recovered_at: new Date(now), due_at, attempts: 0, fault: null })
    .execute()
}

const ofAlert = (db: Db, { workspace_id, id }: Pick<Alert, 'workspace_id' | 'id'>) =>
  db.updateTable('alerts').where('workspace_id', '=', workspace_id).where('id', '=', id)

async function sendDue({ db, send }: AlertDeps, now: number): Promise<number> {
  const due = await db
    .selectFrom('alerts')
    .selectAll()
    .where('due_at', '<=', new Date(now))
    .orderBy('due_at')
    .limit(AT_ONCE)
    .execute()
  let sent = 0
  for (const alert of due) {
    const { workspace_id: workspaceId, id, kind, opened_at: openedAt, recovered_at: recoveredAt } = alert
    // Written by this room only.
    const detail = alert.detail as unknown as AlertDetail
    const outcome = await send(workspaceId, { id, kind, detail, openedAt, recoveredAt })
    if (outcome === 'sent') {
      sent += 1
      const told = recoveredAt === null ? 'opened' : 'recovered'
      await ofAlert(db, alert)
        .set({ told, told_at: new Date(now), due_at: null, attempts: 0, fault: null })
        .execute()
    } else if (outcome === 'nowhere') await ofAlert(db, alert).set({ due_at: null }).execute()
    else {
      const attempts = alert.attempts + 1
      const again = retryAt(now, attempts)
      await ofAlert(db, alert)
        .set({ attempts, fault: outcome.fault, due_at: again === null ? null : new Date(again) })
        .execute()
    }
  }
  return sent
}
