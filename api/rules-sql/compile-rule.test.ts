import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import type { Rule } from '../../engine/model/rule.ts'
import type { Comparison } from '../../engine/rules/compare.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import type { Json } from '../../nodes/manifest.ts'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import {
  factsOfStored,
  type StoredSubject,
  type StoredWorkspace,
  storeWorkspaces,
  subjectOf,
} from '../../test/helpers/rule-histories.ts'
import { type OpenedDatabase, openDatabase } from '../db/database.ts'
import { newId } from '../db/new-id.ts'
import { compileRule } from './compile-rule.ts'

const NOW = Date.parse('2026-03-15T12:00:00Z')
const DAY = 86_400_000

let database: TestDatabase
let opened: OpenedDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  opened = openDatabase(database.url)
})
afterAll(async () => {
  await opened.close()
  await database.drop()
})

let position = 0
async function store(...subjects: StoredSubject[]): Promise<StoredWorkspace> {
  const workspace = { id: newId(NOW), subjects }
  await storeWorkspaces(opened.db, [workspace], () => (position += 1))
  return workspace
}

/** Ids of the subjects the rule holds for, by SQL in both of its forms and by the evaluator: all the same. */
async function holders(workspace: StoredWorkspace, rule: Rule, subject: 'contact' | 'account' = 'contact') {
  const expected = workspace.subjects
    .filter((one) => one.kind === subject && !one.merged)
    .filter((one) => evaluate(rule, factsOfStored(workspace, one), NOW).value)
    .map(({ id }) => id)
    .toSorted()
  for (const among of ['many', 'few'] as const) {
    const condition = compileRule(rule, { workspaceId: workspace.id, subject, now: NOW, among })
    const { rows } = await sql<{ id: string; holds: boolean | null }>`
      SELECT subject.id, ${condition} AS holds FROM ${sql.table(subject === 'contact' ? 'contacts' : 'accounts')} AS subject
      WHERE subject.workspace_id = ${workspace.id}`.execute(opened.db)
    const merged = new Set(workspace.subjects.filter((one) => one.merged).map(({ id }) => id))
    expect(rows.filter(({ holds }) => holds === null)).toEqual([])
    const found = rows.filter(({ id, holds }) => holds && !merged.has(id)).map(({ id }) => id)
    expect({ rule, among, found: found.toSorted() }).toEqual({ rule, among, found: expected })
  }
  return expected.length
}

const HOSTILE = [
  `'; DROP TABLE contacts; --`,
  `" OR 1=1 --`,
  `$1`,
  `\\'; SELECT pg_sleep(10); --`,
  `{"a":1}`,
  `}{,"`,
  `%_`,
  `__proto__`,
  `\u0000`,
  `a\u0000b`,
  `\ud800`,
  `\ufffd`,
  `💥`,
  ``,
  ` `,
  `NULL`,
  `null`,
  `'`,
  `"`,
]

