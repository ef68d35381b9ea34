import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
})
afterAll(() => api.close())

async function published(slug: string, given: object): Promise<void> {
  const saved = await home.rest('PUT', `/v1/playbooks/${slug}`, given)
  expect(saved.json()).toMatchObject({ problems: [] })
  const answer = await home.rest('POST', `/v1/playbooks/${slug}/publish`)
  expect(answer.json()).toEqual({ version: expect.any(Number) })
}

describe('a published split', () => {
  const offer = (name: string) => ({
    name,
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      {
        id: 'offer',
        type: 'flow.split',
        input: {
          arms: [
            { port: 'new', percent: 50 },
            { port: 'old', percent: 50 },
          ],
        },
      },
      { id: 'end', type: 'flow.exit', input: { reason: 'new' } },
    ],
    edges: [
      ['start', 'offer'],
      ['offer.new', 'end'],
    ],
  })
  const keys = async (slug: string): Promise<unknown[]> => {
    const { rows } = await sql<{ key: string; id: string }>`
      SELECT step ->> 'key' AS key, p.id FROM playbooks p
      JOIN playbook_versions v ON v.workspace_id = p.workspace_id AND v.playbook_id = p.id
      JOIN plans ON plans.workspace_id = p.workspace_id AND plans.hash = v.plan_hash, jsonb_array_elements(plans.plan::jsonb -> 'steps') AS step
      WHERE p.workspace_id = ${home.id} AND p.slug = ${slug} AND step ->> 'op' = 'split' ORDER BY v.version`.execute(
      api.database.db,
    )
    return rows.map(({ key, id }) => key.replace(id, '<its playbook>'))
  }

  it('draws by its playbook and its step, in every version', async () => {
    await published('one-offer', offer('One'))
    await published('one-offer', offer('One, reworded'))
    expect(await keys('one-offer')).toEqual(['<its playbook>/offer', '<its playbook>/offer'])
  })

  it('goes on drawing by the step alone where it did before that', async () => {
    await published('old-offer', offer('Old'))
    await sql`UPDATE playbooks SET plain_splits = '{offer}' WHERE slug = 'old-offer'`.execute(api.database.db)
    await published('old-offer', offer('Old, reworded'))
    expect(await keys('old-offer')).toEqual(['<its playbook>/offer', 'offer'])
  })
})
