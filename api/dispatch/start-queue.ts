import type { RunRef } from '../../engine/ports.ts'
import type { EnteredRun } from '../enroll/enroll.ts'

export interface StartQueueDeps {
  /** Starts their workflows. Safe to repeat. */
  startRuns(runs: EnteredRun[]): Promise<void>
  /** Notes that these were handed over, so that no sweep hands them over again while they wait for their first step. */
  noteStarted(runs: RunRef[]): Promise<void>
  onError(error: unknown): void
}

export interface StartQueue {
  add(runs: EnteredRun[]): void
  /** Whether the run waits here, or was handed over and not yet noted: a sweep has nothing to make up for. */
  holds(run: RunRef): boolean
  /** Resolves when what is under way is handed over. What still waits is left to the sweep of whichever process lives. */
  stop(): Promise<void>
}

/** Calls at once, and runs in each: few, so that what comes next waits for few. */
const LANES = 5
const GROUP = 2
/** After a failed call nothing is tried for so long; the failed runs are left to the sweep. */
const PAUSE_MS = 1000
/** Most runs have begun long before. */
const NOTE_AFTER_MS = 1000

/**
 * Starts runs after their commit, a playbook in turn with the others: a burst of one does not stand before another's
 * first run. Nothing is lost with it: a run that was committed and not started is in the database.
 */
export function createStartQueue(deps: StartQueueDeps): StartQueue {
  const waiting = new Map<string, EnteredRun[]>()
  const held = new Set<string>()
  const lanes = new Set<Promise<void>>()
  let handed: RunRef[] = []
  let noting: Promise<void> | null = null
  let pausedUntil = Number.NEGATIVE_INFINITY
  let stopped = false
  let wake: () => void = () => undefined
  const stopping = new Promise<void>((resolve) => {
    wake = resolve
  })

  const next = (): EnteredRun[] => {
    const group: EnteredRun[] = []
    for (const [playbookId, runs] of waiting) {
      const run = runs.shift()
      // To the back of the line, behind the other playbooks.
      waiting.delete(playbookId)
      if (runs.length > 0) waiting.set(playbookId, runs)
      if (run) group.push(run)
      if (group.length === GROUP) break
    }
    return group
  }
  const hand = async (): Promise<void> => {
    for (let group = next(); group.length > 0; group = next()) {
      const pausedMs = pausedUntil - performance.now()
      if (pausedMs > 0) await pause(pausedMs, stopping)
      if (stopped) return
      try {
        await deps.startRuns(group)
        handed.push(...group)
        noting ??= note()
      } catch (error) {
        pausedUntil = performance.now() + PAUSE_MS
        for (const run of group) held.delete(keyOf(run))
        deps.onError(error)
      }
    }
  }
  const note = async (): Promise<void> => {
    while (handed.length > 0) {
      await pause(NOTE_AFTER_MS, stopping)
      const runs = handed
      handed = []
      await deps.noteStarted(runs).catch(deps.onError)
      for (const run of runs) held.delete(keyOf(run))
    }
    noting = null
  }
  const pump = (): void => {
    const open = Math.min(LANES - lanes.size, Math.ceil(held.size / GROUP))
    for (let i = 0; i < open; i++) {
      const lane = hand()
      lanes.add(lane)
      void lane.finally(() => lanes.delete(lane))
    }
  }
  return {
    add: (runs) => {
      for (const run of runs) {
        held.add(keyOf(run))
        const queue = waiting.get(run.playbookId)
        if (queue) queue.push(run)
        else waiting.set(run.playbookId, [run])
      }
      if (runs.length > 0) pump()
    },
    holds: (run) => held.has(keyOf(run)),
    stop: async () => {
      stopped = true
      wake()
      await Promise.all(lanes)
      await noting
    },
  }
}

const keyOf = (run: RunRef): string => `${run.workspaceId} ${run.runId}`

/** Waits, or not longer than until the queue is stopped. */
async function pause(ms: number, stopping: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const slept = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([slept, stopping])
  clearTimeout(timer)
}
