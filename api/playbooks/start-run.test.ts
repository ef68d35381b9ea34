import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { newId } from '../db/new-id.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const at = new Date(api.clock.now)
  await api.database.db
    .insertInto('contacts')
    .values({ workspace_id: home.id, id: newId(api.clock.now), external_id: 'u-1', created_at: at, updated_at: at })
    .execute()
})
afterAll(() => api.close())

it('says whether the run begins after another one of its subject', async () => {
  const document = {
    name: 'One after the other',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, concurrency: { policy: 'queue', most: 5 }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      { id: 'end', type: 'flow.exit', input: { reason: 'Enough' } },
    ],
    edges: [['start', 'end']],
  }
  expect((await home.rest('PUT', '/v1/playbooks/turns', document)).json()).toMatchObject({ problems: [] })
  await home.rest('POST', '/v1/playbooks/turns/publish')
  const key = await home.key()
  const start = async (name: string) =>
    (
      await api.server.inject({
        method: 'POST',
        url: '/v1/playbooks/turns/runs',
        headers: { authorization: `Bearer ${key}`, 'idempotency-key': name },
        payload: { subject: { contact: 'u-1' } },
      })
    ).json()
  const id = expect.any(String)
  expect(await start('first')).toEqual({ run: { id, waits: false } })
  expect(await start('second')).toEqual({ run: { id, waits: true } })
  // Asked again, the answer is the same.
  expect(await start('second')).toEqual({ run: { id, waits: true } })
})
