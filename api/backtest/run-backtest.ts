import type pg from 'pg'
import { type Backtested, openBacktest } from '../../engine/backtest/backtest.ts'
import { BacktestRefused } from '../../engine/backtest/reading.ts'
import { renderInput } from '../../engine/expression/render.ts'
import type { Plan } from '../../engine/model/plan.ts'
import { onClient } from '../db/sql.ts'
import { workspaceZone } from '../db/workspace-zone.ts'
import type { ClaimedBacktest } from './backtest-store.ts'
import { openPast } from './open-past.ts'
import { readEntered } from './read-entered.ts'
import { readReal, type RealNumbers } from './read-real.ts'
import { wantedPast } from './wanted-past.ts'

/** Numbers over one period: of the draft, of what is published over the same input, and of what really was. */
export interface BacktestResult {
  draft: Backtested
  /** Null: nothing is published, or the draft is what is. */
  live: { version: number; found: Backtested } | { version: number; refused: string } | null
  /** Whether the draft is what is published. */
  isLive: boolean
  real: RealNumbers | null
  /** How long the reading and playing took, in milliseconds. */
  tookMs: number
}

/** Reasons that are told one by one; the rest together. */
const MOST_REASONS = 20
const SAMPLES = 20

/**
 * Carries a backtest out, in one transaction that sees one moment and writes nothing.
 * @param progress told how far it is, 0 to 1; what it throws ends the work
 * @throws BacktestRefused where the draft reads what is not followed
 */
export async function runBacktest(
  client: pg.ClientBase,
  job: ClaimedBacktest,
  progress: (share: number) => void,
): Promise<BacktestResult> {
  const began = performance.now()
  const { asked } = job
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  try {
    const parts = asked.live === null ? 1 : 2
    const part = (n: number) => (share: number) => progress((n + share) / parts)
    const draft = await play(client, job, { plan: asked.plan, progress: part(0) })
    const live = asked.live === null ? null : await playLive(client, job, { ...asked.live, progress: part(1) })
    const real = await readReal(client, job)
    return { draft, live, isLive: asked.isLive, real, tookMs: Math.round(performance.now() - began) }
  } finally {
    await client.query('ROLLBACK')
  }
}

async function playLive(
  client: pg.ClientBase,
  job: ClaimedBacktest,
  { version, ...of }: { version: number; plan: Plan; progress: (share: number) => void },
): Promise<BacktestResult['live']> {
  try {
    return { version, found: await play(client, job, of) }
  } catch (error) {
    if (!(error instanceof BacktestRefused)) throw error
    return { version, refused: error.message }
  }
}

async function play(
  client: pg.ClientBase,
  job: ClaimedBacktest,
  { plan, progress }: { plan: Plan; progress: (share: number) => void },
): Promise<Backtested> {
  const { workspaceId, from, until, asked } = job
  const past = await openPast(client, workspaceId, wantedPast(plan, { from, until }))
  const going = openBacktest({
    plan,
    from,
    until,
    answer: (step) => ({ output: asked.answers[step.id] ?? null }),
    render: renderInput,
    externalIdOf: (id) => past.externalIds.get(id) ?? null,
    timeZone: await workspaceZone(onClient(client), workspaceId),
    holdoutPercent: asked.holdoutPercent,
    enteredBefore: await readEntered(client, job, plan),
    samples: SAMPLES,
  })
  await past.read(
    (together) => going.takeTogether(together),
    (at) => progress(Math.min(1, Math.max(0, (at - from) / Math.max(1, until - from)))),
  )
  const found = going.end()
  return { ...found, reasons: mostOf(found.reasons) }
}

/** A reason may quote a value, so there may be as many as runs. */
function mostOf(reasons: Backtested['reasons']): Backtested['reasons'] {
  const all = Object.entries(reasons).toSorted(([, a], [, b]) => b - a)
  const rest = all.slice(MOST_REASONS).reduce((sum, [, count]) => sum + count, 0)
  return Object.fromEntries([...all.slice(0, MOST_REASONS), ...(rest > 0 ? [['others', rest] as const] : [])])
}
