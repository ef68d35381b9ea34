import { writeAudit } from '../auth/audit.ts'
import type { Context, Scoped } from '../context.ts'
import { page, readCursor } from '../db/cursor.ts'
import { problem } from '../problem.ts'
import { type AlertDetail, alertLink, alertTitle } from './alert-words.ts'
import type { AlertRow, AlertSettings } from './alert-schemas.ts'
import { DEFAULT_LIMITS } from './health.ts'
import { alertsBelongTo, sendTest } from './send-alert.ts'

const PAGE = 50

/** The newest first. @param given.open only those that are not well again */
export async function listAlerts(
  { db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>,
  given: { open?: boolean | undefined; cursor?: string | null | undefined },
): Promise<{ data: AlertRow[]; nextCursor: string | null }> {
  let query = db.selectFrom('alerts').selectAll().where('workspace_id', '=', workspaceId)
  if (given.open === true) query = query.where('recovered_at', 'is', null)
  if (given.cursor) {
    const [at = '', id = ''] = readCursor(given.cursor, ['instant', 'uuid'])
    const opened = new Date(at)
    query = query.where((eb) =>
      eb.or([eb('opened_at', '<', opened), eb.and([eb('opened_at', '=', opened), eb('id', '>', id)])]),
    )
  }
  const rows = await query
    .orderBy('opened_at', 'desc')
    .orderBy('id')
    .limit(PAGE + 1)
    .execute()
  const found = page(rows, PAGE, (row) => [row.opened_at.toISOString(), row.id])
  return {
    ...found,
    data: found.data.map((row) => {
      // Written by this room only.
      const detail = row.detail as unknown as AlertDetail
      return {
        id: row.id,
        kind: row.kind,
        title: alertTitle(row.kind, detail, row.recovered_at !== null),
        message: row.recovered_at === null ? (detail.message ?? null) : null,
        link: alertLink(row.kind, detail),
        openedAt: row.opened_at.toISOString(),
        recoveredAt: row.recovered_at?.toISOString() ?? null,
        told: row.told,
        fault: row.fault,
      }
    }),
  }
}

export async function readAlertSettings({
  db,
  workspaceId,
}: Pick<Scoped, 'db' | 'workspaceId'>): Promise<AlertSettings> {
  const row = await db
    .selectFrom('alert_settings')
    .select(['host', 'first_failure', 'failed_percent'])
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst()
  return {
    host: row?.host ?? null,
    firstFailure: row?.first_failure ?? DEFAULT_LIMITS.firstFailure,
    failedPercent: row?.failed_percent ?? DEFAULT_LIMITS.failedPercent,
  }
}

/** @param given.url null: send nothing; left out: where it goes now */
export async function writeAlertSettings(
  ctx: Context,
  given: { url?: string | null | undefined; firstFailure: boolean; failedPercent: number },
): Promise<AlertSettings> {
  const { url } = given
  const limits = { first_failure: given.firstFailure, failed_percent: given.failedPercent }
  const address =
    url === undefined
      ? {}
      : url === null
        ? { webhook: null, host: null }
        : { webhook: ctx.vault.seal(alertsBelongTo(ctx.workspaceId), { url }), host: new URL(url).host }
  const at = { updated_at: new Date(ctx.now) }
  await ctx.db
    .insertInto('alert_settings')
    .values({ workspace_id: ctx.workspaceId, ...limits, ...address, ...at })
    .onConflict((conflict) => conflict.column('workspace_id').doUpdateSet({ ...limits, ...address, ...at }))
    .execute()
  const settings = await readAlertSettings(ctx)
  await writeAudit(ctx.db, ctx, { action: 'alerts.settings', target: settings.host ?? 'nowhere', detail: settings })
  return settings
}

/** Posts a test to the address that is kept. @throws ProblemError 409 NO_ALERT_ADDRESS, 422 ALERT_NOT_SENT */
export async function testAlerts(ctx: Context): Promise<{ host: string }> {
  const row = await ctx.db
    .selectFrom('alert_settings')
    .select(['webhook', 'host'])
    .where('workspace_id', '=', ctx.workspaceId)
    .executeTakeFirst()
  if (!row?.webhook || row.host === null)
    throw problem(409, 'NO_ALERT_ADDRESS', 'Alerts are sent nowhere yet. Give an address first.')
  const { url = '' } = ctx.vault.open(alertsBelongTo(ctx.workspaceId), row.webhook)
  const sent = await sendTest(ctx, url)
  if (sent !== 'sent') throw problem(422, 'ALERT_NOT_SENT', `${row.host} did not take it: ${sent.fault}`)
  return { host: row.host }
}
