import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'

/** Of one tick in /proc; fixed at 100 a second on every Linux that Node runs on. */
const TICK_MS = 10

interface ProcessTimes {
  parent: number
  /** Milliseconds of its own, and of children it has waited for. */
  cpuMs: number
}

/** One line about this machine as it is now, to be printed before and after each bench. */
export function machineLine(): string {
  const load = loadavg()
    .map((value) => value.toFixed(2))
    .join(' ')
  return `load ${load} · ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}) · Node ${process.versions.node}`
}

/**
 * CPU milliseconds used so far by these processes and all they started (a Postgres has a process a connection).
 * @throws Error where there is no /proc
 */
export function cpuMsOfTrees(pids: readonly number[]): number {
  const times = processTimes()
  const belongs = new Map<number, boolean>()
  const isWithin = (pid: number): boolean => {
    const known = belongs.get(pid)
    if (known !== undefined) return known
    const own = times.get(pid)
    const within = pids.includes(pid) || (own !== undefined && own.parent > 1 && isWithin(own.parent))
    belongs.set(pid, within)
    return within
  }
  return [...times].reduce((sum, [pid, { cpuMs }]) => (isWithin(pid) ? sum + cpuMs : sum), 0)
}

function processTimes(): Map<number, ProcessTimes> {
  const found = new Map<number, ProcessTimes>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = readStat(entry)
    if (stat === null) continue
    // The name in brackets may hold anything; the fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
    found.set(Number(entry), { parent: Number(fields[1]), cpuMs: ticks * TICK_MS })
  }
  return found
}

/** null: it ended between the listing and the reading. */
function readStat(pid: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
