import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Rule } from '../../engine/model/rule.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { customerFilter } from './customer-filter.ts'
import { countOf, listContacts } from './read-customers.ts'

// Forty people: p0 to p29 with one account, acct-0 to acct-2 in turn, p28 and p29 with a second one besides.

let api: TestApi
let w: TestWorkspace

const PEOPLE = 40
const NAMES = Array.from({ length: PEOPLE }, (_, n) => `p${String(n).padStart(2, '0')}`)
const MANY = 10_001

beforeAll(async () => {
  api = await startTestApi()
  w = await api.workspace('segments')
  const { db } = api.database
  const at = new Date(api.clock.now)
  await sql`INSERT INTO contacts (workspace_id, id, external_id, properties, created_at, updated_at)
    SELECT ${w.id}, gen_random_uuid(), name, jsonb_build_object('n', n), ${at}, ${at}::timestamptz - n % 7 * interval '1 second'
    FROM unnest(${NAMES}::text[]) WITH ORDINALITY AS people(name, n)`.execute(db)
  await sql`INSERT INTO accounts (workspace_id, id, external_id, properties, created_at, updated_at)
    SELECT ${w.id}, gen_random_uuid(), 'acct-' || n, '{}', ${at}, ${at} FROM generate_series(0, 2) AS n`.execute(db)
  await sql`INSERT INTO account_contacts (workspace_id, account_id, contact_id, created_at)
    SELECT c.workspace_id, a.id, c.id, ${at} FROM contacts c JOIN accounts a ON a.workspace_id = c.workspace_id
      AND a.external_id IN ('acct-' || substr(c.external_id, 2)::int % 3, CASE WHEN c.external_id >= 'p28' THEN 'acct-0' END)
    WHERE c.workspace_id = ${w.id} AND c.external_id < 'p30'`.execute(db)
  await segment('few', 'contact', { members: NAMES.slice(0, 12), others: 0 })
  await segment('many', 'contact', { members: NAMES.slice(0, 35), others: MANY })
  await segment('few-accounts', 'account', { members: ['acct-1'], others: 0 })
  await segment('many-accounts', 'account', { members: ['acct-1', 'acct-2'], others: 501 })
})
afterAll(() => api.close())

/** @param of.others members besides, of whom nothing else is known: it is the number that counts */
async function segment(slug: string, subject: 'contact' | 'account', of: { members: string[]; others: number }) {
  const { db } = api.database
  const id = randomUUID()
  const at = new Date(api.clock.now)
  await sql`INSERT INTO audiences (workspace_id, id, kind, slug, name, subject, rule, backfill_done, created_at, updated_at)
    VALUES (${w.id}, ${id}, 'segment', ${slug}, ${slug}, ${subject}, '{"all":[]}', true, ${at}, ${at})`.execute(db)
  await sql`INSERT INTO audience_members (workspace_id, audience_id, subject_id, is_member, since)
    SELECT workspace_id, ${id}::uuid, id, external_id = ANY(${of.members}::text[]), ${at}::timestamptz FROM ${sql.table(`${subject}s`)} WHERE workspace_id = ${w.id}
    UNION ALL SELECT ${w.id}::uuid, ${id}::uuid, gen_random_uuid(), true, ${at}::timestamptz FROM generate_series(1, ${of.others})`.execute(
    db,
  )
}

const ctx = () => ({ db: api.database.db, workspaceId: w.id, now: api.clock.now })

/** Everybody, four at a time. */
async function all(sort: string, filter?: Rule): Promise<string[]> {
  const names: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listContacts>> = await listContacts(ctx(), { sort, filter, cursor, limit: 4 })
    names.push(...page.data.map(({ label }) => label))
    cursor = page.nextCursor
  } while (cursor !== null)
  return names
}

const numberOf = (name: string): number => Number(name.slice(1))
/** Of somebody with two accounts none is the one that is meant. */
const ofAccount = (name: string, ...accounts: number[]): boolean =>
  numberOf(name) < 28 && accounts.includes(numberOf(name) % 3)

const CASES: Array<{ filter: Rule; few: boolean; holds: (name: string) => boolean }> = [
  { filter: { segment: 'few', is: 'in' }, few: true, holds: (name) => numberOf(name) < 12 },
  { filter: { segment: 'few', is: 'out' }, few: false, holds: (name) => numberOf(name) >= 12 },
  { filter: { segment: 'many', is: 'in' }, few: false, holds: (name) => numberOf(name) < 35 },
  { filter: { segment: 'many', is: 'out' }, few: true, holds: (name) => numberOf(name) >= 35 },
  { filter: { segment: 'few-accounts', is: 'in' }, few: true, holds: (name) => ofAccount(name, 1) },
  { filter: { segment: 'few-accounts', is: 'out' }, few: false, holds: (name) => !ofAccount(name, 1) },
  { filter: { segment: 'many-accounts', is: 'in' }, few: false, holds: (name) => ofAccount(name, 1, 2) },
  {
    filter: { all: [{ segment: 'many', is: 'in' }, { all: [{ segment: 'few', is: 'in' }] }] },
    few: true,
    holds: (name) => numberOf(name) < 12,
  },
  {
    filter: { any: [{ segment: 'few', is: 'in' }, { not: { segment: 'many', is: 'in' } }] },
    few: false,
    holds: (name) => numberOf(name) < 12 || numberOf(name) >= 35,
  },
]

describe.each(CASES)('a list of those with $filter', ({ filter, few, holds }) => {
  it(few ? 'finds the few first and sorts them then' : 'walks the order until the page is full', async () => {
    expect(await customerFilter(ctx(), 'contact', { filter, among: 'few' })).toMatchObject({ few })
  })

  it.each(['name', '-updatedAt', '-contact.n', 'score.none'])(
    'has by %s whom it shall, in order, page after page',
    async (sort) => {
      expect(await all(sort, filter)).toEqual((await all(sort)).filter(holds))
      expect(await countOf(ctx(), 'contact', { filter })).toEqual({ count: NAMES.filter(holds).length })
    },
  )
})
