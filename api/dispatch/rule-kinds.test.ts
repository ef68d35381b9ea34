import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import { createFactsSource } from '../customers/facts-source.ts'
import { onPool } from '../db/sql.ts'
import { readsOf } from '../../engine/rules/reads.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import type { Rule } from '../../engine/model/rule.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const DAY = 86_400_000
let user = ''
let n = 0
beforeEach(() => {
  n += 1
  user = `user-${n}`
})

const edges = async (audienceId: string) =>
  (
    await w.opened.db
      .selectFrom('audience_edges')
      .selectAll()
      .where('audience_id', '=', audienceId)
      .orderBy('id')
      .execute()
  ).map((row) => [row.edge, row.at.getTime(), row.value] as const)
const track = (event: string, properties: { [name: string]: string | number } = {}) => ({
  type: 'track',
  userId: user,
  event,
  properties,
})
const sendAll = async (...messages: Parameters<TestWorkspace['send']>) => {
  await w.send(...messages)
  await w.dispatch()
}

describe('rules about events', () => {
  it('add up a property, and let go as the events leave the window', async () => {
    const id = await w.audience('signal', `spent-${n}`, {
      rule: { aggregate: 'sum', event: 'Order', of: 'amount', op: 'gte', value: 100, within: 'P7D' },
    })
    await sendAll(track('Order', { amount: 60 }))
    const first = w.clock.now
    await w.pass(DAY)
    await sendAll(track('Order', { amount: 50 }), track('Order', { note: 'no amount' }))
    expect((await edges(id)).map(([edge]) => edge)).toEqual(['set'])
    await w.pass(7 * DAY)
    expect((await edges(id)).map(([edge, at]) => [edge, at])).toEqual([
      ['set', expect.any(Number)],
      ['cleared', first + 7 * DAY],
    ])
  })

  it('follow an order of events, and where they differ by a property', async () => {
    const id = await w.audience('signal', `order-${n}`, {
      rule: {
        sequence: [{ event: 'Seen', where: [{ property: 'plan', op: 'eq', value: 'pro' }] }, { event: 'Bought' }],
      },
    })
    await sendAll(track('Seen', { plan: 'free' }))
    await w.pass(1000)
    await sendAll(track('Bought'))
    expect(await edges(id)).toEqual([])
    await w.pass(1000)
    await sendAll(track('Seen', { plan: 'pro' }))
    await w.pass(1000)
    await sendAll(track('Bought'))
    expect((await edges(id)).map(([edge]) => edge)).toEqual(['set'])
  })

  it('know the last time, and when that is too long ago', async () => {
    const id = await w.audience('signal', `quiet-${n}`, {
      rule: { last: 'login', op: 'moreThanAgo', value: 'P3D' },
    })
    await sendAll(track('login'))
    const at = w.clock.now
    await w.pass(4 * DAY)
    const [edge] = await edges(id)
    expect(edge?.[0]).toBe('set')
    expect(Math.abs((edge?.[1] ?? 0) - (at + 3 * DAY))).toBeLessThanOrEqual(1)
  })
})

describe('rules about changes', () => {
  it('hold for as long as the change lies in the window', async () => {
    const id = await w.audience('signal', `upgraded-${n}`, {
      rule: { changed: 'contact.plan', from: 'free', to: 'pro', within: 'P1D' },
    })
    await sendAll({ type: 'identify', userId: user, traits: { plan: 'free' } })
    await sendAll({ type: 'identify', userId: user, traits: { plan: 'pro' } })
    const at = w.clock.now
    await w.pass(2 * DAY)
    expect((await edges(id)).map(([edge, when]) => [edge, when])).toEqual([
      ['set', at],
      ['cleared', at + DAY],
    ])
  })
})

describe('rules about related subjects', () => {
  it('of an account follow its contacts: what they are, what they do, and when they join', async () => {
    const id = await w.audience('signal', `champions-${n}`, {
      subject: 'account',
      rule: { contacts: { property: 'contact.role', op: 'eq', value: 'champion' }, count: { op: 'gte', value: 2 } },
    })
    const active = await w.audience('segment', `active-${n}`, {
      subject: 'account',
      rule: { contacts: { event: 'login', count: { op: 'gte', value: 1 }, within: 'P1D' } },
    })
    const group = (userId: string) => ({ type: 'group', userId, groupId: `acme-${n}` })
    await sendAll(
      { type: 'identify', userId: `${user}a`, traits: { role: 'champion' } },
      group(`${user}a`),
      { type: 'identify', userId: `${user}b`, traits: { role: 'user' } },
      group(`${user}b`),
    )
    expect(await edges(id)).toEqual([])
    await sendAll({ type: 'identify', userId: `${user}b`, traits: { role: 'champion' } })
    expect((await edges(id)).map(([edge]) => edge)).toEqual(['set'])
    await sendAll({ type: 'identify', userId: `${user}b`, traits: { role: 'user' } })
    expect((await edges(id)).map(([edge]) => edge)).toEqual(['set', 'cleared'])
    await sendAll({ type: 'identify', userId: `${user}c`, traits: { role: 'champion' } }, group(`${user}c`))
    expect((await edges(id)).map(([edge]) => edge)).toEqual(['set', 'cleared', 'set'])
    await sendAll({ type: 'track', userId: `${user}c`, event: 'login' })
    const at = w.clock.now
    expect((await edges(active)).map(([edge]) => edge)).toEqual(['entered'])
    await w.pass(2 * DAY)
    expect((await edges(active)).map(([edge, when]) => [edge, when])).toEqual([
      ['entered', at],
      ['left', at + DAY],
    ])
  })

  it('of a contact follow all its accounts', async () => {
    const id = await w.audience('segment', `enterprise-${n}`, {
      rule: { accounts: { property: 'account.tier', op: 'eq', value: 'enterprise' } },
    })
    await sendAll(
      { type: 'group', userId: user, groupId: `one-${n}` },
      { type: 'group', userId: user, groupId: `two-${n}` },
    )
    expect(await edges(id)).toEqual([])
    await sendAll({ type: 'group', userId: 'somebody', groupId: `two-${n}`, traits: { tier: 'enterprise' } })
    // Somebody joined that account too.
    expect((await edges(id)).map(([edge]) => edge)).toEqual(['entered', 'entered'])
  })
})

