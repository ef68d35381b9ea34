import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Reads } from '../../engine/model/rule.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { createRunDirectory } from '../db/run-directory.ts'
import { onPool } from '../db/sql.ts'
import { createFactsSource } from './facts-source.ts'
import { createSubjects } from './subjects.ts'

const none = { properties: [], segments: [], signals: [], events: {} }
let w: TestWorkspace
let contactId: string
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.audience('signal', 'active', { rule: { event: 'Login', count: { op: 'gte', value: 1 } } })
  await w.audience('segment', 'big', { subject: 'account', rule: { property: 'account.mrr', op: 'gt', value: 10 } })
  await w.send(
    { type: 'identify', userId: 'ada', traits: { email: 'ada@example.com', plan: 'team', address: { city: 'Paris' } } },
    { type: 'group', userId: 'ada', groupId: 'acme', traits: { name: 'Acme', mrr: 20 } },
    { type: 'track', userId: 'ada', event: 'Login', timestamp: '2026-03-01T00:00:00Z' },
    { type: 'track', userId: 'ada', event: 'Login', timestamp: '2026-02-01T00:00:00Z' },
  )
  await w.dispatch()
  const row = await w.opened.db
    .selectFrom('contacts')
    .select('id')
    .where('external_id', '=', 'ada')
    .executeTakeFirstOrThrow()
  contactId = row.id
})
afterAll(() => w.close())

it('loads what is declared and nothing else', async () => {
  const source = createFactsSource(onPool(w.opened.pool))
  const facts = await source.load(
    w.id,
    { kind: 'contact', id: contactId },
    {
      reads: {
        properties: ['contact.email', 'contact.address.city', 'account.name', 'contact.missing'],
        segments: ['big', 'other'],
        signals: ['active'],
        events: { Login: 10 * 86_400_000, Never: null },
      },
      at: w.clock.now,
    },
  )
  expect(facts).toEqual({
    at: w.clock.now,
    contact: { id: contactId, externalId: 'ada', properties: { email: 'ada@example.com', address: { city: 'Paris' } } },
    account: { id: expect.any(String), externalId: 'acme', properties: { name: 'Acme' } },
    segments: ['big'],
    signals: ['active'],
    events: { Login: [Date.parse('2026-03-01T00:00:00Z')] },
  })
})

it('gives an account the contact that its run began with', async () => {
  const source = createFactsSource(onPool(w.opened.pool))
  const account = await w.opened.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow()
  const what = { reads: { ...none, properties: ['account.mrr', 'contact.plan'] }, at: w.clock.now }
  const facts = await source.load(w.id, { kind: 'account', id: account.id, related: contactId }, what)
  expect([facts.account?.properties, facts.contact?.properties]).toEqual([{ mrr: 20 }, { plan: 'team' }])
  expect((await source.load(w.id, { kind: 'account', id: account.id }, what)).contact).toBeNull()
})

it('sees nothing of another workspace', async () => {
  const source = createFactsSource(onPool(w.opened.pool))
  await expect(
    source.load(randomUUID(), { kind: 'contact', id: contactId }, { reads: none, at: w.clock.now }),
  ).rejects.toThrow(/not in workspace/)
  expect(await createSubjects(onPool(w.opened.pool)).get(randomUUID(), { kind: 'contact', id: contactId })).toBeNull()
})

it('remembers a vendor’s id for a subject', async () => {
  const subjects = createSubjects(onPool(w.opened.pool))
  await subjects.link(w.id, { kind: 'contact', id: contactId }, { app: 'intercom', vendorId: '66f' })
  await subjects.link(w.id, { kind: 'contact', id: contactId }, { app: 'salesforce', vendorId: '003' })
  expect(await subjects.get(w.id, { kind: 'contact', id: contactId })).toMatchObject({
    kind: 'contact',
    externalId: 'ada',
    email: 'ada@example.com',
    links: { intercom: '66f', salesforce: '003' },
  })
  expect(await subjects.get(w.id, { kind: 'contact', id: 'not-an-id' })).toBeNull()
})

it('shows a run the account that its event named, of a contact who belongs to several', async () => {
  await w.playbook('named', { trigger: { type: 'trigger.event', input: { event: 'Asked' } } })
  await w.send({ type: 'group', userId: 'ada', groupId: 'globex', traits: { name: 'Globex' } })
  await w.send({ type: 'track', userId: 'ada', event: 'Asked', context: { groupId: 'globex' } })
  const [run] = await w.dispatch()
  const [start] = await createRunDirectory(w.opened.pool).startData(run ? [run] : [])
  const reads = { ...none, properties: ['account.name'] }
  const source = createFactsSource(onPool(w.opened.pool))
  const at = w.clock.now
  const seen = await source.load(w.id, start?.subject ?? { kind: 'contact', id: contactId }, { reads, at })
  expect(seen.account?.properties).toEqual({ name: 'Globex' })
  expect((await source.load(w.id, { kind: 'contact', id: contactId }, { reads, at })).account).toBeNull()
})

it('tells the time zone of the workspace where that is read, and is told anew when it changes', async () => {
  const source = createFactsSource(onPool(w.opened.pool))
  const zoneOf = async (reads: Partial<Reads>) => {
    const facts = await source.load(w.id, { kind: 'contact', id: contactId }, { reads: { ...none, ...reads }, at: 0 })
    return facts.timeZone
  }
  const properties = ['workspace.timeZone']
  expect(await zoneOf({ properties: ['contact.plan'] })).toBeUndefined()
  for (const zone of ['UTC', 'Europe/Berlin']) {
    await w.opened.db.updateTable('workspaces').set({ time_zone: zone }).where('id', '=', w.id).execute()
    expect(await zoneOf({ properties })).toBe(zone)
    // What is loaded in more than one round trip.
    expect(await zoneOf({ properties, scores: ['health'] })).toBe(zone)
  }
})
