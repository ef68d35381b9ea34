import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import type { Json } from '../../nodes/manifest.ts'
import { inTransaction } from '../db/sql.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { mergeContacts } from './merge-contacts.ts'
import { undoMerge } from './undo-merge.ts'

/**
 * Random people who show themselves under random ids, in random order and random batches. A person has at most one id
 * of yours, or several that aliases join: of those the rules say that the order does not matter.
 */

type Message = { [field: string]: Json }
type Random = () => number

/** mulberry32: the same numbers for the same seed. */
function seeded(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const next = [...list]
  for (let i = next.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[next[i], next[j]] = [next[j] as T, next[i] as T]
  }
  return next
}

const SHARED = ['info@shared.example', 'support@shared.example']

interface Person {
  users: string[]
  cookies: string[]
  email: string
  vendor: string
}

function people(random: Random, most: number, least = 2): Person[] {
  return Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, (_, n) => ({
    users: Array.from({ length: Math.floor(random() * 3) }, (__, i) => `user-${n}-${i}`),
    cookies: Array.from({ length: 1 + Math.floor(random() * 6) }, (__, i) => `cookie-${n}-${i}`),
    email: `person-${n}@example.com`,
    vendor: `ic-${n}`,
  }))
}

/** What one of them sends. Of a person with several user ids the first is used with cookies; an alias joins the rest. */
function messageOf(random: Random, person: Person): Message {
  const [first] = person.users
  const who: Message = {
    ...(first !== undefined && random() < 0.5 ? { userId: first } : { anonymousId: pick(random, person.cookies) }),
    ...(first !== undefined && random() < 0.5 ? { anonymousId: pick(random, person.cookies) } : {}),
  }
  const vendor = { externalIds: [{ id: person.vendor, type: 'intercom', collection: 'users', encoding: 'none' }] }
  const context: Message = random() < 0.2 ? { context: vendor } : {}
  switch (Math.floor(random() * 5)) {
    case 0: {
      const email = random() < 0.5 ? person.email : pick(random, SHARED)
      return { type: 'identify', ...who, ...context, traits: { email, [`p${Math.floor(random() * 3)}`]: random() } }
    }
    case 1:
      return { type: 'group', ...who, groupId: `account-${Math.floor(random() * 3)}` }
    case 2:
      if (first !== undefined && random() < 0.5)
        return { type: 'alias', userId: first, previousId: pick(random, person.cookies) }
      return { type: 'page', ...who, name: 'Home' }
    default:
      return { type: 'track', ...who, ...context, event: pick(random, ['Opened', 'Closed']) }
  }
}

const aliasesOf = (all: Person[]): Message[] =>
  all.flatMap(({ users: [first, ...others] }) =>
    others.map((previousId) => ({ type: 'alias', userId: first as string, previousId })),
  )

/** Sends in the given order, cut into batches of random size, some of them worked off before the next comes. */
async function live(w: TestWorkspace, random: Random, messages: Message[]): Promise<void> {
  for (let at = 0; at < messages.length; ) {
    const size = 1 + Math.floor(random() * 8)
    await w.send(...messages.slice(at, at + size))
    at += size
    if (random() < 0.6) await w.dispatch()
  }
  await w.dispatch()
}

/** Who is who: ids that stand for one contact, sorted. */
async function partition(w: TestWorkspace): Promise<string[]> {
  const rows = await w.opened.db.selectFrom('identities').selectAll().where('workspace_id', '=', w.id).execute()
  const groups = Map.groupBy(rows, (row) => row.contact_id)
  return [...groups.values()]
    .map((group) =>
      group
        .map(({ kind, value }) => `${kind}:${value}`)
        .toSorted()
        .join(' '),
    )
    .toSorted()
}

