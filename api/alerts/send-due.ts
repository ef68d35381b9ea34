import { type Selectable, sql } from 'kysely'
import type { Db } from '../db/database.ts'
import type { AlertSendsTable, AlertsTable } from '../db/error-tables.ts'
import type { AlertDetail } from './alert-words.ts'
import { retryAt } from './health.ts'
import type { SendAlert, Sent } from './send-alert.ts'

export interface SendDueDeps {
  db: Db
  clock: () => number
  send: SendAlert
  onError(error: unknown): void
}

/** Sent in one look at most. */
const AT_ONCE = 64
/** Of these to one address, so that one whose server does not answer leaves room for others. */
const EACH = 3
/** Addresses that are waited for at the same time. */
const ABREAST = 8
/** What was taken to be sent is taken again after this: whoever took it is gone. */
const LEASE_MS = 5 * 60_000

type Row = Pick<Selectable<AlertSendsTable>, 'workspace_id' | 'alert_id' | 'way' | 'begun_at' | 'attempts'> &
  Pick<Selectable<AlertsTable>, 'kind' | 'detail' | 'opened_at' | 'recovered_at'>

/**
 * Sends what is due: to one address one after another, to several at the same time, while nothing is locked. Posted is at
 * least once, because a process may die between the sending and its note; of a mail it is then said that it may have
 * been sent.
 * @returns how many were
 */
export async function sendDue(deps: SendDueDeps): Promise<number> {
  const addresses = new Map<string, Row[]>()
  for (const row of await take(deps.db, deps.clock())) {
    const address = `${row.workspace_id} ${row.way}`
    addresses.set(address, [...(addresses.get(address) ?? []), row])
  }
  const waiting = [...addresses.values()]
  let sent = 0
  const sendSome = async (): Promise<void> => {
    for (let rows = waiting.shift(); rows !== undefined; rows = waiting.shift())
      for (const row of rows) sent += (await sendOne(deps, row)) ? 1 : 0
  }
  await Promise.all(Array.from({ length: ABREAST }, sendSome))
  return sent
}

async function take(db: Db, now: number): Promise<Row[]> {
  const { rows } = await sql<Row>`WITH ranked AS (
      SELECT workspace_id, alert_id, way, row_number() OVER (PARTITION BY workspace_id, way ORDER BY due_at, alert_id) AS n
      FROM alert_sends WHERE due_at <= ${new Date(now)}),
    taken AS (
      SELECT s.workspace_id, s.alert_id, s.way, s.due_at FROM alert_sends s
      JOIN ranked ON ranked.workspace_id = s.workspace_id AND ranked.alert_id = s.alert_id AND ranked.way = s.way AND ranked.n <= ${EACH}
      WHERE s.due_at <= ${new Date(now)} ORDER BY ranked.n, s.due_at LIMIT ${AT_ONCE} FOR UPDATE OF s SKIP LOCKED),
    leased AS (
      UPDATE alert_sends s SET due_at = ${new Date(now + LEASE_MS)} FROM taken
      WHERE s.workspace_id = taken.workspace_id AND s.alert_id = taken.alert_id AND s.way = taken.way
      RETURNING s.workspace_id, s.alert_id, s.way, s.begun_at, s.attempts, taken.due_at)
    SELECT leased.*, a.kind, a.detail, a.opened_at, a.recovered_at FROM leased
    JOIN alerts a ON a.workspace_id = leased.workspace_id AND a.id = leased.alert_id
    ORDER BY leased.due_at, leased.alert_id`.execute(db)
  return rows
}

/** @returns whether it was sent */
async function sendOne({ db, clock, send, onError }: SendDueDeps, row: Row): Promise<boolean> {
  try {
    const outcome = await attempt({ db, clock, send, onError }, row)
    await note(db, row, { outcome, now: clock() })
    return outcome.kind === 'sent'
  } catch (error) {
    onError(error)
    return false
  }
}

async function attempt({ db, clock, send, onError }: SendDueDeps, row: Row): Promise<Sent> {
  if (row.way === 'mail') {
    if (row.begun_at !== null) return LOST
    // What was handed over is not handed over again; so that it is known, it is said before.
    await ofSend(db, row)
      .set({ begun_at: new Date(clock()) })
      .execute()
  }
  const { alert_id: id, kind, opened_at: openedAt, recovered_at: recoveredAt } = row
  // Written by this room only.
  const detail = row.detail as unknown as AlertDetail
  try {
    return await send(row.workspace_id, { id, kind, detail, openedAt, recoveredAt }, row.way)
  } catch (error) {
    onError(error)
    return BROKEN
  }
}

const LOST: Sent = {
  kind: 'unknown',
  fault: 'Signalbox was ended while the mail was handed over, so it may be on its way. Look whether it arrived.',
}
/** What goes wrong once a mail is handed over is a fault; this came before. */
const BROKEN: Sent = {
  kind: 'refused',
  fault: 'It could not be sent because of a defect; the log of the worker has it. It is tried again.',
  again: true,
}

async function note(db: Db, row: Row, { outcome, now }: { outcome: Sent; now: number }): Promise<void> {
  const done = { begun_at: null, attempts: 0 }
  switch (outcome.kind) {
    case 'nowhere':
      await ofSend(db, row)
        .set({ ...done, due_at: null })
        .execute()
      return
    case 'refused': {
      const attempts = row.attempts + 1
      const again = outcome.again ? retryAt(now, attempts) : null
      // Well again meanwhile, before anybody was told: it is not due any more.
      const due = sql<Date | null>`CASE WHEN due_at IS NOT NULL THEN ${again === null ? null : new Date(again)}::timestamptz END`
      await ofSend(db, row).set({ begun_at: null, attempts, fault: outcome.fault, due_at: due }).execute()
      return
    }
    case 'sent':
    case 'unknown': {
      const told = row.recovered_at === null ? 'opened' : 'recovered'
      const fault = outcome.kind === 'sent' ? null : outcome.fault
      // Well again meanwhile: that is told next.
      const due = sql<Date | null>`(SELECT ${new Date(now)}::timestamptz FROM alerts a WHERE a.workspace_id = alert_sends.workspace_id
        AND a.id = alert_sends.alert_id AND a.recovered_at IS NOT NULL AND ${told} = 'opened')`
      await ofSend(db, row)
        .set({ ...done, told, told_at: new Date(now), fault, due_at: due })
        .execute()
      return
    }
  }
}

const ofSend = (db: Db, { workspace_id, alert_id, way }: Pick<Row, 'workspace_id' | 'alert_id' | 'way'>) =>
  db
    .updateTable('alert_sends')
    .where('workspace_id', '=', workspace_id)
    .where('alert_id', '=', alert_id)
    .where('way', '=', way)
