import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { eventDetails as schema } from './customer-schemas.ts'
import { eventDetails } from './event-details.ts'
import { listEvents } from './list-events.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.audience('signal', 'active', { rule: { event: 'Login', count: { op: 'gte', value: 1 } } })
  await w.audience('segment', 'heavy', { rule: { event: 'Login', count: { op: 'gte', value: 3 } } })
  await w.audience('segment', 'buyers', { rule: { event: 'Paid', count: { op: 'gte', value: 1 } } })
  await w.audience('segment', 'team', { rule: { property: 'contact.plan', op: 'eq', value: 'team' } })
  await w.audience('segment', 'busy', {
    subject: 'account',
    rule: { contacts: { event: 'Login', count: { op: 'gte', value: 1 } } },
  })
  await w.send(
    { type: 'identify', userId: 'u1', anonymousId: 'cookie', traits: { email: 'u1@example.com', plan: 'trial' } },
    { type: 'identify', userId: 'u2', traits: { name: 'Two' } },
    { type: 'group', userId: 'u1', groupId: 'acme', traits: { name: 'Acme' } },
    { type: 'track', userId: 'u1', event: 'Login', messageId: 'login', properties: { from: 'app' } },
    { type: 'identify', userId: 'u1', messageId: 'upgrade', traits: { plan: 'team' } },
  )
  // A refused message does not hold up the others; the helper tells it, as the sender is told.
  await expect(w.send({ type: 'track', event: 'Login', messageId: 'nobody' })).rejects.toThrow('SUBJECT_MISSING')
  await w.dispatch()
})
afterAll(() => w.close())

const ctx = (workspaceId = w.id) => ({ db: w.opened.db, workspaceId, now: w.clock.now })
const detailsOf = async (messageId: string) => {
  const row = (await listEvents(ctx(), {})).data.find((event) => event.messageId === messageId)
  return schema.parse(await eventDetails(ctx(), { seq: row?.seq ?? '0' }))
}

it('tells who an event became, what it turned, and which rules looked at it and stayed', async () => {
  const login = await detailsOf('login')
  expect(login.identities).toEqual([{ kind: 'user_id', value: 'u1', of: 'contact' }])
  expect(login.accountVia).toEqual({ how: 'only' })
  expect(login.changes).toEqual([])
  expect(login.edges.map(({ slug, edge, subject }) => [slug, edge, subject.kind])).toEqual([
    ['active', 'set', 'contact'],
    ['busy', 'entered', 'account'],
  ])
  expect(login.rules.map(({ slug, turned, subject }) => [slug, turned, subject.label])).toEqual([
    ['active', 'set', 'u1@example.com'],
    ['busy', 'entered', 'Acme'],
    ['heavy', null, 'u1@example.com'],
  ])
  expect(login.body).toMatchObject({ event: 'Login', properties: { from: 'app' } })
  expect(login.workedAt).not.toBeNull()
})

it('tells what a call wrote, and which rules read that', async () => {
  const upgrade = await detailsOf('upgrade')
  expect(upgrade.changes).toMatchObject([
    { property: 'plan', before: 'trial', value: 'team', subject: { kind: 'contact' } },
  ])
  expect(upgrade.rules.map(({ slug, turned }) => [slug, turned])).toEqual([['team', 'entered']])
})

it('tells of a refused message why, and of whom nobody is known', async () => {
  const refused = await detailsOf('nobody')
  expect(refused.event).toMatchObject({ status: 'refused', subject: null })
  expect(refused).toMatchObject({ rules: [], edges: [], changes: [], identities: [] })
})

it('finds events by their kind and status', async () => {
  const kinds = async (input: Parameters<typeof listEvents>[1]) =>
    (await listEvents(ctx(), input)).data.map(({ messageId }) => messageId)
  expect(await kinds({ status: 'refused' })).toEqual(['nobody'])
  expect(await kinds({ kind: 'track', status: 'done' })).toEqual(['login'])
})

it('belongs to its workspace alone', async () => {
  const { event } = await detailsOf('login')
  await expect(eventDetails(ctx(randomUUID()), { seq: event.seq })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
