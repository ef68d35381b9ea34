import { emailConnector } from '../../nodes/email/connector.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context, Scoped } from '../context.ts'
import { page, readCursor } from '../db/cursor.ts'
import { newId } from '../db/new-id.ts'
import { problem } from '../problem.ts'
import { type AlertDetail, alertLink, alertTitle } from './alert-words.ts'
import type { AlertRow, AlertSettings } from './alert-schemas.ts'
import { DEFAULT_LIMITS } from './health.ts'
import { type MailTo, mailThrough } from './mailer.ts'
import { alertsBelongTo, mailSafely, type Sent, sendTest } from './send-alert.ts'

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
  const sends = await sendsOf(
    { db, workspaceId },
    found.data.map(({ id }) => id),
  )
  return {
    ...found,
    data: found.data.map((row) => {
      // Written by this room only.
      const detail = row.detail as unknown as AlertDetail
      const sent = sends.get(row.id) ?? []
      return {
        id: row.id,
        kind: row.kind,
        title: alertTitle(row.kind, detail, row.recovered_at !== null),
        message: row.recovered_at === null ? (detail.message ?? null) : null,
        link: alertLink(row.kind, detail),
        openedAt: row.opened_at.toISOString(),
        recoveredAt: row.recovered_at?.toISOString() ?? null,
        told: TOLD.findLast((told) => sent.some((one) => one.told === told)) ?? 'nothing',
        fault: sent.find(({ fault }) => fault !== null)?.fault ?? null,
        sends: sent,
      }
    }),
  }
}

/** The later, the more was sent. */
const TOLD = ['nothing', 'opened', 'recovered'] as const

/** By alert: what was sent of it, and why not, on those ways on which there is something to say. */
async function sendsOf(
  { db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>,
  ids: string[],
): Promise<Map<string, AlertRow['sends']>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('alert_sends')
    .select(['alert_id', 'way', 'told', 'fault'])
    .where('workspace_id', '=', workspaceId)
    .where('alert_id', 'in', ids)
    .where((eb) => eb.or([eb('told', '<>', 'nothing'), eb('fault', 'is not', null)]))
    .orderBy('way', 'desc')
    .execute()
  const sends = new Map<string, AlertRow['sends']>()
  for (const { alert_id: id, ...sent } of rows) sends.set(id, [...(sends.get(id) ?? []), sent])
  return sends
}

/** Where alerts are sent, and from when on. */
export async function readAlertSettings({
  db,
  workspaceId,
}: Pick<Scoped, 'db' | 'workspaceId'>): Promise<AlertSettings> {
  const row = await db
    .selectFrom('alert_settings')
    .select(['host', 'first_failure', 'failed_percent', 'mail_connection', 'mail_to'])
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst()
  const to = mailOf(row)
  return {
    host: row?.host ?? null,
    mail: to === null ? null : { ...to, problem: await problemOf({ db, workspaceId }, to.connection) },
    firstFailure: row?.first_failure ?? DEFAULT_LIMITS.firstFailure,
    failedPercent: row?.failed_percent ?? DEFAULT_LIMITS.failedPercent,
  }
}

const mailOf = (
  row: { mail_connection: string | null; mail_to: string | null } | undefined,
): { connection: string; to: string } | null =>
  row?.mail_connection && row.mail_to !== null ? { connection: row.mail_connection, to: row.mail_to } : null

