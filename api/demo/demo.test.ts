import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunningSandbox } from '../../nodes/sandbox/host.ts'
import { startSandbox } from '../../nodes/sandbox/start.ts'
import { startTestApi, type TestApi } from '../../test/helpers/api.ts'
import type { Context } from '../context.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { workDue } from '../dispatch/work-due.ts'
import { workEvents } from '../dispatch/work-events.ts'
import { seedDemo } from './seed-demo.ts'
import { startDemo } from './start-demo.ts'
import { tellDemo } from './tell-demo.ts'

let sandbox: RunningSandbox
let api: TestApi
let ctx: Context
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, dataDir: null })
  api = await startTestApi({ sandboxUrl: sandbox.url })
  const workspace = await api.workspace('demo')
  ctx = {
    ...api.deps,
    log: api.server.log,
    actor: { kind: 'key', id: 'demo', name: 'demo', scopes: ['admin'] },
    workspaceId: workspace.id,
    now: api.clock.now,
    origin: api.deps.publicUrl,
  }
})
afterAll(async () => {
  await api.close()
  await sandbox.close()
})

const count = async (table: 'accounts' | 'contacts' | 'events' | 'runs' | 'audience_edges'): Promise<number> => {
  const row = await ctx.db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .executeTakeFirst()
  return Number(row?.n)
}
const work = () => {
  const deps = { pool: ctx.pool, clock: () => api.clock.now, catalogs: createCatalogCache() }
  return workDue(deps).then(() => workEvents(deps))
}

it('fills an empty workspace with a believable past and three playbooks that are on', async () => {
  await seedDemo(ctx)
  expect([await count('accounts'), await count('contacts'), await count('runs')]).toEqual([40, 120, 0])
  expect(await count('events')).toBeGreaterThan(800)
  expect(await count('audience_edges')).toBeGreaterThan(20)
  const statuses = await ctx.db.selectFrom('events').select('status').distinct().execute()
  expect(statuses).toEqual([{ status: 'done' }])
  const playbooks = await ctx.db
    .selectFrom('playbooks')
    .select(['slug', 'status', 'live_version'])
    .orderBy('slug')
    .execute()
  expect(playbooks).toEqual([
    { slug: 'churn-risk-to-account-owner', status: 'on', live_version: 1 },
    { slug: 'expansion-signal-to-opportunity', status: 'on', live_version: 1 },
    { slug: 'onboarding-done-to-success', status: 'on', live_version: 1 },
  ])
  const edges = await ctx.db.selectFrom('audience_edges').select('at').orderBy('at').execute()
  expect(Number(edges[0]?.at)).toBeLessThan(ctx.now - 40 * 86_400_000)
})

it('has the same people in both sandboxes, and connections that work', async () => {
  const records = async (path: string) =>
    ((await (await fetch(`${sandbox.url}/_sandbox/${path}`)).json()) as { data: unknown[] }).data.length
  expect(await records('intercom/records/contacts')).toBe(120)
  expect([await records('salesforce/records/Account'), await records('salesforce/records/Contact')]).toEqual([40, 120])
  for (const slug of ['intercom', 'salesforce'])
    expect(await ctx.connections.open(ctx.workspaceId, slug)).toMatchObject({ state: 'open' })
})

it('is finished by the next start after one that was killed halfway', async () => {
  const before = await count('events')
  await seedDemo(ctx)
  expect([await count('events'), await count('contacts')]).toEqual([before, 120])
})

it('sends one event that starts one run by itself, and tells what it did', async () => {
  const said: string[] = []
  const telling = tellDemo(ctx, (line) => said.push(line), new AbortController().signal)
  while ((await work()).events === 0);
  const [run, ...others] = await ctx.db.selectFrom('runs').selectAll().execute()
  expect(others).toEqual([])
  expect(run).toMatchObject({ trigger: { data: { signal: 'expansion-ready', edge: 'set' } } })
  // The engine's tests carry such runs out; here only what is told of one matters.
  const at = new Date(api.clock.now)
  const effect = {
    workspace_id: ctx.workspaceId,
    run_id: run?.id ?? '',
    visit: 1,
    input: '{}',
    status: 'landed' as const,
    intended_at: at,
    attempted_at: at,
  }
  await ctx.db
    .insertInto('effects')
    .values([
      {
        ...effect,
        key: '1',
        step: 'tag',
        action: 'intercom.tagContact@1',
        output: JSON.stringify({ tag: 'expansion' }),
      },
      {
        ...effect,
        key: '2',
        step: 'opp',
        action: 'salesforce.createOpportunity@1',
        output: JSON.stringify({ name: 'Expansion: Northwind Logistics', amount: 5760 }),
      },
    ])
    .execute()
  await ctx.db.updateTable('runs').set({ status: 'completed', ended_at: at }).execute()
  await telling
  expect(said).toEqual([
    'The signal “Expansion ready” was set for Maya Chen of Northwind Logistics, and a playbook acted on it:',
    '  Intercom: tagged the contact “expansion”',
    '  Salesforce: opened the opportunity “Expansion: Northwind Logistics”, amount 5760',
    `  See the run: http://localhost:4000/runs/${run?.id}`,
  ])
})

it('is left alone by every later start', async () => {
  expect(await startDemo(ctx, ctx.workspaceId, ctx.now)).toBeNull()
})
