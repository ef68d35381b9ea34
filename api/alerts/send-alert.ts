import { retryOf } from '../../engine/run/retry.ts'
import { FaultError } from '../../nodes/fault.ts'
import { makeHttpClient } from '../../nodes/http/client.ts'
import type { HttpClient } from '../../nodes/http/types.ts'
import type { Vault } from '../connections/vault.ts'
import type { Db } from '../db/database.ts'
import { type AlertDetail, type AlertKind, alertLink, alertTitle, type Way } from './alert-words.ts'
import { createMailer, type Mailer } from './mailer.ts'

export interface Told {
  id: string
  kind: AlertKind
  detail: AlertDetail
  openedAt: Date
  recoveredAt: Date | null
}

/** What came of one sending. */
export type Sent =
  | { kind: 'sent' }
  /** The workspace sends nothing on this way. */
  | { kind: 'nowhere' }
  /** Whether it may be sent again. */
  | { kind: 'refused'; fault: string; again: boolean }
  /** It may have been taken, and a repeat would be taken again. */
  | { kind: 'unknown'; fault: string }

export type SendAlert = (workspaceId: string, alert: Told, way: Way) => Promise<Sent>

const TIMEOUT_MS = 10_000

/** What the address of a workspace's alerts is sealed with. */
export const alertsBelongTo = (workspaceId: string): string => `alerts:${workspaceId}`

export interface SendDeps {
  db: Db
  vault: Vault
  /** Without a trailing slash. */
  publicUrl: string
  /** Instead of one that calls public addresses only. */
  http?: Pick<HttpClient, 'send'>
  /** Instead of one that opens connections itself. */
  mailer?: Mailer
}

/**
 * Posts alerts to the address that the workspace gave, where `text` makes it a message of a chat, and mails them through
 * its connection.
 */
export function createSendAlert(deps: SendDeps): SendAlert {
  const mailer = deps.mailer ?? createMailer(deps)
  return async (workspaceId, alert, way) => {
    const settings = await deps.db
      .selectFrom('alert_settings')
      .select(['webhook', 'mail_connection', 'mail_to'])
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst()
    if (way === 'webhook') {
      if (!settings?.webhook) return { kind: 'nowhere' }
      const { url = '' } = deps.vault.open(alertsBelongTo(workspaceId), settings.webhook)
      return post(deps, url, bodyOf(deps.publicUrl, alert))
    }
    if (!settings?.mail_connection || settings.mail_to === null) return { kind: 'nowhere' }
    const to = { connection: settings.mail_connection, to: settings.mail_to }
    return mailSafely(() => mailer(workspaceId, to, mailOf(deps.publicUrl, alert)))
  }
}

/** Posts once, so that a person sees whether the address works. */
export const sendTest = (deps: Pick<SendDeps, 'http' | 'publicUrl'>, url: string): Promise<Sent> =>
  post(deps, url, { text: 'A test: alerts of Signalbox come here.', link: `${deps.publicUrl}/alerts`, test: true })

/** What went wrong with it, where that is known; whatever else is thrown is ours. */
export async function mailSafely(mail: () => Promise<void>): Promise<Sent> {
  try {
    await mail()
    return { kind: 'sent' }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    const { code, message, fix } = error.fault
    const known = retryOf(code)
    // As the action “Send an e-mail” declares: no server can be asked whether it took a mail.
    if (known === 'settle') return { kind: 'unknown', fault: `${message} ${fix}` }
    return { kind: 'refused', fault: `${message} ${fix}`, again: known !== 'never' || code === 'CONNECTION_MISSING' }
  }
}

function bodyOf(publicUrl: string, { id, kind, detail, openedAt, recoveredAt }: Told): object {
  const title = alertTitle(kind, detail, recoveredAt !== null)
  const link = publicUrl + alertLink(kind, detail)
  return {
    text: `${title}${detail.message === undefined || recoveredAt !== null ? '' : `: ${detail.message}`} ${link}`,
    link,
    alert: {
      id,
      kind,
      state: recoveredAt === null ? 'open' : 'recovered',
      openedAt: openedAt.toISOString(),
      recoveredAt: recoveredAt?.toISOString() ?? null,
      detail,
    },
  }
}

function mailOf(publicUrl: string, { id, kind, detail, recoveredAt }: Told) {
  const title = alertTitle(kind, detail, recoveredAt !== null)
  const why = detail.message === undefined || recoveredAt !== null ? [] : [detail.message, '']
  return {
    key: `alert:${id}:${recoveredAt === null ? 'opened' : 'recovered'}`,
    subject: title,
    lines: [`${title}.`, '', ...why, publicUrl + alertLink(kind, detail)],
  }
}

async function post(deps: Pick<SendDeps, 'http'>, url: string, body: object): Promise<Sent> {
  const http = deps.http ?? outside()
  try {
    await http.send({ method: 'POST', url, headers: {}, body })
    return { kind: 'sent' }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    return { kind: 'refused', fault: `${error.fault.message} ${error.fault.fix}`, again: true }
  }
}

/** Public addresses only, without a budget or a grant of its own. */
const outside = (): HttpClient =>
  makeHttpClient(
    { baseUrl: null, secret: null, allowPrivate: false },
    {
      meter: () => Promise.resolve(),
      timeoutMs: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      refresh: () => Promise.reject(new Error('An alert has no grant to renew.')),
    },
  )
