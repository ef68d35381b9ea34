import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { startDispatcher } from '../../api/dispatch/dispatcher.ts'
import { DAY } from '../../engine/model/duration.ts'
import type { Rule } from '../../engine/model/rule.ts'
import { FIGURES, figureScenario } from './time-travel-figures.ts'
import { isMain } from '../helpers/is-main.ts'
import { type OwnDatabase, withOwnPostgres } from '../helpers/own-postgres.ts'
import { seeded } from '../helpers/random.ts'
import { edgesOf, type Happening, type Journey, travel } from '../helpers/time-travel.ts'
import { createTestWorkspace, type TestWorkspace } from '../helpers/workspace.ts'

/**
 * “No login for 7 days” is true to the millisecond: random histories of many contacts are lived through, and every edge
 * is compared with what a look at each history alone says. Then how late the work is when many are due at once.
 * `node test/scenarios/time-travel.ts --contacts 100000 --days 40 --seed 1`
 */
export interface AbsenceReport extends Journey {
  contacts: number
  edges: number
  /** Contacts whose edges differ from the brute-force answer. */
  wrong: string[]
  /** What an hourly poll of everyone would have asked. */
  polled: number
}

const QUIET = 7 * DAY
const START = Date.parse('2026-01-05T00:00:00Z')
const RULE: Rule = { event: 'login', count: { op: 'eq', value: 0 }, within: 'P7D' }
/** Events of one instant, on average: a batch is worked as one. */
const TOGETHER = 250

/** @param database where it runs outside of the test runner */
export async function absenceScenario(
  given: { contacts: number; days: number; seed: number },
  database?: OwnDatabase,
): Promise<AbsenceReport> {
  const w = await createTestWorkspace(START, database)
  try {
    const audience = await w.audience('signal', 'quiet', { rule: RULE })
    const histories = randomHistories(given)
    const until = START + given.days * DAY
    const journey = await travel(w, { happenings: inOrder(histories), until })
    const edges = await edgesOf(w, audience)
    const wrong: string[] = []
    let count = 0
    for (const [user, history] of histories) {
      const [is, should] = [JSON.stringify(edges.get(user) ?? []), JSON.stringify(bruteForce(history, until))]
      count += edges.get(user)?.length ?? 0
      if (is !== should) wrong.push(`${user}: is ${is}, should be ${should}`)
    }
    return { ...journey, contacts: given.contacts, edges: count, wrong, polled: given.contacts * given.days * 24 }
  } finally {
    await w.close()
  }
}

interface History {
  /** When it is first heard of by a call that is no login; null: by its first login. */
  known: number | null
  /** Ascending, each different. */
  logins: number[]
}

/** Some log in often, some once, some never; some exactly a window apart. */
function randomHistories({
  contacts,
  days,
  seed,
}: {
  contacts: number
  days: number
  seed: number
}): Map<string, History> {
  const random = seeded(seed)
  const count = Math.max(20, Math.ceil((contacts * 5) / TOGETHER))
  const instants = Array.from({ length: count }, () => START + 1 + Math.floor(random() * days * DAY))
  // Instants a window apart meet their own end.
  for (let i = 0; i < count; i += 10) {
    const end = (instants[i] ?? START) + QUIET
    if (end < START + days * DAY) instants.push(end)
  }
  const some = (): number => instants[Math.floor(random() * instants.length)] ?? START
  return new Map(
    Array.from({ length: contacts }, (_, i): [string, History] => {
      const logins = new Set(Array.from({ length: Math.floor(random() ** 2 * 10) }, some))
      const twins = random() < 0.1 ? [...logins].map((at) => at + QUIET) : []
      const sorted = [...new Set([...logins, ...twins])]
        .filter((at) => at < START + days * DAY)
        .toSorted((a, b) => a - b)
      const known = some()
      return [`u${i}`, { known: known < (sorted[0] ?? Infinity) ? known : null, logins: sorted }]
    }),
  )
}

function* inOrder(histories: Map<string, History>): Iterable<Happening> {
  const all: Array<{ at: number; user: string; login: boolean }> = []
  for (const [user, { known, logins }] of histories) {
    if (known !== null) all.push({ at: known, user, login: false })
    for (const at of logins) all.push({ at, user, login: true })
  }
  for (const { at, user, login } of all.toSorted((a, b) => a.at - b.at))
    yield { at, message: login ? { type: 'track', userId: user, event: 'login' } : { type: 'identify', userId: user } }
}

