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

interface Answers {
  many: string[]
  few: string[]
  /** Those of both halves. */
  halves: string[]
  /** Of whom SQL says neither yes nor no. */
  unknown: string[]
}

/** What SQL says in each of its forms. */
async function askSql({ rule, subject, workspaceId }: Pair, now: Instant): Promise<Answers> {
  const [many, few] = (['many', 'few'] as const).map((among) => compileRule(rule, { workspaceId, subject, now, among }))
  const [one, other] = (['one', 'other'] as const).map((half) => compileRule(rule, { workspaceId, subject, now, half }))
  const from = sql`FROM ${sql.table(`${subject}s`)} AS subject WHERE subject.workspace_id = ${workspaceId}`
  const { rows } = await sql<{ form: keyof Answers; id: string }>`
    SELECT 'many' AS form, subject.id ${from} AND ${many} UNION ALL SELECT 'few', subject.id ${from} AND ${few}
    UNION ALL SELECT 'halves', subject.id ${from} AND ${one} UNION ALL SELECT 'halves', subject.id ${from} AND ${other}
    UNION ALL SELECT 'unknown', subject.id ${from} AND ((${many}) IS NULL OR (${few}) IS NULL)`.execute(opened.db)
  const of = (form: keyof Answers): string[] => rows.flatMap((row) => (row.form === form ? [row.id] : [])).toSorted()
  return { many: of('many'), few: of('few'), halves: of('halves'), unknown: of('unknown') }
}

/** What the evaluator says, and when that may change by itself. */
function askEvaluator({ rule, history, subject }: Pair, now: Instant): { holds: string[]; until: Instant | null } {
  const answers = (subject === 'contact' ? history.contacts : history.accounts).map(({ id }) => ({
    id,
    ...evaluate(rule, historyFacts(history, { kind: subject, id }, now), now),
  }))
  const untils = answers.flatMap(({ validUntil }) => (validUntil === null ? [] : [validUntil]))
  return {
    holds: answers.flatMap(({ id, value }) => (value ? [id] : [])).toSorted(),
    until: untils.length === 0 ? null : Math.min(...untils),
  }
}

/** Then, and where the evaluator says that an answer turns: a bound that is off by one shows there and nowhere else. */
function momentsOf(pair: Pair): Instant[] {
  const { until } = askEvaluator(pair, pair.now)
  return until === null ? [pair.now] : [pair.now, until - 1, until]
}

it(`SQL and the evaluator agree about ${PAIRS} random rules, each with a random history (seed ${SEED})`, {
  timeout: 60_000 + PAIRS * MS_PER_PAIR,
}, async () => {
  const all = fc.sample(pairs, { numRuns: PAIRS, seed: SEED })
  const seen = { asked: 0, held: 0 }
  for (let from = 0; from < all.length; from += CHUNK) {
    const chunk = all.slice(from, from + CHUNK)
    await storeWorkspaces(opened.db, chunk.map(storedOf), () => 0)
    for (const [i, pair] of chunk.entries())
      for (const now of momentsOf(pair)) {
        const { holds } = askEvaluator(pair, now)
        const found = await askSql(pair, now)
        const expected: Answers = { many: holds, few: holds, halves: holds, unknown: [] }
        if (JSON.stringify(found) !== JSON.stringify(expected))
          expect.fail(
            `Pair ${from + i} of seed ${SEED} differs: ${JSON.stringify({ ...pair, now, found, expected }, null, 1)}`,
          )
        seen.asked += pair.subject === 'contact' ? pair.history.contacts.length : pair.history.accounts.length
        seen.held += holds.length
      }
  }
  console.log(
    `${PAIRS} rules with a history each (seed ${SEED}): ${seen.asked} answers alike, ${seen.held} of them yes.`,
  )
  expect(all).toHaveLength(PAIRS)
})
