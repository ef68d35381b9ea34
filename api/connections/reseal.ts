import { alertsBelongTo } from '../alerts/send-alert.ts'
import type { Db } from '../db/database.ts'
import { belongsTo as connectionBelongsTo } from './connection-store.ts'
import { oauthAppBelongsTo } from './oauth-apps.ts'
import { webhookBelongsTo } from '../playbooks/webhook-tokens.ts'
import { installationKeyBelongsTo } from '../privacy/identity-hash.ts'
import { workspaceKeyBelongsTo } from '../privacy/workspace-keys.ts'
import type { Vault } from './vault.ts'

/**
 * Seals every stored secret with the first key, one row at a time under its lock, while Signalbox goes on working.
 * Sign-ins that are under way are left: they end by themselves within 15 minutes.
 */
export async function resealAll(db: Db, vault: Vault, now: number): Promise<{ resealed: number; fresh: number }> {
  const count = { resealed: 0, fresh: 0 }
  const anew = (belongsTo: string, sealed: Buffer): Buffer | null => {
    if (!vault.isStale(sealed)) {
      count.fresh++
      return null
    }
    count.resealed++
    return vault.seal(belongsTo, vault.open(belongsTo, sealed))
  }
  await db.transaction().execute(async (trx) => {
    const at = new Date(now)
    const connections = await trx
      .selectFrom('connections')
      .select(['workspace_id', 'id', 'sealed'])
      .forUpdate()
      .execute()
    for (const row of connections) {
      const sealed = anew(connectionBelongsTo(row.workspace_id, row.id), row.sealed)
      if (sealed === null) continue
      await trx
        .updateTable('connections')
        .set({ sealed, updated_at: at })
        .where('workspace_id', '=', row.workspace_id)
        .where('id', '=', row.id)
        .execute()
    }
    const apps = await trx.selectFrom('oauth_apps').select(['workspace_id', 'app', 'sealed']).forUpdate().execute()
    for (const row of apps) {
      const sealed = anew(oauthAppBelongsTo(row.workspace_id, row.app), row.sealed)
      if (sealed === null) continue
      await trx
        .updateTable('oauth_apps')
        .set({ sealed, updated_at: at })
        .where('workspace_id', '=', row.workspace_id)
        .where('app', '=', row.app)
        .execute()
    }
    const hooks = await trx
      .selectFrom('webhook_tokens')
      .select(['workspace_id', 'playbook_id', 'step', 'sealed'])
      .forUpdate()
      .execute()
    for (const row of hooks) {
      const sealed = anew(webhookBelongsTo(row.workspace_id, row.playbook_id, row.step), row.sealed)
      if (sealed === null) continue
      await trx
        .updateTable('webhook_tokens')
        .set({ sealed })
        .where('workspace_id', '=', row.workspace_id)
        .where('playbook_id', '=', row.playbook_id)
        .where('step', '=', row.step)
        .execute()
    }
    const keys = await trx.selectFrom('workspace_keys').select(['workspace_id', 'sealed']).forUpdate().execute()
    for (const row of keys) {
      const sealed = anew(workspaceKeyBelongsTo(row.workspace_id), row.sealed)
      if (sealed === null) continue
      await trx.updateTable('workspace_keys').set({ sealed }).where('workspace_id', '=', row.workspace_id).execute()
    }
    const alerts = await trx.selectFrom('alert_settings').select(['workspace_id', 'webhook']).forUpdate().execute()
    for (const { workspace_id: workspaceId, webhook } of alerts) {
      const sealed = webhook === null ? null : anew(alertsBelongTo(workspaceId), webhook)
      if (sealed === null) continue
      await trx.updateTable('alert_settings').set({ webhook: sealed }).where('workspace_id', '=', workspaceId).execute()
    }
    const own = await trx.selectFrom('installation_keys').select(['name', 'sealed']).forUpdate().execute()
    for (const row of own) {
      const sealed = anew(installationKeyBelongsTo(row.name), row.sealed)
      if (sealed === null) continue
      await trx.updateTable('installation_keys').set({ sealed }).where('name', '=', row.name).execute()
    }
  })
  return count
}
