import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { dispatchAll } from '../../test/helpers/dispatch.ts'
import { enrollmentHistory } from '../db/enrollment-store.ts'
import { newId } from '../db/new-id.ts'
import { onPool } from '../db/sql.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
})
afterAll(() => api.close())

/** A contact for each name, the first the oldest. */
async function people(...names: string[]): Promise<string[]> {
  const ids: string[] = []
  for (const userId of names) {
    api.clock.now += 1000
    await home.rest('POST', '/v1/batch', { batch: [{ type: 'identify', userId }] })
    await dispatchAll(api.database, api.clock)
    ids.push((await home.rest('GET', `/v1/contacts/${userId}`)).json().id)
  }
  return ids
}

/** As retention leaves it of runs that are no longer kept. */
const was = (subjectId: string, playbookId: string, at: number) =>
  api.database.pool.query(
    `INSERT INTO former_runs (workspace_id, playbook_id, subject_id, last) VALUES ($1, $2, $3, to_timestamp($4 / 1000.0))
      ON CONFLICT (workspace_id, playbook_id, subject_id) DO UPDATE SET last = greatest(former_runs.last, EXCLUDED.last)`,
    [home.id, playbookId, subjectId, at],
  )
const lastOf = async (subjectId: string, playbookId: string): Promise<number | null> =>
  (await enrollmentHistory(onPool(api.database.pool), home.id, [{ playbookId, subjectId, key: null }]))[0]?.last ?? null

describe('whoever was in a playbook once, in a run that is no longer kept', () => {
  it('still was after a merge, and each for themselves after its undo', async () => {
    const [ada = '', other = ''] = await people('ada', 'ada-2')
    const [both, theirs, hers] = [newId(1), newId(2), newId(3)]
    await was(ada, both, 1000)
    await was(other, both, 2000)
    await was(other, theirs, 3000)
    await was(ada, hers, 4000)
    const merged = (await home.rest('POST', '/v1/contacts/merge', { contacts: ['ada', 'ada-2'] })).json()
    expect(await Promise.all([both, theirs, hers].map((id) => lastOf(ada, id)))).toEqual([2000, 3000, 4000])
    expect((await home.rest('POST', `/v1/merges/${merged.id}/undo`)).statusCode).toBe(200)
    expect(await Promise.all([both, theirs, hers].map((id) => lastOf(ada, id)))).toEqual([1000, null, 4000])
    expect(await Promise.all([both, theirs, hers].map((id) => lastOf(other, id)))).toEqual([2000, 3000, null])
  })

  it('still was where the run went between the merge and its undo', async () => {
    const [bob = '', other = ''] = await people('bob', 'bob-2')
    await home.rest('PUT', '/v1/playbooks/p', {
      name: 'P',
      subject: 'contact',
      enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
      steps: [
        { id: 'start', type: 'trigger.manual', input: {} },
        { id: 'call', type: 'http.request', input: { method: 'POST', url: 'https://example.com/x' } },
      ],
      edges: [['start', 'call']],
    })
    await home.rest('POST', '/v1/playbooks/p/publish')
    await home.rest('POST', '/v1/playbooks/p/runs', { subject: { contact: 'bob-2' } })
    const { id: playbookId } = await api.database.db.selectFrom('playbooks').select('id').executeTakeFirstOrThrow()
    const at = await lastOf(other, playbookId)
    expect(at).not.toBeNull()
    const merged = (await home.rest('POST', '/v1/contacts/merge', { contacts: ['bob', 'bob-2'] })).json()
    await was(bob, playbookId, at ?? 0)
    await api.database.db.deleteFrom('runs').execute()
    expect(await lastOf(bob, playbookId)).toBe(at)
    expect((await home.rest('POST', `/v1/merges/${merged.id}/undo`)).statusCode).toBe(200)
    expect([await lastOf(bob, playbookId), await lastOf(other, playbookId)]).toEqual([null, at])
  })
})