/** What the history alone says: quiet from the moment at which the last login is 7 days old, until the next. */
function bruteForce({ known, logins }: History, until: number): Array<[string, number]> {
  const edges: Array<[string, number]> = []
  let quiet = known !== null
  if (known !== null) edges.push(['set', known])
  for (const [i, at] of logins.entries()) {
    if (quiet) edges.push(['cleared', at])
    const end = at + QUIET
    const next = logins[i + 1] ?? Infinity
    quiet = end < next
    if (quiet && end <= until) edges.push(['set', end])
  }
  return edges
}

export interface LagReport {
  due: number
  /** Milliseconds from the instant they were all due to the last edge's commit. */
  ms: number
  perSecond: number
}

/** Many answers that run out at one instant, with a dispatcher at work as in the product. */
export async function lagScenario(due: number, database?: OwnDatabase): Promise<LagReport> {
  const w = await createTestWorkspace(Date.now(), database)
  const audience = await w.audience('signal', 'quiet', { rule: RULE })
  const dispatcher = startDispatcher({
    pool: w.opened.pool,
    clock: Date.now,
    startRuns: () => Promise.resolve(),
    touchRuns: () => Promise.resolve(),
    onError: (error) => console.error(error),
  })
  try {
    await prepare(w, due)
    const soon = Date.now() + 1000 + due / 2
    // The last login was 7 days ago, in a moment. It is told as late as it was: the edge is about when, not about who says so.
    await sql`UPDATE events SET occurred_at = to_timestamp(${(soon - QUIET) / 1000}) WHERE workspace_id = ${w.id}`.execute(
      w.opened.db,
    )
    await sql`UPDATE audience_members SET valid_until = to_timestamp(${soon / 1000}) WHERE workspace_id = ${w.id}`.execute(
      w.opened.db,
    )
    await sql`VACUUM ANALYZE audience_members, events_kept, contacts`.execute(w.opened.db)
    while ((await edgesWithin(w, audience, soon)) < due) await sleep(Date.now() < soon ? 50 : 10)
    const ms = Date.now() - soon
    return { due, ms, perSecond: Math.round((due / ms) * 1000) }
  } finally {
    await dispatcher.stop()
    await w.close()
  }
}

async function prepare(w: TestWorkspace, due: number): Promise<void> {
  for (let from = 0; from < due; from += 500) {
    const messages = Array.from({ length: Math.min(500, due - from) }, (_, i) => ({
      type: 'track',
      userId: `u${from + i}`,
      event: 'login',
    }))
    await w.sendNow(...messages)
  }
  const placed = sql<{ n: number }>`SELECT count(*)::int AS n FROM audience_members WHERE workspace_id = ${w.id}`
  while (((await placed.execute(w.opened.db)).rows[0]?.n ?? 0) < due) await sleep(50)
}

async function edgesWithin(w: TestWorkspace, audience: string, at: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM audience_edges WHERE workspace_id = ${w.id} AND audience_id = ${audience}
      AND edge = 'set' AND at = to_timestamp(${at / 1000})`.execute(w.opened.db)
  return rows[0]?.n ?? 0
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      contacts: { type: 'string', default: '100000' },
      days: { type: 'string', default: '40' },
      seed: { type: 'string', default: '1' },
    },
  })
  const given = { contacts: Number(values.contacts), days: Number(values.days), seed: Number(values.seed) }
  const wrong = await withOwnPostgres(START, async (create) => {
    const from = Date.now()
    const report = await absenceScenario(given, await create())
    for (const line of report.wrong.slice(0, 10)) console.log(line)
    console.log(
      `No login for 7 days: ${report.contacts} contacts, ${report.events} calls, ${report.edges} edges, ${report.wrong.length} contacts wrong; ` +
        `${report.asked} evaluations, ${((report.asked / report.polled) * 100).toFixed(2)}% of an hourly poll (${report.polled}); ${Math.round((Date.now() - from) / 1000)} s`,
    )
    let wrong = report.wrong.length
    for (const figure of FIGURES) {
      const found = await figureScenario(
        figure,
        { ...given, contacts: Math.ceil(given.contacts / (figure.windows.length === 0 ? 200 : 20)) },
        await create(),
      )
      for (const line of found.wrong.slice(0, 3)) console.log(line)
      wrong += found.wrong.length
      console.log(
        `${found.name}: ${found.contacts} contacts, ${found.edges} edges, ${found.wrong.length} wrong; ${found.asked} evaluations, ${((found.asked / found.polled) * 100).toFixed(2)}% of an hourly poll`,
      )
    }
    for (const due of [1000, 20_000]) {
      const lag = await lagScenario(due, await create())
      console.log(`${lag.due} due at one instant: all edges committed ${lag.ms} ms later, ${lag.perSecond} a second`)
    }
    return wrong
  })
  if (wrong > 0) process.exitCode = 1
}

if (isMain(import.meta.url)) await main()
