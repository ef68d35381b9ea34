import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { newId } from '../db/new-id.ts'
import { membershipsOf, propertyHistory, viewContact } from './profile.ts'
import { timelineOf } from './timeline.ts'
import { timelineItem, type TimelineItem } from './timeline-schemas.ts'

// u1: identified twice, in an account, with one login, a signal that is set, a run, a note and a conversation.

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.audience('signal', 'active', { rule: { event: 'Login', count: { op: 'gte', value: 1 } } })
  await w.playbook('greet', { trigger: { type: 'trigger.signal', input: { signal: 'active', edge: 'set' } } })
  await w.send({ type: 'identify', userId: 'u1', traits: { name: 'Ada', plan: 'trial' }, messageId: 'first' })
  await w.dispatch()
  w.clock.now += 1000
  await w.send({ type: 'identify', userId: 'u1', traits: { plan: 'team' }, messageId: 'second' })
  await w.send({ type: 'group', userId: 'u1', groupId: 'acme', traits: { name: 'Acme' } })
  await w.send({ type: 'track', userId: 'u1', event: 'Login', properties: { from: 'app' } })
  await w.dispatch()
  const { id } = await viewContact(ctx(), { id: 'u1' })
  const at = new Date(w.clock.now)
  await w.opened.db
    .insertInto('notes')
    .values({
      workspace_id: w.id,
      id: newId(w.clock.now),
      subject: 'contact',
      subject_id: id,
      body: 'Calls on Mondays.',
      author: 'a@example.com',
      created_at: at,
      updated_at: at,
    })
    .execute()
})
afterAll(() => w.close())

const ctx = () => ({ db: w.opened.db, workspaceId: w.id, now: w.clock.now })

async function all(limit: number, types?: TimelineItem['type'][]): Promise<TimelineItem[]> {
  const items: TimelineItem[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof timelineOf>> = await timelineOf(ctx(), 'contact', {
      id: 'u1',
      limit,
      cursor,
      types,
    })
    items.push(...page.data)
    cursor = page.nextCursor
  } while (cursor !== null)
  return items
}

describe('the timeline of a subject', () => {
  it('has everything once, the newest first, however it is paged', async () => {
    const whole = (await all(200)).map((item) => timelineItem.parse(item))
    const kinds = new Map<string, number>()
    for (const { type } of whole) kinds.set(type, (kinds.get(type) ?? 0) + 1)
    expect(Object.fromEntries(kinds)).toEqual({ event: 4, change: 3, edge: 1, run: 1, note: 1 })
    const times = whole.map(({ at }) => at)
    expect(times).toEqual([...times].sort().reverse())
    for (const limit of [1, 2, 3]) expect(await all(limit)).toEqual(whole)
  })

  it('shows only the types that are asked for', async () => {
    expect((await all(2, ['event'])).map((item) => (item.type === 'event' ? item.kind : item.type))).toEqual([
      'track',
      'group',
      'identify',
      'identify',
    ])
    expect(await all(2, ['merge', 'write', 'conversation'])).toEqual([])
  })

  it('of an account has what its people did', async () => {
    const { data } = await timelineOf(ctx(), 'account', { id: 'acme', types: ['event'] })
    expect(data).toMatchObject([{ name: 'Login', contact: { externalId: 'u1' } }, { kind: 'group' }])
  })

  it('refuses a cursor that it never gave, and a subject that is not there', async () => {
    await expect(timelineOf(ctx(), 'contact', { id: 'u1', cursor: 'x' })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    })
    await expect(timelineOf(ctx(), 'contact', { id: 'nobody' })).rejects.toMatchObject({ status: 404 })
  })
})

describe('where a value comes from', () => {
  it('stands beside it, and its history behind it', async () => {
    const { provenance } = await viewContact(ctx(), { id: 'u1' })
    expect(provenance['plan']?.source).toMatchObject({ kind: 'event', call: 'identify', messageId: 'second' })
    const first = await propertyHistory(ctx(), 'contact', { id: 'u1', property: 'plan', limit: 1 })
    const rest = await propertyHistory(ctx(), 'contact', {
      id: 'u1',
      property: 'plan',
      limit: 1,
      cursor: first.nextCursor,
    })
    expect([...first.data, ...rest.data].map(({ before, value }) => [before, value])).toEqual([
      ['trial', 'team'],
      [null, 'trial'],
    ])
    expect(rest.nextCursor).toBeNull()
  })

  it('of a membership is the trace of the moment in which it began', async () => {
    const { data } = await membershipsOf(ctx(), 'contact', { id: 'u1' })
    expect(data).toMatchObject([{ kind: 'signal', slug: 'active', why: { value: true } }])
  })
})