describe('comparisons', () => {
  const values: Json[] = [
    5,
    5.5,
    -5,
    0,
    1e21,
    1.7e308,
    5e-324,
    '5',
    '',
    'hello',
    'null',
    null,
    true,
    false,
    [],
    {},
    [1, 'a', null],
    ['a', ['b']],
    { a: [1], b: 2 },
    { b: 2, a: [1] },
    '2026-03-15',
    '2026-02-30',
    '2024-02-29',
    '2023-02-29',
    '2026-03-15T12:00:00Z',
    '2026-03-15T12:00:00.001Z',
    '2026-03-15T14:00:00+02:00',
    '2026-03-15T14:00:00+0200',
    '2026-03-15T12:00',
    '2026-03-15T12:00:00.1234567899Z',
    '2026-03-15t24:00:00z',
    '2026-13-01',
    '0000-01-01',
    '0000-02-29',
    '0000-01-01T00:30:00+01:00',
    '0001-02-29',
    '0050-06-01',
    '0099-12-31T00:00:00-14:59',
    '9999-12-31T23:59:60Z',
    '2026-03-15T12:00:00+15:00',
    '٢٠٢٦-03-15',
    '2026-03-15\n',
    NOW / 1000,
    NOW / 1000 + 0.0005,
    NOW / 1000 - 0.0005,
    -0.0005,
    ...HOSTILE.filter((text) => text.isWellFormed() && !text.includes('\u0000')),
  ]
  const compared: Json[] = [5, '5', '', null, true, [], {}, { a: [1], b: 2 }, 1e21, '💥']
  const lists: Json[] = [[], [5], ['a', 1], ['h', 'o'], [null, ['b']], HOSTILE]
  const rules: Comparison[] = [
    { op: 'exists' },
    { op: 'empty' },
    ...compared.flatMap((value) => [
      { op: 'eq' as const, value },
      { op: 'ne' as const, value },
      { op: 'contains' as const, value },
      { op: 'notContains' as const, value },
    ]),
    ...['gt', 'gte', 'lt', 'lte'].flatMap((op) => [5, 0, 1.7e308, 5e-324].map((value) => ({ op: op as 'gt', value }))),
    ...['in', 'notIn', 'containsAny', 'containsAll', 'notContainsAny'].flatMap((op) =>
      lists.map((value) => ({ op: op as 'in', value })),
    ),
    ...HOSTILE.flatMap((value) =>
      ['eq', 'ne', 'contains', 'startsWith', 'endsWith'].map((op) => ({ op: op as 'eq', value })),
    ),
    ...['now', '2026-03-15', '2026-03-15T14:00:00+02:00', '0000-02-29', '0060-01-01', '1950-01-01'].flatMap((value) => [
      { op: 'before' as const, value },
      { op: 'after' as const, value },
    ]),
    ...['withinLast', 'withinNext', 'moreThanAgo', 'moreThanAhead'].flatMap((op) =>
      ['PT1S', 'P1D', 'P900D'].map((value) => ({ op: op as 'withinLast', value })),
    ),
    { op: 'withinPeriod', value: { calendar: 'month', zone: 'Europe/Berlin' } },
    { op: 'withinPeriod', value: { calendar: 'day', ago: 1, count: 2, zone: 'Pacific/Apia' } },
  ]

  it('give what the evaluator gives, of every type and where nothing is there', async () => {
    const all = await store(subjectOf('contact'), ...values.map((p) => subjectOf('contact', { properties: { p } })))
    for (const rule of rules) await holders(all, { property: 'contact.p', ...rule })
  })

  it('read names with dots, structured properties, lists, the columns and the ids', async () => {
    const id = '0a000000-0000-7000-8000-000000000001'
    const all = await store(
      subjectOf('contact', { properties: { 'a.b': 1, a: { b: 2 } } }),
      subjectOf('contact', { properties: { a: { b: 1, '0': 'zero' } } }),
      subjectOf('contact', { properties: { a: [1, 2, { b: 1 }] } }),
      subjectOf('contact', { properties: { a: { '-1': 1, '01': 1, '1': 1, '99999999999': 1, '+1': 1 } } }),
      subjectOf('contact', { properties: { a: 'text', email: 'shadowed', name: { first: 'Ada' } } }),
      subjectOf('contact', {
        id,
        externalId: 'u-1',
        email: 'a@b.c',
        name: 'Ada',
        properties: { email: 1, 'name.first': 2 },
      }),
      subjectOf('contact', { name: 'Bo', properties: { name: { first: 'Ada' } } }),
      ...HOSTILE.filter((name) => name.isWellFormed() && !name.includes('\u0000')).map((name) =>
        subjectOf('contact', { properties: { [name]: 1 } }),
      ),
    )
    const paths = [
      'a.b',
      'a.0',
      'a.1',
      'a.2.b',
      'a.-1',
      'a.01',
      'a.+1',
      'a.99999999999',
      'a.length',
      'id',
      'externalId',
    ]
    for (const path of [...paths, 'email', 'name', 'name.first', 'email.x', 'constructor', 'id.x', ...HOSTILE])
      for (const value of [1, 2, 'zero', 'Ada', null, id, 'a@b.c'])
        for (const op of ['eq', 'ne', 'exists'] as const)
          await holders(all, { property: `contact.${path}`, op, ...(op === 'exists' ? {} : { value }) })
    expect(await holders(all, { property: `contact.${HOSTILE[0]}`, op: 'eq', value: 1 })).toBe(1)
  })

  it('of the account go through the only one a contact has', async () => {
    const [big, small] = [
      subjectOf('account', { name: 'Big', properties: { mrr: 500 } }),
      subjectOf('account', { properties: { mrr: 5 } }),
    ]
    const all = await store(
      big,
      small,
      subjectOf('contact', { accounts: [big.id] }),
      subjectOf('contact', { accounts: [big.id, small.id] }),
      subjectOf('contact', { accounts: [small.id] }),
      subjectOf('contact', { accounts: [] }),
    )
    expect(await holders(all, { property: 'account.mrr', op: 'gt', value: 100 })).toBe(1)
    expect(await holders(all, { property: 'account.mrr', op: 'ne', value: 5 })).toBe(3)
    expect(await holders(all, { property: 'account.name', op: 'eq', value: 'Big' }, 'account')).toBe(1)
    expect(await holders(all, { property: 'contact.name', op: 'empty' }, 'account')).toBe(2)
  })

  it('refuse what only a run has', () => {
    for (const property of ['trigger.properties.plan', 'steps.find.id'])
      expect(() =>
        compileRule({ property, op: 'exists' }, { workspaceId: newId(NOW), subject: 'contact', now: NOW }),
      ).toThrow(/only runs have that/)
  })
})

