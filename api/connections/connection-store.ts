import type { Catalog, OpenedConnection } from '../../nodes/define.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Connections } from '../../engine/ports.ts'
import type { Db } from '../db/database.ts'
import { refreshGrant } from './oauth-grant.ts'
import { readOauthApp } from './oauth-apps.ts'
import { asSettings, sandboxBase } from './settings.ts'
import type { Vault } from './vault.ts'

/** An opened connection is kept this long in a process: a pause or a new budget reaches every worker within it. */
const CACHE_MS = 1_000

export interface ConnectionStoreDeps {
  db: Db
  vault: Vault
  catalog: Catalog
  /** Where the sandboxes answer; null where they are off. */
  sandboxUrl: string | null
  clock: () => number
}

interface Row {
  workspace_id: string
  id: string
  slug: string
  app: string
  status: 'open' | 'paused'
  fault: Json
  sealed: Buffer
  settings: Json
  sandbox: boolean
}

const COLUMNS = ['workspace_id', 'id', 'slug', 'app', 'status', 'fault', 'sealed', 'settings', 'sandbox'] as const

/** What a sealed value belongs to: the same words seal and open it. */
export const belongsTo = (workspaceId: string, connectionId: string): string =>
  `connection:${workspaceId}:${connectionId}`

type Opened = Awaited<ReturnType<Connections['open']>>

/** Connections over Postgres: opens them for actions, renews their grants, pauses them. */
export class ConnectionStore implements Connections {
  readonly #deps: ConnectionStoreDeps
  readonly #cache = new Map<string, { at: number; opened: Opened }>()

  constructor(deps: ConnectionStoreDeps) {
    this.#deps = deps
  }

  async open(workspaceId: string, slug: string): Promise<Opened> {
    const name = `${workspaceId} ${slug}`
    const now = this.#deps.clock()
    const cached = this.#cache.get(name)
    if (cached !== undefined && now - cached.at < CACHE_MS) return cached.opened
    const row: Row | undefined = await this.#deps.db
      .selectFrom('connections')
      .select(COLUMNS)
      .where('workspace_id', '=', workspaceId)
      .where('slug', '=', slug)
      .executeTakeFirst()
    const opened = this.#opened(row)
    if (this.#cache.size > 1_000) this.#cache.clear()
    // A pause is not remembered: a run that is told of the reconnect would find it again.
    if (opened.state === 'open') this.#cache.set(name, { at: now, opened })
    return opened
  }

  #opened(row: Row | undefined): Opened {
    if (row === undefined) return { state: 'missing' }
    if (row.status === 'paused') return { state: 'paused', connectionId: row.id, fault: pausedFault(row) }
    return { state: 'open', connection: this.reveal(row) }
  }

  /** Opens the row's credentials; sandbox connections always lead to where the sandbox is now. */
  reveal(row: Row): OpenedConnection {
    const credentials = this.#deps.vault.open(belongsTo(row.workspace_id, row.id), row.sealed)
    const settings = asSettings(row.settings)
    if (!row.sandbox) return { id: row.id, app: row.app, credentials, settings }
    const base = sandboxBase(this.#deps.sandboxUrl, row.app)
    return {
      id: row.id,
      app: row.app,
      credentials: 'instanceUrl' in credentials ? { ...credentials, instanceUrl: base } : credentials,
      settings: { ...settings, baseUrl: base, instanceUrl: base },
    }
  }

  async refresh(workspaceId: string, connectionId: string, usedAccessToken: string): Promise<OpenedConnection> {
    // The row lock is held over the vendor's answer: whoever waits for it finds the new grant and makes no call, in
    // any process. A fault is handed out of the transaction, so that the pause it caused stays.
    const result = await this.#deps.db.transaction().execute(async (trx) => {
      const row: Row | undefined = await trx
        .selectFrom('connections')
        .select(COLUMNS)
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', connectionId)
        .forUpdate()
        .executeTakeFirst()
      if (row === undefined) return { fault: gone() }
      if (row.status === 'paused') return { fault: pausedFault(row) }
      const credentials = this.#deps.vault.open(belongsTo(workspaceId, connectionId), row.sealed)
      if (credentials['accessToken'] !== usedAccessToken) return { connection: this.reveal(row) }
      const renewed = await this.#renew(trx, row, credentials)
      const now = new Date(this.#deps.clock())
      if ('fault' in renewed) {
        if (renewed.fault.code === 'AUTH_EXPIRED') await pauseRow(trx, row, { fault: renewed.fault, now })
        return renewed
      }
      const sealed = this.#deps.vault.seal(belongsTo(workspaceId, connectionId), renewed.credentials)
      await trx
        .updateTable('connections')
        .set({
          sealed,
          access_fingerprint: this.#deps.vault.fingerprint(renewed.credentials['accessToken'] ?? ''),
          updated_at: now,
        })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', connectionId)
        .execute()
      return { connection: this.reveal({ ...row, sealed }) }
    })
    this.#cache.clear()
    if (result.connection === undefined) throw new FaultError(result.fault)
    return result.connection
  }

  async #renew(
    trx: Db,
    row: Row,
    credentials: { [name: string]: string },
  ): Promise<{ credentials: { [name: string]: string } } | { fault: Fault }> {
    const connector = this.#deps.catalog.connectors.find(({ app }) => app === row.app)
    if (!connector?.oauth?.refreshable || credentials['refreshToken'] === undefined)
      return { fault: expired(connector?.label ?? row.app, 'It has no way to renew itself.') }
    const oauthApp = await readOauthApp(trx, this.#deps, { ...row, workspaceId: row.workspace_id })
    if (oauthApp === null) return { fault: expired(connector.label, 'The client id it was made with is gone.') }
    return refreshGrant({ connector, oauthApp, credentials })
  }

  async pause(workspaceId: string, connectionId: string, fault: Fault): Promise<void> {
    const now = new Date(this.#deps.clock())
    await pauseRow(this.#deps.db, { workspace_id: workspaceId, id: connectionId }, { fault, now })
    this.#cache.clear()
  }

  /** For the process in which a connection was changed. */
  forget(): void {
    this.#cache.clear()
  }
}

async function pauseRow(
  db: Db,
  row: { workspace_id: string; id: string },
  { fault, now }: { fault: Fault; now: Date },
): Promise<void> {
  await db
    .updateTable('connections')
    .set({ status: 'paused', fault: JSON.stringify(fault), paused_at: now, updated_at: now })
    .where('workspace_id', '=', row.workspace_id)
    .where('id', '=', row.id)
    .where('status', '=', 'open')
    .execute()
}

function pausedFault(row: Row): Fault {
  // Written by pauseRow above, so it has a fault's shape.
  return (row.fault as unknown as Fault | null) ?? expired(row.app, 'It was paused.')
}

function expired(label: string, message: string): Fault {
  return {
    code: 'AUTH_EXPIRED',
    who: 'user',
    message: `The authorization of ${label} is no longer good. ${message}`,
    fix: `Reconnect ${label} in Connections; held runs then go on.`,
  }
}

function gone(): Fault {
  return {
    code: 'CONNECTION_MISSING',
    who: 'user',
    message: 'The connection was removed.',
    fix: 'Connect again under the same name, then retry the run.',
  }
}
