import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { newId } from '../../api/db/new-id.ts'
import type { Rule } from '../../engine/model/rule.ts'
import { startInstance } from '../helpers/instance.ts'
import { cpuMeter, cpuSum } from './machine.ts'
import { databaseUrl, inLanes, type Product, productOf } from './product.ts'
import { type Figure, percentile, type Report, shown } from './report.ts'

const RULES = [0, 100, 1000, 10_000]
const PEOPLE = 2000
const SINGLES = 6000
const SINGLE_LANES = 50
const BATCHES = 300
const BATCH_SIZE = 100
const BATCH_LANES = 4
const PROBES = 100

interface Rates {
  /** Events a second from the first call to the last one worked through, its edges written. */
  worked: number
  /** Milliseconds of CPU of all processes, an event. */
  cpuMs: number
}
interface Measured {
  rules: number
  singles: Rates
  batches: Rates
  /** Milliseconds from the answer to a single call to the edge it causes. */
  set: { p50: number; p95: number } | null
}

/**
 * (g) Events under standing rules: signals of which five can match what is sent, each event one of them by its name
 * (a count in a window, an absence, a sum, the last time, a count with a property of the contact).
 */
export async function benchRules(): Promise<Report> {
  const instance = await startInstance({ demo: false, onDisk: true })
  const product = productOf(instance)
  const database = new pg.Client({ connectionString: databaseUrl(instance) })
  await database.connect()
  try {
    await prepare(product)
    const measured: Measured[] = []
    let there = 0
    await singles(product, SINGLES / 4)
    for (const rules of RULES) {
      await addRules(database, { from: there, to: rules })
      there = rules
      await product.untilDispatched()
      measured.push({
        rules,
        singles: await singles(product, SINGLES),
        batches: await batches(product),
        set: rules === 0 ? null : await untilSet(product, database),
      })
    }
    return reportOf(measured)
  } finally {
    await database.end()
    await product.close()
    await instance.stop()
  }
}

async function prepare(product: Product): Promise<void> {
  for (let from = 0; from < PEOPLE; from += 500)
    await product.rest('POST', '/v1/batch', {
      batch: range(from, from + 500).map((i) => ({
        type: 'identify',
        userId: `person-${i}`,
        traits: { email: `person-${i}@bench.example`, seats: i % 50 },
      })),
    })
  await product.untilDispatched()
}

const NAMES = ['Feature Used', 'Logged In', 'Order Placed', 'Report Opened', 'Seat Added']
const MATCHING: Rule[] = [
  { event: 'Feature Used', count: { op: 'gte', value: 3 }, within: 'P7D' },
  { event: 'Logged In', count: { op: 'eq', value: 0 }, within: 'P7D' },
  { aggregate: 'sum', event: 'Order Placed', of: 'amount', op: 'gte', value: 500, within: 'P30D' },
  { last: 'Report Opened', op: 'withinLast', value: 'P1D' },
  {
    all: [
      { event: 'Seat Added', count: { op: 'gte', value: 2 }, within: 'P30D' },
      { property: 'contact.seats', op: 'gt', value: 25 },
    ],
  },
]

const ruleOf = (i: number): Rule =>
  MATCHING[i] ??
  (i % 2 === 0
    ? { event: `Never Sent ${i}`, count: { op: 'gte', value: 1 }, within: 'P7D' }
    : { property: `contact.never${i}`, op: 'gt', value: i })