/** What has to be so whatever happened. */
async function expectSound(w: TestWorkspace): Promise<void> {
  const { db } = w.opened
  const identities = await db.selectFrom('identities').selectAll().execute()
  const contacts = new Map((await db.selectFrom('contacts').selectAll().execute()).map((row) => [row.id, row]))
  const owners = new Map(identities.map((row) => [`${row.kind}:${row.value}`, row.contact_id]))
  for (const { kind, value, contact_id } of identities) {
    expect(contacts.get(contact_id)?.merged_into, `${kind}:${value} stands for somebody who is there`).toBeNull()
    expect(SHARED, 'no shared mailbox stands for anybody').not.toContain(value)
  }
  const keys = { u: 'user_id', a: 'anonymous_id' } as const
  for (const event of await db.selectFrom('events').selectAll().execute()) {
    expect(event.status).toBe('done')
    const kind = keys[event.subject_key.slice(0, 1) as 'u' | 'a']
    expect(event.contact_id, 'an event is whose id it was sent under').toBe(
      owners.get(`${kind}:${event.subject_key.slice(2)}`),
    )
  }
  for (const link of await db.selectFrom('account_contacts').selectAll().execute())
    expect(contacts.get(link.contact_id)?.merged_into).toBeNull()
  for (const member of await db.selectFrom('audience_members').selectAll().execute())
    if (contacts.has(member.subject_id)) expect(contacts.get(member.subject_id)?.merged_into).toBeNull()
  for (const row of contacts.values())
    if (row.merged_into !== null) expect(contacts.get(row.merged_into)?.merged_into, 'pointers are flat').toBeNull()
}

describe('identity', () => {
  let first: TestWorkspace
  let second: TestWorkspace
  beforeAll(async () => {
    ;[first, second] = [await createTestWorkspace(), await createTestWorkspace()]
    for (const w of [first, second]) {
      await w.audience('signal', 'opened', { rule: { event: 'Opened', count: { op: 'gte', value: 1 } } })
      await w.audience('segment', 'closed-twice', { rule: { event: 'Closed', count: { op: 'gte', value: 2 } } })
    }
  })
  afterAll(async () => {
    await first.close()
    await second.close()
  })

  it.each([1, 2, 3, 4, 5, 6])('is the same for every order of the same messages (seed %i)', async (seed) => {
    const random = seeded(seed)
    const all = people(random, 6).map((person) => prefixed(person, seed))
    const messages = shuffled(random, [
      ...Array.from({ length: 40 }, () => messageOf(random, pick(random, all))),
      ...aliasesOf(all),
    ])
    await live(first, random, messages)
    await live(second, random, shuffled(random, messages))
    expect(await partition(second)).toEqual(await partition(first))
    await expectSound(first)
    await expectSound(second)
  })

  it('is the same when several dispatchers work at once', async () => {
    const random = seeded(7)
    const all = people(random, 40, 40).map((person) => prefixed(person, 7))
    const messages = shuffled(random, [
      ...Array.from({ length: 400 }, () => messageOf(random, pick(random, all))),
      ...aliasesOf(all),
    ])
    for (let at = 0; at < messages.length; at += 80) {
      await first.send(...messages.slice(at, at + 80))
      await Promise.all([first.dispatch(), first.dispatch(), first.dispatch()])
    }
    await first.dispatch()
    await live(second, random, shuffled(random, messages))
    expect(await partition(second)).toEqual(await partition(first))
    await expectSound(first)
    expect((await first.opened.db.selectFrom('merges').select('id').execute()).length).toBeGreaterThan(20)
  })
})

const prefixed = (person: Person, seed: number): Person => ({
  users: person.users.map((id) => `${seed}-${id}`),
  cookies: person.cookies.map((id) => `${seed}-${id}`),
  email: `${seed}-${person.email}`,
  vendor: `${seed}-${person.vendor}`,
})

