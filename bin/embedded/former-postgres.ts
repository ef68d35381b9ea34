import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 50
/** A fast shutdown under load; after it, the former server is ended for good. */
const GRACE_MS = 5_000

/**
 * Waits until no server of an earlier run writes to the data folder: after a kill -9 it may still be shutting down
 * while its pid file is gone already, and a second server would refuse to start beside it.
 * @param dataDir Postgres's own data folder
 */
export async function formerPostgresGone(dataDir: string): Promise<void> {
  const deadline = performance.now() + GRACE_MS
  for (let pid = serverOf(dataDir); pid !== null; pid = serverOf(dataDir)) {
    if (performance.now() > deadline) endServer(pid)
    await sleep(POLL_MS)
  }
}

/** The server that the lock file names, if it still runs and is a Postgres. */
function serverOf(dataDir: string): number | null {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0])
    // A lock file outlives a kill -9, and its pid may be another program's by now.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres') ? pid : null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}

function endServer(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT')
  } catch (error) {
    // It ended by itself in between.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
