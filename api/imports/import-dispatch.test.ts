import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { onPool } from '../db/sql.ts'
import { workEvents } from '../dispatch/work-events.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { createAcceptItems, type Item } from '../ingest/accept-items.ts'
import { createIdentityHash } from '../privacy/identity-hash.ts'

let w: TestWorkspace

beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(async () => {
  await w.close()
})

async function take(...items: Item[]): Promise<void> {
  const clock = () => w.clock.now
  const accept = createAcceptItems({ q: onPool(w.opened.pool), clock, hash: createIdentityHash('test') })
  const refusals = await accept(
    { workspaceId: w.id },
    items.map((item) => [item]),
  )
  expect(refusals.filter((refusal) => refusal !== null)).toEqual([])
  const deps = { pool: w.opened.pool, clock, catalogs: createCatalogCache() }
  while ((await workEvents(deps)).events > 0);
}

it('an account of a file turns its signal, and makes no contact', async () => {
  await w.audience('signal', 'large', { subject: 'account', rule: { property: 'account.mrr', op: 'gt', value: 100 } })
  await take(
    { kind: 'group', message: { messageId: 'import:i:2', groupId: 'a1', traits: { name: 'Acme', mrr: 120 } } },
    { kind: 'group', message: { messageId: 'import:i:3', groupId: 'a2', traits: { mrr: 5 } } },
  )
  const { db } = w.opened
  expect(await db.selectFrom('contacts').select('id').execute()).toEqual([])
  const accounts = await db
    .selectFrom('accounts')
    .select(['external_id', 'name', 'properties'])
    .orderBy('external_id')
    .execute()
  expect(accounts).toEqual([
    { external_id: 'a1', name: 'Acme', properties: { mrr: 120 } },
    { external_id: 'a2', name: null, properties: { mrr: 5 } },
  ])
  expect(await db.selectFrom('audience_edges').select('edge').execute()).toEqual([{ edge: 'set' }])
  expect(await db.selectFrom('events').select(['status', 'contact_id']).execute()).toEqual([
    { status: 'done', contact_id: null },
    { status: 'done', contact_id: null },
  ])
})

it('a contact of a file that has only an address gets a user id later, and stays one person', async () => {
  await take({ kind: 'identify', message: { messageId: 'import:j:2', traits: { email: 'Ada@example.com', seats: 3 } } })
  await take({ kind: 'identify', message: { messageId: 'm', userId: 'ada', traits: { email: 'ada@example.com' } } })
  const contacts = await w.opened.db
    .selectFrom('contacts')
    .select(['external_id', 'email', 'properties'])
    .where('merged_into', 'is', null)
    .execute()
  expect(contacts).toEqual([{ external_id: 'ada', email: 'ada@example.com', properties: { seats: 3 } }])
})
