import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const contacts = () => w.opened.db.selectFrom('contacts').selectAll().orderBy('id').execute()
const contactOf = async (userId: string) => (await contacts()).find((row) => row.external_id === userId)
const edgesOf = async (audienceId: string) =>
  (
    await w.opened.db
      .selectFrom('audience_edges')
      .selectAll()
      .where('audience_id', '=', audienceId)
      .orderBy('id')
      .execute()
  ).map((row) => row.edge)
const outcomesOf = async (playbookId: string) =>
  (
    await w.opened.db
      .selectFrom('enrollments')
      .selectAll()
      .where('playbook_id', '=', playbookId)
      .orderBy('event_seq')
      .execute()
  ).map((row) => row.code)

describe('identity', () => {
  it('makes one contact of what is sent under one user id', async () => {
    await w.send(
      { type: 'identify', userId: 'ada', traits: { email: 'ada@example.com', name: 'Ada', plan: 'team' } },
      { type: 'track', userId: 'ada', event: 'Seen' },
      { type: 'identify', userId: 'ada', traits: { plan: null, seats: 3 } },
    )
    await w.dispatch()
    expect(await contactOf('ada')).toMatchObject({ email: 'ada@example.com', name: 'Ada', properties: { seats: 3 } })
    const events = await w.opened.db.selectFrom('events').selectAll().orderBy('seq').execute()
    expect(new Set(events.map((e) => e.contact_id)).size).toBe(1)
    expect(events.map((e) => e.status)).toEqual(['done', 'done', 'done'])
    expect(events.map((e) => Number(e.position) - Number(events[0]?.position))).toEqual([0, 1, 2])
  })

  it('gives a visitor known by a cookie the name they sign up with', async () => {
    await w.send({ type: 'track', anonymousId: 'cookie-1', event: 'Visited' })
    await w.dispatch()
    await w.send({ type: 'identify', anonymousId: 'cookie-1', userId: 'bob', traits: { email: 'bob@example.com' } })
    await w.send({ type: 'track', anonymousId: 'cookie-1', event: 'Clicked' })
    await w.dispatch()
    const bob = await contactOf('bob')
    const events = await w.opened.db
      .selectFrom('events')
      .selectAll()
      .where('contact_id', '=', bob?.id ?? '')
      .execute()
    expect(new Set(events.map((e) => e.name))).toEqual(new Set(['Clicked', 'Visited', null]))
  })

  it('never takes a named person’s cookie away for another', async () => {
    await w.send({ type: 'identify', anonymousId: 'shared', userId: 'carol' })
    await w.dispatch()
    await w.send({ type: 'identify', anonymousId: 'shared', userId: 'dan' })
    await w.dispatch()
    const [carol, dan] = [await contactOf('carol'), await contactOf('dan')]
    expect(carol?.id).not.toBe(dan?.id)
    const cookie = await w.opened.db.selectFrom('identities').selectAll().where('value', '=', 'shared').execute()
    expect(cookie.map((row) => row.contact_id)).toEqual([carol?.id])
  })

  it('touches the account a call names, else the only one, else none', async () => {
    await w.send(
      { type: 'group', userId: 'eve', groupId: 'acme', traits: { name: 'Acme', mrr: 50 } },
      { type: 'track', userId: 'eve', event: 'A', messageId: 'only' },
      { type: 'track', userId: 'eve', event: 'A', messageId: 'named', context: { groupId: 'globex' } },
      { type: 'group', userId: 'eve', groupId: 'globex' },
      { type: 'track', userId: 'eve', event: 'A', messageId: 'none' },
    )
    await w.dispatch()
    const rows = await w.opened.db
      .selectFrom('events')
      .leftJoin('accounts', 'accounts.id', 'events.account_id')
      .select(['message_id', 'accounts.external_id as account'])
      .where('events.name', '=', 'A')
      .orderBy('seq')
      .execute()
    expect(rows).toEqual([
      { message_id: 'only', account: 'acme' },
      { message_id: 'named', account: 'globex' },
      { message_id: 'none', account: null },
    ])
  })

  it('keeps traits with hostile names as plain properties', async () => {
    const traits = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}')
    await w.send({ type: 'identify', userId: 'mallory', traits })
    await w.dispatch()
    expect(Object.keys((await contactOf('mallory'))?.properties ?? {}).sort()).toEqual(['__proto__', 'constructor'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('signals and segments', () => {
  it('are set and cleared as properties change, and start playbooks on either edge', async () => {
    const signal = await w.audience('signal', 'big', { rule: { property: 'account.mrr', op: 'gt', value: 100 } })
    const set = await w.playbook('on-set', {
      trigger: { type: 'trigger.signal', input: { signal: 'big', edge: 'set' } },
    })
    const cleared = await w.playbook('on-cleared', {
      subject: 'account',
      trigger: { type: 'trigger.signal', input: { signal: 'big', edge: 'cleared' } },
    })
    await w.send({ type: 'group', userId: 'f1', groupId: 'initech', traits: { mrr: 80 } })
    await w.send({ type: 'group', userId: 'f2', groupId: 'initech' })
    expect(await w.dispatch()).toEqual([])
    // A change of the account reaches both its contacts.
    await w.send({ type: 'group', userId: 'f1', groupId: 'initech', traits: { mrr: 120 } })
    expect(await w.dispatch()).toHaveLength(2)
    await w.send({ type: 'group', userId: 'f1', groupId: 'initech', traits: { mrr: 120 } })
    expect(await w.dispatch()).toEqual([])
    await w.send({ type: 'group', userId: 'f1', groupId: 'initech', traits: { mrr: 90 } })
    expect(await w.dispatch()).toHaveLength(2)
    expect(await edgesOf(signal)).toEqual(['set', 'set', 'cleared', 'cleared'])
    expect(await outcomesOf(set)).toEqual(['STARTED', 'STARTED'])
    expect(await outcomesOf(cleared)).toEqual(['STARTED', 'STARTED'])
  })

  it('that read one another settle in one go, with no edge that is undone', async () => {
    const paying = await w.audience('segment', 'paying', {
      rule: { property: 'contact.plan', op: 'eq', value: 'paid' },
    })
    const idle = await w.audience('segment', 'idle', {
      rule: {
        all: [
          { segment: 'paying', is: 'out' },
          { property: 'contact.seats', op: 'gt', value: 0 },
        ],
      },
    })
    await w.send({ type: 'identify', userId: 'g1', traits: { seats: 2, plan: 'paid' } })
    await w.dispatch()
    await w.send({ type: 'identify', userId: 'g1', traits: { plan: 'free' } })
    await w.dispatch()
    expect([await edgesOf(paying), await edgesOf(idle)]).toEqual([['entered', 'left'], ['entered']])
  })

  it('count events, and run out at the moment their window does', async () => {
    const active = await w.audience('signal', 'active', {
      rule: { event: 'Logged In', count: { op: 'gte', value: 2 }, within: 'P7D' },
    })
    const playbook = await w.playbook('went-quiet', {
      trigger: { type: 'trigger.signal', input: { signal: 'active', edge: 'cleared' } },
    })
    await w.send(
      { type: 'track', userId: 'h1', event: 'Logged In' },
      { type: 'track', userId: 'h1', event: 'Logged In' },
    )
    await w.dispatch()
    const setAt = w.clock.now
    expect(await edgesOf(active)).toEqual(['set'])
    expect(await w.pass(7 * 86_400_000 - 1)).toEqual([])
    expect(await w.pass(5000)).toHaveLength(1)
    const [, cleared] = await w.opened.db
      .selectFrom('audience_edges')
      .selectAll()
      .where('audience_id', '=', active)
      .orderBy('id')
      .execute()
    expect(cleared).toMatchObject({ edge: 'cleared', at: new Date(setAt + 7 * 86_400_000), cause: { kind: 'time' } })
    expect(await outcomesOf(playbook)).toEqual(['STARTED'])
  })

  it('of absence hold for a new contact from the start', async () => {
    const never = await w.audience('segment', 'never-paid', { rule: { event: 'Paid', count: { op: 'eq', value: 0 } } })
    await w.send({ type: 'track', userId: 'i1', event: 'Looked' })
    await w.dispatch()
    await w.send({ type: 'track', userId: 'i1', event: 'Paid' })
    await w.dispatch()
    expect(await edgesOf(never)).toEqual(['entered', 'left'])
  })
})

describe('triggers and enrollment', () => {
  it('start a run once for one message, with its data and its cause', async () => {
    const id = await w.playbook('welcome', {
      trigger: {
        type: 'trigger.event',
        input: { event: 'Trial Started', where: { property: 'trigger.properties.seats', op: 'gt', value: 5 } },
      },
    })
    await w.send(
      { type: 'track', userId: 'j1', event: 'Trial Started', messageId: 't1', properties: { seats: 9 } },
      { type: 'track', userId: 'j1', event: 'Trial Started', messageId: 't2', properties: { seats: 2 } },
    )
    const [run] = await w.dispatch()
    await w.send({ type: 'track', userId: 'j1', event: 'Trial Started', messageId: 't1', properties: { seats: 9 } })
    expect(await w.dispatch()).toEqual([])
    expect(await outcomesOf(id)).toEqual(['STARTED', 'WHERE_FALSE'])
    const stored = await w.opened.db
      .selectFrom('runs')
      .selectAll()
      .where('id', '=', run?.runId ?? '')
      .executeTakeFirst()
    expect(stored).toMatchObject({
      status: 'queued',
      started: false,
      occurrence: 'event:t1',
      trigger: { step: 'start', data: { name: 'Trial Started', properties: { seats: 9 }, messageId: 't1' } },
      cause: { kind: 'event', messageId: 't1' },
    })
  })

  it('keep to the reentry rules, and say why not', async () => {
    const trigger = { type: 'trigger.event', input: { event: 'Ping' } }
    const once = await w.playbook('once', { trigger, reentry: { policy: 'once' } })
    const weekly = await w.playbook('weekly', { trigger, reentry: { policy: 'once_per', days: 7 } })
    const every = await w.playbook('every', { trigger, reentry: { policy: 'every' } })
    const paused = await w.playbook('paused', { trigger, status: 'paused' })
    const account = await w.playbook('account', { trigger, subject: 'account' })
    const ping = { type: 'track', userId: 'k1', event: 'Ping' }
    await w.send(ping, ping)
    expect(await w.dispatch()).toHaveLength(4)
    await w.opened.db
      .updateTable('runs')
      .set({ ended_at: new Date(w.clock.now) })
      .execute()
    await w.send(ping)
    await w.dispatch()
    w.clock.now += 7 * 86_400_000
    await w.send(ping)
    await w.dispatch()
    expect(await outcomesOf(once)).toEqual(['STARTED', 'ALREADY_ENROLLED', 'ALREADY_ENROLLED', 'ALREADY_ENROLLED'])
    expect(await outcomesOf(weekly)).toEqual(['STARTED', 'ALREADY_ENROLLED', 'REENTRY_TOO_SOON', 'STARTED'])
    expect(await outcomesOf(every)).toEqual(['STARTED', 'STARTED', 'STARTED', 'STARTED'])
    expect(new Set(await outcomesOf(paused))).toEqual(new Set(['PLAYBOOK_PAUSED']))
    expect(new Set(await outcomesOf(account))).toEqual(new Set(['NO_ACCOUNT']))
  })
})