describe('events', () => {
  const login = (daysAgo: number, properties: StoredSubject['events'][number]['properties'] = {}) => ({
    name: 'login',
    at: Math.round(NOW - daysAgo * DAY),
    properties,
  })

  it('are counted in rolling and calendar windows, and only those that count', async () => {
    const all = await store(
      subjectOf('contact'),
      subjectOf('contact', { events: [login(7)] }),
      subjectOf('contact', { events: [login(7 - 1 / DAY)] }),
      subjectOf('contact', { events: [login(0), login(1), login(40)] }),
      subjectOf('contact', { events: [login(-1), login(-0.5)] }),
      subjectOf('contact', {
        events: [
          { ...login(1), kind: 'page' },
          { ...login(1), status: 'refused' },
          { ...login(1), status: 'pending' },
        ],
      }),
      subjectOf('contact', { merged: true, events: [login(1)] }),
      subjectOf('contact', { events: HOSTILE.slice(0, 8).map((name) => ({ ...login(1), name })) }),
    )
    const windows = [undefined, 'P7D', 'PT1S', { calendar: 'month', zone: 'Asia/Kolkata' }] as const
    for (const within of [...windows, { calendar: 'week', ago: 1, count: 2, zone: 'UTC' } as const])
      for (const op of ['eq', 'gt', 'gte', 'lt', 'lte'] as const)
        for (const value of [0, 1, 2, 5])
          await holders(all, { event: 'login', count: { op, value }, ...(within === undefined ? {} : { within }) })
    for (const event of HOSTILE) await holders(all, { event, count: { op: 'gte', value: 1 } })
  })

  it('are told apart by their properties, and the first and last are found', async () => {
    const all = await store(
      subjectOf('contact'),
      subjectOf('contact', { events: [login(3, { plan: 'pro', n: 1 }), login(3, { plan: 'free', n: 2 })] }),
      subjectOf('contact', {
        events: [login(2, { plan: 'free' }), login(5, { plan: 'pro' }), login(-2, { plan: 'x' })],
      }),
      subjectOf('contact', { events: [login(400, { plan: null, deep: { list: [{ n: 1 }] } })] }),
      subjectOf('contact', { events: [login(1, { 'a.b': 1, a: { b: 2 } })] }),
    )
    for (const which of ['first', 'last'] as const) {
      const rule = (more: object): Rule => ({ [which]: 'login', ...more }) as unknown as Rule
      for (const value of ['pro', 'free', null])
        for (const op of ['eq', 'ne', 'exists'])
          await holders(all, rule({ of: 'plan', op, ...(op === 'exists' ? {} : { value }) }))
      await holders(all, rule({ of: 'deep.list.0.n', op: 'eq', value: 1 }))
      await holders(all, rule({ of: 'a.b', op: 'eq', value: 2 }))
      for (const op of ['exists', 'empty', 'eq']) await holders(all, rule({ op }))
      for (const op of ['withinLast', 'moreThanAgo']) await holders(all, rule({ op, value: 'P3D' }))
      await holders(all, rule({ op: 'after', value: '2026-03-12T12:00:00Z' }))
      await holders(all, rule({ op: 'exists', where: [{ property: 'plan', op: 'eq', value: 'pro' }] }))
    }
    const where = [{ property: 'plan', op: 'ne' as const, value: 'free' }]
    await holders(all, { event: 'login', count: { op: 'gte', value: 1 }, where })
    await holders(all, { event: 'login', count: { op: 'eq', value: 0 }, where, within: 'P30D' })
  })

  it('follow each other', async () => {
    const at = (name: string, minutes: number) => ({ name, at: NOW - minutes * 60_000, properties: { minutes } })
    const all = await store(
      subjectOf('contact', { events: [at('a', 30), at('b', 20), at('c', 10)] }),
      subjectOf('contact', { events: [at('a', 30), at('b', 30), at('c', 10)] }),
      subjectOf('contact', { events: [at('c', 30), at('b', 20), at('a', 10)] }),
      subjectOf('contact', { events: [at('a', 300), at('b', 200), at('a', 20), at('b', 15), at('c', 10), at('c', 1)] }),
      subjectOf('contact', { events: [at('a', 30), at('a', 20), at('b', 20)] }),
      subjectOf('contact', { events: [at('a', 30), at('b', 20), at('c', -10)] }),
    )
    const step = (event: string) => ({ event })
    for (const names of ['abc', 'ab', 'aa', 'a', 'ba', 'aab', 'cc'])
      for (const more of [
        {},
        { span: 'PT10M' },
        { span: 'PT20M' },
        { within: 'PT25M' },
        { within: 'PT25M', span: 'PT5M' },
      ])
        await holders(all, { sequence: names.split('').map(step), ...more })
    await holders(all, {
      sequence: [{ event: 'a', where: [{ property: 'minutes', op: 'gt', value: 100 }] }, step('c')],
    })
  })

  it('add up to the same doubles, and beyond them to nothing', async () => {
    const of = (...values: Json[]) =>
      subjectOf('contact', { events: values.map((v, i) => login(values.length - i, { v, u: i })) })
    const all = await store(
      of(),
      of(0.1, 0.2, 0.3),
      of(0.3, 0.2, 0.1),
      of(1e16, 1, 1, -1e16),
      of(1e308, 1e308),
      of(1e308, 1e308, -1e308),
      of(-1e308, -1e308),
      of(5e-324, 0, 0),
      of('5', null, true),
      of(1, '1', 1, [1], [1], { a: 1, b: 2 }, { b: 2, a: 1 }, null),
      of(10, 20, 30),
    )
    for (const aggregate of ['sum', 'average', 'min', 'max', 'distinct'] as const)
      for (const op of ['eq', 'gt', 'gte', 'lt', 'lte'] as const)
        for (const value of [0, 0.6, 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1, 20, 1e300, -1, 5, 1])
          await holders(all, { aggregate, event: 'login', of: 'v', op, value })
    for (const trend of ['count', 'sum', 'average'] as const)
      for (const op of ['eq', 'gt', 'lt'] as const)
        for (const value of [-50, 0, 100, -100])
          for (const within of ['P2D', { calendar: 'day' as const, count: 2, zone: 'UTC' }])
            await holders(all, { trend, event: 'login', of: 'v', op, value, within })
  })
})