describe('a merge that is undone', () => {
  let w: TestWorkspace
  beforeAll(async () => {
    w = await createTestWorkspace()
    await w.audience('signal', 'opened', { rule: { event: 'Opened', count: { op: 'gte', value: 1 } } })
    await w.audience('segment', 'closed-twice', { rule: { event: 'Closed', count: { op: 'gte', value: 2 } } })
    await w.audience('signal', 'quiet', { rule: { event: 'Opened', count: { op: 'eq', value: 0 }, within: 'P7D' } })
    await w.audience('segment', 'has-p1', { rule: { property: 'contact.p1', op: 'exists' } })
    await w.audience('segment', 'of-account', { rule: { property: 'account.name', op: 'empty' } })
    await w.audience('signal', 'account-opened', {
      subject: 'account',
      rule: { contacts: { event: 'Opened', count: { op: 'gte', value: 1 } }, count: { op: 'gte', value: 2 } },
    })
  })
  afterAll(() => w.close())

  /** All rows that a merge may touch, without what says when and what only adds up: times of change, histories. */
  const rows = async (): Promise<object> => {
    const { db } = w.opened
    const members = await db
      .selectFrom('audience_members')
      .selectAll()
      .orderBy('audience_id')
      .orderBy('subject_id')
      .execute()
    return {
      contacts: (await db.selectFrom('contacts').selectAll().orderBy('id').execute()).map(
        ({ updated_at: _updated, ...row }) => row,
      ),
      identities: await db.selectFrom('identities').selectAll().orderBy('kind').orderBy('value').execute(),
      accounts: await db
        .selectFrom('account_contacts')
        .selectAll()
        .orderBy('account_id')
        .orderBy('contact_id')
        .execute(),
      events: await db
        .selectFrom('events')
        .select(['seq', 'contact_id', 'account_id', 'status'])
        .orderBy('seq')
        .execute(),
      notes: await db.selectFrom('notes').selectAll().orderBy('id').execute(),
      conversations: await db.selectFrom('conversations').selectAll().orderBy('id').execute(),
      runs: await db.selectFrom('runs').select(['id', 'subject_id']).orderBy('id').execute(),
      people: await db.selectFrom('run_people').selectAll().orderBy('run_id').orderBy('contact_id').execute(),
      // Not a member and never going to be is the same as no row.
      members: members.flatMap(({ since: _since, ...row }) => (row.is_member || row.valid_until !== null ? [row] : [])),
    }
  }

  it.each([11, 12, 13, 14, 15])('leaves everything as it was (seed %i)', async (seed) => {
    const random = seeded(seed)
    const all = people(random, 6).map((person) => prefixed(person, seed))
    await live(
      w,
      random,
      Array.from({ length: 50 }, () => messageOf(random, pick(random, all))),
    )
    const { db } = w.opened
    const there = await db.selectFrom('contacts').select('id').where('merged_into', 'is', null).orderBy('id').execute()
    const at = new Date(w.clock.now)
    for (const { id } of there.slice(0, 3)) {
      await db
        .insertInto('notes')
        .values({
          workspace_id: w.id,
          id: crypto.randomUUID(),
          subject: 'contact',
          subject_id: id,
          body: 'n',
          author: 'a',
          created_at: at,
          updated_at: at,
        })
        .execute()
      await db
        .insertInto('conversations')
        .values({
          workspace_id: w.id,
          id: crypto.randomUUID(),
          app: 'intercom',
          external_id: crypto.randomUUID(),
          contact_id: id,
          state: 'open',
          opened_at: at,
          updated_at: at,
        })
        .execute()
    }
    const before = await rows()
    const [one, ...others] = shuffled(
      random,
      there.map((row) => row.id),
    ).slice(0, 4)
    const catalogs = createCatalogCache()
    const merged: string[] = []
    let stays = one as string
    for (const other of others) {
      w.clock.now += 1000
      const merge = await inTransaction(w.opened.pool, async (q) =>
        mergeContacts(q, {
          workspaceId: w.id,
          catalog: await catalogs.get(q, w.id),
          contacts: [other, stays],
          reason: { kind: 'hand' },
          actor: 'test',
          now: w.clock.now,
        }),
      )
      stays = merge?.winner ?? ''
      merged.push(merge?.id ?? '')
    }
    const ids = await db
      .selectFrom('events')
      .select('contact_id')
      .where('contact_id', 'in', [one as string, ...others])
      .execute()
    expect(new Set(ids.map((row) => row.contact_id)).size).toBeLessThan(2)
    for (const id of merged.toReversed()) {
      w.clock.now += 1000
      const { kept } = await inTransaction(w.opened.pool, async (q) =>
        undoMerge(q, { workspaceId: w.id, catalog: await catalogs.get(q, w.id), id, actor: 'test', now: w.clock.now }),
      )
      expect(kept).toEqual([])
    }
    expect(await rows()).toEqual(before)
  })
})
