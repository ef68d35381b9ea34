import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { newId } from '../db/new-id.ts'
import { belongsTo } from './connection-store.ts'

let api: TestApi
let home: TestWorkspace
const id = newId(Date.now())
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const at = new Date(api.clock.now)
  const sealed = api.vault.seal(belongsTo(home.id, id), { accessToken: 't' })
  const row = { id, slug: 'by-hand', app: 'intercom', name: 'I', sealed, created_at: at, updated_at: at }
  await api.database.db
    .insertInto('connections')
    .values({ workspace_id: home.id, ...row })
    .execute()
})
afterAll(() => api.close())

it('is paused by a person, whom a check does not overrule, and let go on by a person at a pace of their own', async () => {
  const ask = async (what: string, body: object = {}) => {
    const answer = await home.rest('POST', `/v1/connections/${id}/${what}`, body)
    return [answer.statusCode, answer.json().code ?? null]
  }
  const shown = async () => (await home.rest('GET', '/v1/connections')).json().data[0]
  const check = async () => {
    const headers = await home.signIn()
    const answer = await api.server.inject({
      method: 'POST',
      url: '/trpc/connections.check',
      headers,
      payload: { id },
    })
    return answer.json().result.data.fault
  }
  expect(await ask('resume')).toEqual([409, 'CONNECTION_STATE'])
  expect(await ask('pause', { reason: 'Maintenance' })).toEqual([200, null])
  expect(await shown()).toMatchObject({ status: 'paused', fault: { code: 'CONNECTION_PAUSED' } })
  expect((await api.connections.open(home.id, 'by-hand')).state).toBe('paused')
  expect(await check()).toMatchObject({ code: 'CONNECTION_PAUSED' })
  expect(await ask('pause', { reason: 'Again' })).toEqual([409, 'CONNECTION_STATE'])
  expect(await ask('resume', { perSecond: 0 })).toEqual([400, 'INPUT_INVALID'])
  expect(await ask('resume', { perSecond: 5 })).toEqual([200, null])
  expect(await shown()).toMatchObject({ status: 'open', fault: null, releasePerSecond: 5 })
  expect(api.temporal.resumed).toContain(id)
})