/** Why nothing is mailed through it now; null: it can be. */
async function problemOf(
  { db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>,
  slug: string,
): Promise<string | null> {
  const row = await db
    .selectFrom('connections')
    .select(['name', 'app', 'status'])
    .where('workspace_id', '=', workspaceId)
    .where('slug', '=', slug)
    .executeTakeFirst()
  if (row === undefined || row.app !== emailConnector.app)
    return `There is no e-mail connection “${slug}” any more, so alerts are not mailed. Choose another.`
  if (row.status === 'open') return null
  return `The connection “${row.name}” is paused, so alerts are not mailed. Open it again in Connections.`
}

interface SettingsGiven {
  /** null: post nothing; left out: where it goes now. */
  url?: string | null | undefined
  /** null: mail nothing; left out: as it is now. */
  mail?: { connection: string; to: string } | null | undefined
  firstFailure: boolean
  failedPercent: number
}

/** @throws ProblemError 400 INPUT_INVALID where the connection is none for e-mail */
export async function writeAlertSettings(ctx: Context, given: SettingsGiven): Promise<AlertSettings> {
  const { url, mail } = given
  const limits = { first_failure: given.firstFailure, failed_percent: given.failedPercent }
  if (mail) await refuseOther(ctx, mail.connection)
  const address =
    url === undefined
      ? {}
      : url === null
        ? { webhook: null, host: null }
        : { webhook: ctx.vault.seal(alertsBelongTo(ctx.workspaceId), { url }), host: new URL(url).host }
  const mailed = mail === undefined ? {} : { mail_connection: mail?.connection ?? null, mail_to: mail?.to ?? null }
  const set = { ...limits, ...address, ...mailed, updated_at: new Date(ctx.now) }
  await ctx.db
    .insertInto('alert_settings')
    .values({ workspace_id: ctx.workspaceId, ...set })
    .onConflict((conflict) => conflict.column('workspace_id').doUpdateSet(set))
    .execute()
  const settings = await readAlertSettings(ctx)
  const target = [settings.host, settings.mail?.connection].filter((where) => where).join(', ')
  await writeAudit(ctx.db, ctx, {
    action: 'alerts.settings',
    target: target === '' ? 'nowhere' : target,
    detail: settings,
  })
  return settings
}

async function refuseOther(ctx: Scoped, slug: string): Promise<void> {
  const row = await ctx.db
    .selectFrom('connections')
    .select('app')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('slug', '=', slug)
    .executeTakeFirst()
  if (row?.app === emailConnector.app) return
  throw problem(
    400,
    'INPUT_INVALID',
    row === undefined
      ? `There is no connection “${slug}”. Name an e-mail connection of this workspace.`
      : `${slug} is no e-mail connection. Name one that is.`,
  )
}

/**
 * Sends a test on every way that was chosen.
 * @throws ProblemError 409 NO_ALERT_ADDRESS, 422 ALERT_NOT_SENT
 */
export async function testAlerts(ctx: Context): Promise<{ host: string | null; mail: string | null }> {
  const row = await ctx.db
    .selectFrom('alert_settings')
    .select(['webhook', 'host', 'mail_connection', 'mail_to'])
    .where('workspace_id', '=', ctx.workspaceId)
    .executeTakeFirst()
  const mail = mailOf(row)
  const host = row?.webhook ? row.host : null
  if (host === null && mail === null)
    throw problem(409, 'NO_ALERT_ADDRESS', 'Alerts are sent nowhere yet. Give an address or a connection first.')
  const tried = await Promise.all([
    row?.webhook && host !== null ? saidBy(host, postTest(ctx, row.webhook)) : null,
    mail === null ? null : saidBy(mail.connection, mailTest(ctx, mail)),
  ])
  const refused = tried.filter((words) => words !== null)
  if (refused.length > 0) throw problem(422, 'ALERT_NOT_SENT', refused.join(' '))
  return { host, mail: mail?.to ?? null }
}

function postTest(ctx: Context, sealed: Buffer): Promise<Sent> {
  const { url = '' } = ctx.vault.open(alertsBelongTo(ctx.workspaceId), sealed)
  return sendTest(ctx, url)
}

const mailTest = (ctx: Context, to: MailTo): Promise<Sent> =>
  mailSafely(() =>
    mailThrough(ctx)(ctx.workspaceId, to, {
      key: `alert-test:${newId(ctx.now)}`,
      subject: 'A test: alerts of Signalbox come here',
      lines: ['Signalbox mails its alerts to this address.', '', `${ctx.publicUrl}/alerts`],
    }),
  )

/** What a way says that did not take it; null where it did. */
async function saidBy(name: string, sending: Promise<Sent>): Promise<string | null> {
  const sent = await sending
  return sent.kind === 'refused' || sent.kind === 'unknown' ? `${name} did not take it: ${sent.fault}` : null
}
