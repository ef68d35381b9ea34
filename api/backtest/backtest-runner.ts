import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { onPool } from '../db/sql.ts'
import type { BacktestOrder, BacktestWord } from './backtest-process.ts'
import { claimBacktest, type ClaimedBacktest, endBacktest, MOST_ATTEMPTS, noteProgress } from './backtest-store.ts'
import type { BacktestResult } from './run-backtest.ts'

export interface BacktestRunnerDeps {
  pool: pg.Pool
  /** For the connection of the backtest's own process. */
  url: string
  /** Milliseconds since 1970. */
  clock: () => number
  onError(error: unknown): void
}

const IDLE_MS = 1_000
/** So often it is told how far a backtest is, and asked whether it is still wanted. */
const BEAT_MS = 1_000
/** Of the process that a backtest runs in. */
const MOST_MEMORY_MB = 1_024

/**
 * Carries out backtests until it is stopped, one at a time, each in a process of its own that yields to all others.
 * Any number of processes may run one; what one of them leaves behind when it dies another begins anew.
 */
export function startBacktestRunner(deps: BacktestRunnerDeps): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const worker = randomUUID()
  const q = onPool(deps.pool)
  const loop = async (): Promise<void> => {
    while (!signal.aborted)
      try {
        const job = await claimBacktest(q, { worker, now: deps.clock() })
        if (job === null) await sleep(IDLE_MS, undefined, { signal }).catch(() => undefined)
        else await carryOut(deps, { job, worker, signal })
      } catch (error) {
        deps.onError(error)
        await sleep(IDLE_MS, undefined, { signal }).catch(() => undefined)
      }
  }
  const running = loop()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

async function carryOut(
  { pool, url, clock }: BacktestRunnerDeps,
  { job, worker, signal }: { job: ClaimedBacktest; worker: string; signal: AbortSignal },
): Promise<void> {
  const q = onPool(pool)
  const held = () => ({ workspaceId: job.workspaceId, id: job.id, worker, now: clock() })
  if (job.attempts > MOST_ATTEMPTS)
    return endBacktest(q, held(), {
      fault: `It was begun ${MOST_ATTEMPTS} times, and each time the process that carried it out died. Try fewer days; the log of the worker may say why.`,
    })
  let progress = 0
  const process = startProcess({ url, job }, (share) => (progress = share))
  const stop = (): void => void process.child.kill('SIGKILL')
  signal.addEventListener('abort', stop)
  const beat = setInterval(() => {
    void noteProgress(q, held(), progress).then(
      (wanted) => wanted || stop(),
      // The database is away for a moment; the next beat asks again.
      () => undefined,
    )
  }, BEAT_MS)
  try {
    const came = await process.ended
    // Cancelled, or we are stopping: then whoever comes next begins it anew.
    if (came !== null) await endBacktest(q, held(), came)
  } finally {
    clearInterval(beat)
    signal.removeEventListener('abort', stop)
  }
}

type Came = { result: BacktestResult } | { fault: string } | null

function startProcess(
  order: BacktestOrder,
  progress: (share: number) => void,
): { child: ChildProcess; ended: Promise<Came> } {
  const child = fork(join(import.meta.dirname, 'backtest-process.ts'), [], {
    execArgv: ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${MOST_MEMORY_MB}`],
    serialization: 'advanced',
  })
  const { pid } = child
  if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW)
  let came: Came = null
  child.on('message', (word: BacktestWord) => {
    if ('progress' in word) progress(word.progress)
    else came = 'refused' in word ? { fault: word.refused } : word
  })
  const ended = new Promise<Came>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, by) => {
      if (came !== null || by === 'SIGKILL') return resolve(came)
      resolve({ fault: wordsOf(code, by) })
    })
  })
  child.send(order, (error) => {
    // It ended before it was told; its exit says so.
    if (error) child.kill('SIGKILL')
  })
  return { child, ended }
}

function wordsOf(code: number | null, by: NodeJS.Signals | null): string {
  if (by === 'SIGABRT' || code === 134) return `There was more to keep than ${MOST_MEMORY_MB} MB hold. Try fewer days.`
  return `Its process ended (${by ?? `code ${code ?? 0}`}). The log of the worker says why.`
}
