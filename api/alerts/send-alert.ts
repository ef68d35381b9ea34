import { FaultError } from '../../nodes/fault.ts'
import { makeHttpClient } from '../../nodes/http/client.ts'
import type { HttpClient } from '../../nodes/http/types.ts'
import type { Vault } from '../connections/vault.ts'
import type { Db } from '../db/database.ts'
import { type AlertDetail, type AlertKind, alertLink, alertTitle } from './alert-words.ts'

export interface Told {
  id: string
  kind: AlertKind
  detail: AlertDetail
  openedAt: Date
  recoveredAt: Date | null
}

/** `nowhere`: the workspace has no address. Else sent, or why not. */
export type SendAlert = (workspaceId: string, alert: Told) => Promise<'sent' | 'nowhere' | { fault: string }>

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
}

/** Posts alerts to the address that the workspace gave. `text` makes it a message where that is a chat's. */
export function createSendAlert(deps: SendDeps): SendAlert {
  return async (workspaceId, alert) => {
    const url = await readAddress(deps, workspaceId)
    return url === null ? 'nowhere' : post(deps, url, bodyOf(deps.publicUrl, alert))
  }
}

/** Posts once, so that a person sees whether the address works. */
export const sendTest = (deps: Omit<SendDeps, 'db'>, url: string): Promise<'sent' | { fault: string }> =>
  post(deps, url, { text: 'A test: alerts of Signalbox come here.', link: `${deps.publicUrl}/alerts`, test: true })

async function readAddress({ db, vault }: SendDeps, workspaceId: string): Promise<string | null> {
  const row = await db
    .selectFrom('alert_settings')
    .select('webhook')
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst()
  if (!row?.webhook) return null
  return vault.open(alertsBelongTo(workspaceId), row.webhook)['url'] ?? null
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

async function post(deps: Pick<SendDeps, 'http'>, url: string, body: object): Promise<'sent' | { fault: string }> {
  const http = deps.http ?? outside()
  try {
    await http.send({ method: 'POST', url, headers: {}, body })
    return 'sent'
  } catch (error) {
    if (error instanceof FaultError) return { fault: `${error.fault.message} ${error.fault.fix}` }
    throw error
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