const HEALTH: ScoreDefinition = {
  parts: [
    { name: 'Logs in', weight: 1, rule: { event: 'login', count: { op: 'gte', value: 1 }, within: 'P7D' } },
    { name: 'Pays', weight: 1, rule: { property: 'contact.plan', op: 'eq', value: 'pro' } },
  ],
  bands: [
    { name: 'poor', from: 0 },
    { name: 'good', from: 50 },
  ],
  stages: [],
}

describe('scores and computed properties', () => {
  it('change with what they read, at the moment it changes, and signals follow their bands', async () => {
    const score = await w.audience('score', `health-${n}`, { rule: HEALTH })
    const signal = await w.audience('signal', `poor-${n}`, {
      rule: { score: `health-${n}`, of: 'band', op: 'eq', value: 'poor' },
    })
    await sendAll({ type: 'identify', userId: user, traits: { plan: 'free' } })
    await sendAll(track('login'))
    const at = w.clock.now
    await w.pass(8 * DAY)
    expect((await edges(score)).map(([edge, , value]) => [edge, value])).toEqual([
      ['changed', { value: 0, band: 'poor', stage: null }],
      ['changed', { value: 50, band: 'good', stage: null }],
      ['changed', { value: 0, band: 'poor', stage: null }],
    ])
    expect((await edges(signal)).map(([edge]) => edge)).toEqual(['set', 'cleared', 'set'])
    expect((await edges(signal)).at(-1)?.[1]).toBe(at + 7 * DAY)
  })

  it('write the property, say so in its history, and reach the rules that read it in the same moment', async () => {
    const slug = `logins-${n}`
    await w.audience('computed', slug, {
      rule: {
        property: 'weeklyLogins',
        formula: 'inputs.n',
        inputs: { n: { event: 'login', figure: 'count', within: 'P7D' } },
      },
    })
    const signal = await w.audience('signal', `busy-${n}`, {
      rule: { property: 'contact.weeklyLogins', op: 'gte', value: 2 },
    })
    await sendAll(track('login'))
    await sendAll(track('login'), { type: 'identify', userId: user, traits: { weeklyLogins: 99 } })
    const contact = await w.opened.db
      .selectFrom('contacts')
      .selectAll()
      .where('external_id', '=', user)
      .executeTakeFirstOrThrow()
    expect(contact.properties).toEqual({ weeklyLogins: 2 })
    const changes = await w.opened.db
      .selectFrom('property_changes')
      .selectAll()
      .where('subject_id', '=', contact.id)
      .orderBy('seq')
      .execute()
    expect(changes.map(({ value, source }) => [value, source])).toEqual([
      [1, expect.objectContaining({ kind: 'computed', slug })],
      [2, expect.objectContaining({ kind: 'computed', slug })],
    ])
    expect((await edges(signal)).map(([edge]) => edge)).toEqual(['set'])
    await w.pass(8 * DAY)
    expect((await edges(signal)).map(([edge]) => edge)).toEqual(['set', 'cleared'])
  })
})

it('a run’s facts hold what such rules read, and no more', async () => {
  await sendAll(
    { type: 'identify', userId: user, traits: { plan: 'free', secret: 'x' } },
    { type: 'group', userId: user, groupId: `facts-${n}`, traits: { tier: 'gold', other: 1 } },
    track('Order', { amount: 70, card: 'y' }),
  )
  await sendAll({ type: 'identify', userId: user, traits: { plan: 'pro' } })
  const rule: Rule = {
    all: [
      { changed: 'contact.plan', to: 'pro' },
      { aggregate: 'max', event: 'Order', of: 'amount', op: 'eq', value: 70 },
      { accounts: { property: 'account.tier', op: 'eq', value: 'gold' } },
    ],
  }
  const { id } = await w.opened.db
    .selectFrom('contacts')
    .select('id')
    .where('external_id', '=', user)
    .executeTakeFirstOrThrow()
  const at = w.clock.now
  const facts = await createFactsSource(onPool(w.opened.pool)).load(
    w.id,
    { kind: 'contact', id },
    { reads: readsOf(rule), at },
  )
  expect(evaluate(rule, facts, at)).toMatchObject({ value: true })
  const text = JSON.stringify(facts)
  for (const unread of ['secret', 'card', 'other']) expect(text).not.toContain(unread)
})
