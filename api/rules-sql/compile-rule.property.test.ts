import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Instant, Rule } from '../../engine/model/rule.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { histories, type History, historyFacts, type HistorySubject } from '../../test/helpers/random-histories.ts'
import { NAMES, nows, rules, type SubjectKind, ZONES } from '../../test/helpers/random-rules.ts'
import { type StoredWorkspace, storeWorkspaces, subjectOf } from '../../test/helpers/rule-histories.ts'
import { type OpenedDatabase, openDatabase } from '../db/database.ts'
import { compileRule } from './compile-rule.ts'

/** How many rules, each with a history of its own; `RULE_PAIRS=10000` for the full number, `RULE_SEED` to repeat a run. */
const PAIRS = Number(process.env.RULE_PAIRS ?? 300)
const SEED = Number(process.env.RULE_SEED ?? 20260315)
/** Stored together: as many workspaces in a few statements. */
const CHUNK = 100
const MS_PER_PAIR = 200

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

interface Pair {
  rule: Rule
  history: History
  subject: SubjectKind
  now: Instant
  workspaceId: string
}

const pairs: fc.Arbitrary<Pair> = fc
  .tuple(nows, fc.constantFrom<SubjectKind>('contact', 'account'))
  .chain(([now, subject]) => {
    const options = { subject, now, zones: ZONES, names: NAMES }
    return fc.tuple(rules(options), histories(options)).map(([rule, history]) => ({
      rule,
      history: withRealIds(history),
      subject,
      now,
      workspaceId: randomUUID(),
    }))
  })

/** Ids as the database has them, and external ids that are one subject's alone. */
function withRealIds(history: History): History {
  const ids = new Map([...history.contacts, ...history.accounts].map(({ id }) => [id, randomUUID() as string]))
  const idOf = (id: string): string => ids.get(id) ?? id
  const own = (subjects: HistorySubject[]): HistorySubject[] => {
    const taken = new Set<string>()
    return subjects.map((subject) => {
      const externalId = subject.externalId !== null && taken.has(subject.externalId) ? null : subject.externalId
      if (externalId !== null) taken.add(externalId)
      return { ...subject, id: idOf(subject.id), externalId }
    })
  }
  return {
    contacts: own(history.contacts),
    accounts: own(history.accounts),
    relations: history.relations.map((pair) => ({
      contactId: idOf(pair.contactId),
      accountId: idOf(pair.accountId),
    })),
    events: history.events.map((event) => ({
      ...event,
      contactId: event.contactId && idOf(event.contactId),
      accountId: event.accountId && idOf(event.accountId),
    })),
  }
}

function storedOf({ history, workspaceId }: Pair): StoredWorkspace {
  const received = history.events.map((event, position) => ({ ...event, position }))
  const flags = (slugs: string[]): { [slug: string]: boolean } => Object.fromEntries(slugs.map((slug) => [slug, true]))
  const stored = (kind: SubjectKind, subject: HistorySubject) =>
    subjectOf(kind, {
      ...subject,
      segments: flags(subject.segments),
      signals: flags(subject.signals),
      accounts: history.relations.flatMap((pair) => (pair.contactId === subject.id ? [pair.accountId] : [])),
      events: received.filter((event) =>
        kind === 'contact'
          ? event.contactId === subject.id
          : event.accountId === subject.id && event.contactId === null,
      ),
    })
  return {
    id: workspaceId,
    subjects: [
      ...history.contacts.map((contact) => stored('contact', contact)),
      ...history.accounts.map((account) => stored('account', account)),
    ],
  }
}

/** What SQL says in both of its forms, and of whom it says neither yes nor no. */
async function askSql({ rule, subject, now, workspaceId }: Pair) {
  const [many, few] = (['many', 'few'] as const).map((among) => compileRule(rule, { workspaceId, subject, now, among }))
  const from = sql`FROM ${sql.table(`${subject}s`)} AS subject WHERE subject.workspace_id = ${workspaceId}`
  const { rows } = await sql<{ form: 'many' | 'few' | 'unknown'; id: string }>`
    SELECT 'many' AS form, subject.id ${from} AND ${many} UNION ALL SELECT 'few', subject.id ${from} AND ${few}
    UNION ALL SELECT 'unknown', subject.id ${from} AND ((${many}) IS NULL OR (${few}) IS NULL)`.execute(opened.db)
  const of = (form: string): string[] => rows.flatMap((row) => (row.form === form ? [row.id] : [])).toSorted()
  return { many: of('many'), few: of('few'), unknown: of('unknown') }
}

it(`SQL and the evaluator agree about ${PAIRS} random rules, each with a random history (seed ${SEED})`, {
  timeout: 60_000 + PAIRS * MS_PER_PAIR,
}, async () => {
  const all = fc.sample(pairs, { numRuns: PAIRS, seed: SEED })
  let asked = 0
  let held = 0
  for (let from = 0; from < all.length; from += CHUNK) {
    const chunk = all.slice(from, from + CHUNK)
    await storeWorkspaces(opened.db, chunk.map(storedOf), () => 0)
    for (const [i, pair] of chunk.entries()) {
      const subjects = pair.subject === 'contact' ? pair.history.contacts : pair.history.accounts
      const holds = subjects
        .filter(
          ({ id }) =>
            evaluate(pair.rule, historyFacts(pair.history, { kind: pair.subject, id }, pair.now), pair.now).value,
        )
        .map(({ id }) => id)
        .toSorted()
      const found = await askSql(pair)
      const expected = { many: holds, few: holds, unknown: [] }
      if (JSON.stringify(found) !== JSON.stringify(expected))
        expect.fail(
          `Pair ${from + i} of seed ${SEED} differs: ${JSON.stringify({ ...pair, found, expected }, null, 1)}`,
        )
      asked += subjects.length
      held += holds.length
    }
  }
  console.log(`${PAIRS} rules with a history each (seed ${SEED}): ${asked} answers alike, ${held} of them yes.`)
  expect(all).toHaveLength(PAIRS)
})
