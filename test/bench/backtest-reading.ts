import pg from 'pg'
import { newId } from '../../api/db/new-id.ts'
import { runBacktest } from '../../api/backtest/run-backtest.ts'
import type { Backtest, Backtested } from '../../engine/backtest/backtest.ts'
import { withOwnPostgres } from '../helpers/own-postgres.ts'

const DAY = 86_400_000

export interface ReadingWanted extends Pick<Backtest, 'plan' | 'from' | 'until' | 'answer'> {
  events: number
  people: number
  /** Every so many an event enrolls somebody. */
  enrolls: number
  names: readonly string[]
}

export interface Reading {
  perSecond: number
  /** How many of the events were read at all. */
  read: number
  ms: number
  /** Of the thread that reads and plays. */
  cpuMs: number
  found: Backtested
}

/** The bench's stream of events, stored in a Postgres of its own and read from there. */
export async function measureReading(wanted: ReadingWanted): Promise<Reading> {
  const { plan, from, until, events } = wanted
  return withOwnPostgres(until, async (create) => {
    const database = await create()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const workspaceId = newId(from)
    await store(client, workspaceId, wanted)
    const answers = Object.fromEntries(
      plan.steps.flatMap((step) => {
        const answered = step.op === 'act' ? wanted.answer(step, { instance: step.id, subjectId: '', at: from }) : null
        return answered !== null && 'output' in answered ? [[step.id, answered.output] as const] : []
      }),
    )
    const asked = { plan, live: null, isLive: false, answers, holdoutPercent: 0 }
    const playbookId = newId(from)
    const cpu = process.threadCpuUsage()
    const began = performance.now()
    const { draft: found } = await runBacktest(
      client,
      { workspaceId, id: newId(from), playbookId, from, until, asked, attempts: 1 },
      () => undefined,
    )
    const ms = performance.now() - began
    const { user, system } = process.threadCpuUsage(cpu)
    await client.end()
    await database.drop()
    return { perSecond: (events / ms) * 1000, read: found.events, ms, cpuMs: (user + system) / 1000, found }
  })
}

const ID = (n: string): string => `('00000000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`

async function store(client: pg.Client, workspaceId: string, wanted: ReadingWanted): Promise<void> {
  const { from, until, events, people, enrolls, names } = wanted
  await client.query(`INSERT INTO workspaces (id, slug, name, created_at) VALUES ($1, 'bench', 'Bench', now())`, [
    workspaceId,
  ])
  await client.query(
    `INSERT INTO contacts (workspace_id, id, external_id, email, name, properties, created_at, updated_at)
    SELECT $1, ${ID('i')}, 'u-' || i, 'person-' || i || '@bench.example', 'Person ' || i, jsonb_build_object('seats', i % 50), $2, $2
    FROM generate_series(0, $3::int - 1) AS i`,
    [workspaceId, new Date(from - DAY), people],
  )
  await client.query(
    `INSERT INTO events (workspace_id, id, message_id, kind, name, lane, subject_key, body, occurred_at, received_at, status, position,
      contact_id, processed_at)
    SELECT $1, ${ID('i')}, 'm-' || i, 'track', CASE WHEN i % $2::int = 0 THEN 'Trial Started' ELSE ($3::text[])[i % $4::int + 1] END,
      i % 64, 'u', jsonb_build_object('userId', 'u', 'properties', jsonb_build_object('plan', 'team', 'seats', i % 40)),
      at - (i % 3) * interval '1 second', at, 'done', i, ${ID('who')}, at
    FROM generate_series(0, $5::int - 1) AS i,
      LATERAL (SELECT CASE WHEN i % $2::int = 0 THEN i / $2::int ELSE ((i::bigint * 7919) % $6::int)::int END AS who,
        to_timestamp(($7::float8 + floor(i::float8 * $8::float8 / $5::int)) / 1000.0) AS at) AS x`,
    [workspaceId, enrolls, names, names.length, events, people, from, until - from],
  )
  await client.query('ANALYZE')
}
