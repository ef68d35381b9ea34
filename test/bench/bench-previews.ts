import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { countStatement, previewAudience, within } from '../../api/audiences/preview-audience.ts'
import type { Preview, PreviewInput } from '../../api/audiences/audience-schemas.ts'
import { type Db, openDatabase } from '../../api/db/database.ts'
import { migrateToLatest } from '../../api/db/migrate.ts'
import type { Rule } from '../../engine/model/rule.ts'
import { postgresUrl } from '../../bin/embedded/postgres.ts'
import { withPostgres } from '../../bin/embedded/temporary-postgres.ts'
import { fillPreviewData, PREVIEW_WORKSPACE, type PreviewSize } from './preview-data.ts'
import { type Figure, median, type Report } from './report.ts'

const SIZE: PreviewSize = { contacts: 1_000_000, events: 10_000_000, days: 120 }
const NEEDED_BYTES = 20e9
const NOW = Date.parse('2026-03-15T12:00:00Z')
const ROUNDS = 5
const GOAL = { atMost: 2 }

const RULES: Array<{ name: string; rule: Rule; goal: boolean }> = [
  { name: 'a property: plan is pro', rule: { property: 'contact.plan', op: 'eq', value: 'pro' }, goal: true },
  {
    name: 'a count: at least 3 logins in 30 days',
    rule: { event: 'login', count: { op: 'gte', value: 3 }, within: 'P30D' },
    goal: true,
  },
  {
    name: 'an absence: no login for 7 days',
    rule: { event: 'login', count: { op: 'eq', value: 0 }, within: 'P7D' },
    goal: true,
  },
  {
    name: 'too much for 2 s: a sum over all logins ever',
    rule: { aggregate: 'sum', event: 'login', of: 'amount', op: 'gt', value: 5000 },
    goal: false,
  },
]

interface Measured {
  name: string
  goal: boolean
  seconds: number[]
  preview: Preview
  /** Of the exact figure, where the preview was an estimate. */
  exact: { seconds: number; count: number } | null
  plan: string[]
}

/**
 * (f) How long a preview takes over a large workspace, whether its count is exact, and by which plan, on a Postgres as
 * `npm start` runs it.
 * @throws Error where the disk has no room for the data
 */
export async function benchPreviews(): Promise<Report> {
  const { bavail, bsize } = statfsSync(tmpdir())
  if (bavail * bsize < NEEDED_BYTES)
    throw new Error(
      `(f) needs ${NEEDED_BYTES / 1e9} GB in ${tmpdir()}, and there are ${Math.floor((bavail * bsize) / 1e9)}.`,
    )
  const root = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  // The postgres user, when the bench runs as root, has to pass through.
  chmodSync(root, 0o711)
  const pids = join(root, 'pids')
  mkdirSync(pids)
  const server = { dataDir: join(root, 'postgres'), password: 'bench', durable: true, pids }
  try {
    return await withPostgres(server, async (port) => {
      const admin = new pg.Client({ connectionString: postgresUrl({ port, password: 'bench' }, 'postgres') })
      await admin.connect()
      await admin.query('CREATE DATABASE bench')
      await admin.end()
      const url = postgresUrl({ port, password: 'bench' }, 'bench')
      await migrateToLatest(url)
      return measureAll(url)
    })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function measureAll(url: string): Promise<Report> {
  const { db, pool, close } = openDatabase(url)
  try {
    const began = performance.now()
    await fillPreviewData(pool, NOW, SIZE)
    const filled = (performance.now() - began) / 1000
    const measured: Measured[] = []
    for (const { name, rule, goal } of RULES) measured.push(await measure(db, { name, rule, goal }))
    return reportOf(measured, filled)
  } finally {
    await close()
  }
}

async function measure(db: Db, { name, rule, goal }: (typeof RULES)[number]): Promise<Measured> {
  const ctx = { db, workspaceId: PREVIEW_WORKSPACE, now: NOW }
  const input: PreviewInput = { subject: 'contact', rule }
  const seconds: number[] = []
  let preview: Preview | undefined
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now()
    preview = await previewAudience(ctx, input)
    seconds.push((performance.now() - began) / 1000)
  }
  if (preview === undefined) throw new Error('Nothing was measured.')
  let exact: Measured['exact'] = null
  if (!preview.exact) {
    const began = performance.now()
    const { count } = await previewAudience(ctx, { ...input, exact: true })
    exact = { seconds: (performance.now() - began) / 1000, count }
  }
  return { name, goal, seconds, preview, exact, plan: await planOf(ctx, input) }
}

async function planOf(ctx: { db: Db; workspaceId: string; now: number }, input: PreviewInput): Promise<string[]> {
  const rows = await within(ctx.db, 60_000, async (trx) => {
    const explain = sql<{ 'QUERY PLAN': string }>`EXPLAIN (ANALYZE, BUFFERS, SUMMARY) ${countStatement(ctx, input)}`
    return (await explain.execute(trx)).rows
  })
  return rows?.map((row) => row['QUERY PLAN']) ?? ['(the plan took longer than a minute)']
}

function reportOf(measured: Measured[], filled: number): Report {
  const figures = measured.map(({ name, goal, seconds, preview }): Figure => {
    const note = preview.exact ? 'exact' : 'an estimate'
    return { name, value: median(seconds), unit: 's', note, ...(goal ? { goal: GOAL } : {}) }
  })
  const exactOnes = measured.filter(({ goal, preview }) => goal && preview.exact).length
  figures.push({
    name: 'of the three, exact',
    value: exactOnes,
    unit: '',
    goal: { atLeast: measured.filter(({ goal }) => goal).length },
  })
  const details = measured.flatMap(({ name, seconds, preview, exact, plan }) => [
    '',
    `${name}: ${preview.count.toLocaleString('en')} of ${preview.total.toLocaleString('en')} contacts; ` +
      `${seconds.map((one) => one.toFixed(2)).join(', ')} s`,
    ...(preview.exact ? [] : [`  asked ${preview.checked}, give or take ${preview.margin}`]),
    ...(exact === null ? [] : [`  exactly ${exact.count.toLocaleString('en')}, after ${exact.seconds.toFixed(1)} s`]),
    ...plan.map((line) => `    ${line}`),
  ])
  return {
    title: `(f) Previews over ${SIZE.contacts.toLocaleString('en')} contacts and ${SIZE.events.toLocaleString('en')} events of ${SIZE.days} days (median of ${ROUNDS})`,
    figures,
    details: [`The data was made in ${Math.round(filled)} s.`, ...details],
  }
}
