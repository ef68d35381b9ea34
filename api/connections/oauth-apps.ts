import type { Json } from '../../nodes/manifest.ts'
import type { Db } from '../db/database.ts'
import { asSettings, sandboxBase } from './settings.ts'
import type { Vault } from './vault.ts'

/** Who we are to a vendor: the client of its OAuth, made by the customer in the vendor's own settings. */
export interface OauthApp {
  clientId: string
  clientSecret: string
  /** Replaces `{base}` in the connector's addresses; null: the vendor's own default. */
  base: string | null
  /** It is the sandbox's: everything of the vendor's is at `base`. */
  standIn: boolean
}

/** The sandboxes take any client; a fixed one keeps their webhooks' signatures checkable. */
export const SANDBOX_CLIENT = { clientId: 'signalbox-sandbox', clientSecret: 'signalbox-sandbox-secret' }

export const oauthAppBelongsTo = (workspaceId: string, app: string): string => `oauth-app:${workspaceId}:${app}`

/** @returns null when nobody has entered a client for this app yet */
export async function readOauthApp(
  db: Db,
  deps: { vault: Vault; sandboxUrl: string | null },
  wanted: { workspaceId: string; app: string; sandbox: boolean },
): Promise<OauthApp | null> {
  if (wanted.sandbox) return { ...SANDBOX_CLIENT, base: sandboxBase(deps.sandboxUrl, wanted.app), standIn: true }
  const row = await db
    .selectFrom('oauth_apps')
    .select(['client_id', 'sealed', 'settings'])
    .where('workspace_id', '=', wanted.workspaceId)
    .where('app', '=', wanted.app)
    .executeTakeFirst()
  if (row === undefined) return null
  const { clientSecret = '' } = deps.vault.open(oauthAppBelongsTo(wanted.workspaceId, wanted.app), row.sealed)
  const { base } = asSettings(row.settings)
  return { clientId: row.client_id, clientSecret, base: typeof base === 'string' ? base : null, standIn: false }
}

/** Keeps the client of one app; an earlier one is replaced. */
export async function writeOauthApp(
  deps: { db: Db; vault: Vault },
  given: { workspaceId: string; app: string; clientId: string; clientSecret: string; base: string | null },
  now: number,
): Promise<void> {
  const settings: Json = given.base === null ? {} : { base: given.base }
  const changed = {
    client_id: given.clientId,
    sealed: deps.vault.seal(oauthAppBelongsTo(given.workspaceId, given.app), { clientSecret: given.clientSecret }),
    settings: JSON.stringify(settings),
    updated_at: new Date(now),
  }
  await deps.db
    .insertInto('oauth_apps')
    .values({ workspace_id: given.workspaceId, app: given.app, ...changed })
    .onConflict((conflict) => conflict.columns(['workspace_id', 'app']).doUpdateSet(changed))
    .execute()
}
