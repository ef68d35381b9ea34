import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { startTestApi } from '../../test/helpers/api.ts'
import { alertsBelongTo } from '../alerts/send-alert.ts'
import { newId } from '../db/new-id.ts'
import { belongsTo } from './connection-store.ts'
import { readOauthApp, writeOauthApp } from './oauth-apps.ts'
import { resealAll } from './reseal.ts'
import { openVault } from './vault.ts'

it('seals everything with the new key, after which the old one can go', async () => {
  const api = await startTestApi()
  try {
    const { db } = api.database
    const home = await api.workspace('home')
    const [older, newer] = ['2026a', '2026b'].map((id) => `${id}:${randomBytes(32).toString('base64')}`)
    const before = openVault(older ?? '')
    const at = new Date(api.clock.now)
    const ids = [newId(api.clock.now), newId(api.clock.now)]
    for (const id of ids)
      await db
        .insertInto('connections')
        .values({
          workspace_id: home.id,
          id,
          slug: id,
          app: 'intercom',
          name: 'x',
          sealed: before.seal(belongsTo(home.id, id), { accessToken: `token of ${id}` }),
          created_at: at,
          updated_at: at,
        })
        .execute()
    const oauthApp = { workspaceId: home.id, app: 'salesforce', clientId: 'c', clientSecret: 's', base: null }
    await writeOauthApp({ db, vault: before }, oauthApp, api.clock.now)
    await db
      .insertInto('alert_settings')
      .values({
        workspace_id: home.id,
        webhook: before.seal(alertsBelongTo(home.id), { url: 'https://hooks.example.com' }),
        first_failure: true,
        failed_percent: 20,
        updated_at: at,
      })
      .execute()

    const both = openVault(`${newer},${older}`)
    expect(await resealAll(db, both, api.clock.now)).toEqual({ resealed: 4, fresh: 0 })
    expect(await resealAll(db, both, api.clock.now)).toEqual({ resealed: 0, fresh: 4 })

    const after = openVault(newer ?? '')
    for (const id of ids) {
      const { sealed } = await db
        .selectFrom('connections')
        .select('sealed')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      expect(after.open(belongsTo(home.id, id), sealed)).toEqual({ accessToken: `token of ${id}` })
    }
    const { webhook } = await db.selectFrom('alert_settings').select('webhook').executeTakeFirstOrThrow()
    expect(webhook && after.open(alertsBelongTo(home.id), webhook)).toEqual({ url: 'https://hooks.example.com' })
    const wanted = { workspaceId: home.id, app: 'salesforce', sandbox: false }
    expect(await readOauthApp(db, { vault: after, sandboxUrl: null }, wanted)).toEqual({
      clientId: 'c',
      clientSecret: 's',
      base: null,
      standIn: false,
    })
  } finally {
    await api.close()
  }
})
