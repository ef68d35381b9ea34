import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunFolder } from './child.ts'
import type { DataFolder } from './data-folder.ts'
import { isAlive, type PidRecord, readPidFiles, removePidFile, writePidFile } from './pid-files.ts'
import { UserError } from './user-error.ts'

const SUPERVISOR = 'supervisor'
const GRACE_MS = 3000
const POLL_MS = 50

/**
 * Claims the data folder for this process: refuses when another supervisor runs on it, and ends what one that was
 * killed may have left behind, so that nothing else writes to the same databases.
 *
 * @throws {UserError} when another supervisor is alive
 */
export async function takeOver(folder: DataFolder, say: (line: string) => void): Promise<RunFolder> {
  const run = randomUUID()
  const records = readPidFiles(folder.pids)
  const other = records.find((record) => record.name === SUPERVISOR)
  if (other !== undefined && other.pid !== process.pid && isAlive(other)) {
    throw new UserError(
      `Another Signalbox (pid ${other.pid}) runs on the data folder ${folder.path}. ` +
        'Stop it, or start this one with another SIGNALBOX_DATA_DIR, SIGNALBOX_PORT and SIGNALBOX_SANDBOX_PORT.',
      'ALREADY_RUNNING',
    )
  }
  writePidFile(folder.pids, { name: SUPERVISOR, pid: process.pid, run, stopSignal: 'SIGTERM' })
  const left = records.filter((record) => record.name !== SUPERVISOR)
  await Promise.all(left.map((record) => end(record, folder, say)))
  // Two that started in the same moment both got here; the one whose file it is goes on.
  if (readPidFiles(folder.pids).find((record) => record.name === SUPERVISOR)?.run !== run) {
    throw new UserError(
      `Another Signalbox was started on the data folder ${folder.path} at the same moment; it goes on.`,
    )
  }
  return { pids: folder.pids, run }
}

/** Gives the data folder back. */
export function release(folder: RunFolder): void {
  removePidFile(folder.pids, SUPERVISOR)
}

async function end(record: PidRecord, folder: DataFolder, say: (line: string) => void): Promise<void> {
  if (isAlive(record)) {
    say(`Ending ${record.name} (pid ${record.pid}), which an earlier run left behind`)
    signal(record, record.stopSignal)
    const deadline = performance.now() + GRACE_MS
    while (isAlive(record)) {
      if (performance.now() > deadline) signal(record, 'SIGKILL')
      await sleep(POLL_MS)
    }
  }
  removePidFile(folder.pids, record.name)
}

function signal(record: PidRecord, name: NodeJS.Signals): void {
  try {
    process.kill(record.pid, name)
  } catch (error) {
    // It ended by itself in between.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