describe('what is kept', () => {
  it('is membership, also through the only account, and scores', async () => {
    const account = subjectOf('account', {
      segments: { big: true, gone: false },
      scores: { health: { value: 70.5, band: 'good', stage: null } },
    })
    const other = subjectOf('account', { scores: { health: { value: null, band: null, stage: null } } })
    const all = await store(
      account,
      other,
      subjectOf('contact', { accounts: [account.id], signals: { hot: true } }),
      subjectOf('contact', { accounts: [account.id, other.id], signals: { hot: false } }),
      subjectOf('contact', { scores: { fit: { value: 3, band: 'low', stage: 'new' } } }),
      subjectOf('contact', { accounts: [other.id] }),
    )
    for (const subject of ['contact', 'account'] as const) {
      for (const segment of ['big', 'gone', 'none', ...HOSTILE])
        for (const is of ['in', 'out'] as const) await holders(all, { segment, is }, subject)
      for (const is of ['set', 'cleared'] as const) await holders(all, { signal: 'hot', is }, subject)
      for (const score of ['health', 'fit', 'none', HOSTILE[8] ?? '']) {
        for (const op of ['gt', 'ne', 'exists', 'empty'] as const)
          await holders(all, { score, op, ...(op === 'gt' || op === 'ne' ? { value: 5 } : {}) }, subject)
        await holders(all, { score, of: 'band', op: 'eq', value: 'good' }, subject)
        await holders(all, { score, of: 'stage', op: 'ne', value: 'new' }, subject)
      }
    }
  })

  it('is how properties changed', async () => {
    const change = (daysAgo: number, from: Json, to: Json) => ({ property: 'plan', at: NOW - daysAgo * DAY, from, to })
    const account = subjectOf('account', { changes: [change(3, null, 'pro')] })
    const all = await store(
      account,
      subjectOf('contact', { accounts: [account.id], changes: [change(2, 'free', 'pro'), change(1, 'pro', null)] }),
      subjectOf('contact', { changes: [change(2, null, { a: 1, b: 2 }), change(7, 1, 2)] }),
    )
    for (const changed of ['contact.plan', 'account.plan', 'contact.other', `contact.${HOSTILE[8]}`])
      for (const side of [
        {},
        { from: null },
        { to: 'pro' },
        { from: 'free', to: 'pro' },
        { to: { b: 2, a: 1 } },
        { to: '\u0000' },
      ])
        for (const within of [{}, { within: 'P3D' }, { within: { calendar: 'day' as const, ago: 1, zone: 'UTC' } }])
          for (const subject of ['contact', 'account'] as const)
            await holders(all, { changed, ...side, ...within }, subject)
  })
})