/** Written straight away and without a backfill: what is measured is what standing rules cost, not their making. */
async function addRules(database: pg.Client, { from, to }: { from: number; to: number }): Promise<void> {
  const rows = range(from, to).map((i) => ({ id: newId(Date.now()), slug: `bench-${i}`, rule: ruleOf(i) }))
  await database.query(
    `INSERT INTO audiences (workspace_id, id, kind, slug, name, subject, rule, backfill_done, created_at, updated_at)
     SELECT w.id, x.id, 'signal', x.slug, x.slug, 'contact', x.rule, true, now(), now()
     FROM workspaces w, json_to_recordset($1::json) AS x(id uuid, slug text, rule jsonb)`,
    [JSON.stringify(rows)],
  )
  await database.query('UPDATE workspaces SET catalog_revision = catalog_revision + 1')
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

const eventOf = (i: number) => ({
  messageId: randomUUID(),
  userId: `person-${(i * 7) % PEOPLE}`,
  event: NAMES[i % NAMES.length],
  properties: { amount: i % 100, plan: 'team', source: 'bench' },
})

async function singles(product: Product, count: number): Promise<Rates> {
  return timed(product, count, () =>
    inLanes(range(0, count).map(eventOf), SINGLE_LANES, (event) => sent(product, '/v1/track', event)),
  )
}

async function batches(product: Product): Promise<Rates> {
  const bodies = range(0, BATCHES).map((n) => ({
    batch: range(n * BATCH_SIZE, (n + 1) * BATCH_SIZE).map((i) => ({ type: 'track', ...eventOf(i) })),
  }))
  return timed(product, BATCHES * BATCH_SIZE, () =>
    inLanes(bodies, BATCH_LANES, (body) => sent(product, '/v1/batch', body)),
  )
}

async function sent(product: Product, path: string, body: unknown): Promise<void> {
  const status = await product.send(path, body)
  if (status !== 200) throw new Error(`POST ${path} answered ${status}.`)
}

async function timed(product: Product, count: number, work: () => Promise<void>): Promise<Rates> {
  const cpu = cpuMeter(product.instance.pids)
  const began = performance.now()
  await work()
  await product.untilDispatched()
  const worked = performance.now() - began
  return { worked: (count / worked) * 1000, cpuMs: cpuSum(cpu()) / count }
}

/** New people, one after the other: “Report Opened” sets a signal at once. */
async function untilSet(product: Product, database: pg.Client): Promise<{ p50: number; p95: number }> {
  const took: number[] = []
  for (let i = 0; i < PROBES; i++) {
    const userId = randomUUID()
    await sent(product, '/v1/track', { messageId: randomUUID(), userId, event: 'Report Opened', properties: {} })
    const accepted = performance.now()
    while (!(await isSet(database, userId))) await sleep(1)
    took.push(performance.now() - accepted)
  }
  return { p50: percentile(took, 0.5), p95: percentile(took, 0.95) }
}

async function isSet(database: pg.Client, userId: string): Promise<boolean> {
  const { rowCount } = await database.query({
    name: 'is-set',
    text: `SELECT 1 FROM contacts c JOIN audience_edges e ON e.workspace_id = c.workspace_id AND e.subject_id = c.id
      WHERE c.external_id = $1 AND e.edge = 'set' AND e.audience_id = (SELECT id FROM audiences WHERE slug = 'bench-3') LIMIT 1`,
    values: [userId],
  })
  return rowCount === 1
}

function reportOf(measured: Measured[]): Report {
  const at = (rules: number): Measured | undefined => measured.find((each) => each.rules === rules)
  const figures = measured.flatMap(({ rules, ...each }): Figure[] =>
    (['singles', 'batches'] as const).map((way) => ({
      name: `${way === 'singles' ? 'single calls' : `batches of ${BATCH_SIZE}`}, ${shown(rules)} rules`,
      value: each[way].worked,
      unit: 'events/s',
      ...(rules === 1000 ? { goal: { atLeast: way === 'singles' ? 1000 : 5000 } } : {}),
    })),
  )
  for (const way of ['singles', 'batches'] as const)
    figures.push({
      name: `${way}, CPU of an event with 10,000 rules against 100`,
      value: (at(10_000)?.[way].cpuMs ?? Number.NaN) / (at(100)?.[way].cpuMs ?? Number.NaN),
      unit: '×',
      goal: { atMost: 1.3 },
    })
  for (const way of ['singles', 'batches'] as const)
    figures.push({
      name: `${way}, slower with 10,000 rules than with 100`,
      value: (at(100)?.[way].worked ?? Number.NaN) / (at(10_000)?.[way].worked ?? Number.NaN),
      unit: '×',
      goal: { atMost: 1.3 },
    })
  const details = measured.map(
    ({ rules, singles: s, batches: b, set }) =>
      `  ${shown(rules)} rules: singles ${shown(s.cpuMs)} ms CPU each (${shown(1000 / s.cpuMs)} a second and core), batches ${shown(b.cpuMs)} ms (${shown(1000 / b.cpuMs)})` +
      (set === null ? '' : `; accepted to signal set p50 ${shown(set.p50)} ms, p95 ${shown(set.p95)} ms`),
  )
  return {
    title: `(g) Events under signals of which five can match: ${shown(SINGLES)} single calls at ${SINGLE_LANES} in flight, ${BATCHES} batches of ${BATCH_SIZE} at ${BATCH_LANES} in flight, ${shown(PEOPLE)} people`,
    figures,
    details,
  }
}
