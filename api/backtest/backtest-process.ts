import pg from 'pg'
import { BacktestRefused } from '../../engine/backtest/reading.ts'
import type { ClaimedBacktest } from './backtest-store.ts'
import { type BacktestResult, runBacktest } from './run-backtest.ts'

/** What the process is told to do. */
export interface BacktestOrder {
  url: string
  job: ClaimedBacktest
}

/** What it says. */
export type BacktestWord = { progress: number } | { result: BacktestResult } | { refused: string }

const EVERY_MS = 250

/** One backtest in a process of its own, which nobody's work waits for: it takes its order by message and ends with it. */
process.once('message', (order: BacktestOrder) => {
  void carryOut(order).then(
    () => process.disconnect?.(),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
// Whoever asked is gone, so nobody waits for the answer.
process.once('disconnect', () => process.exit())

async function carryOut({ url, job }: BacktestOrder): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'signalbox backtest' })
  await client.connect()
  let told = performance.now()
  const progress = (share: number): void => {
    if (performance.now() - told < EVERY_MS) return
    told = performance.now()
    process.send?.({ progress: share } satisfies BacktestWord)
  }
  try {
    await say({ result: await runBacktest(client, job, progress) })
  } catch (error) {
    if (!(error instanceof BacktestRefused)) throw error
    await say({ refused: error.message })
  } finally {
    await client.end()
  }
}

const say = (word: BacktestWord): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(word, (error: Error | null) => (error ? reject(error) : resolve()))
  })