it('contacts of accounts and accounts of contacts are counted, merged ones never', async () => {
  const accounts = [0, 1, 2].map((n) => subjectOf('account', { properties: { n } }))
  const in_ = (...of: number[]) => of.map((n) => accounts[n]?.id ?? '')
  const event = { name: 'login', at: NOW - DAY, properties: {} }
  const all = await store(
    ...accounts,
    subjectOf('contact', { accounts: in_(0), events: [event], properties: { role: 'admin' }, segments: { vip: true } }),
    subjectOf('contact', { accounts: in_(0, 1), events: [event, event] }),
    subjectOf('contact', { accounts: in_(1), merged: true, events: [event] }),
    subjectOf('contact', { accounts: in_(1, 2), properties: { role: 'admin' } }),
    subjectOf('contact'),
  )
  const inner: Rule[] = [
    { property: 'contact.role', op: 'eq', value: 'admin' },
    { event: 'login', count: { op: 'gte', value: 1 }, within: 'P7D' },
    { event: 'login', count: { op: 'eq', value: 0 } },
    { event: 'login', count: { op: 'lt', value: 2 } },
    { segment: 'vip', is: 'in' },
    {
      not: {
        any: [
          { segment: 'vip', is: 'in' },
          { property: 'contact.role', op: 'empty' },
        ],
      },
    },
  ]
  for (const contacts of inner)
    for (const count of [
      undefined,
      ...[0, 1, 2].flatMap((value) => [
        { op: 'eq' as const, value },
        { op: 'lte' as const, value },
      ]),
    ])
      await holders(all, { contacts, ...(count === undefined ? {} : { count }) }, 'account')
  for (const value of [0, 1, 2])
    for (const op of ['gte', 'eq'] as const)
      await holders(all, { accounts: { property: 'account.n', op: 'gte', value: 1 }, count: { op, value } })
})

it('rules compose, and nothing at all is true of all and of none of any', async () => {
  const all = await store(subjectOf('contact', { properties: { a: 1 } }), subjectOf('contact'))
  expect(await holders(all, { all: [] })).toBe(2)
  expect(await holders(all, { any: [] })).toBe(0)
  const a: Rule = { property: 'contact.a', op: 'eq', value: 1 }
  expect(await holders(all, { any: [a, { all: [{ not: a }, { event: 'x', count: { op: 'gt', value: 0 } }] }] })).toBe(1)
})
