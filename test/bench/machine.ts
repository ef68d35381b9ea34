import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'

/** Of one tick in /proc; fixed at 100 a second on every Linux that Node runs on. */
const TICK_MS = 10

interface ProcessTimes {
  parent: number
  /** Milliseconds of its own, and of children it has waited for. */
  cpuMs: number
}

/** What the whole machine and this bench have used so far, in milliseconds of CPU. */
export interface CpuMark {
  at: number
  allMs: number
  ownMs: number
}

export function cpuMark(): CpuMark {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  // user, nice, system, idle, iowait, irq, softirq, steal: what is left without the two idle ones was used by somebody.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  const busy = ticks.reduce((sum, each, at) => (at === 3 || at === 4 ? sum : sum + each), 0)
  return { at: performance.now(), allMs: busy * TICK_MS, ownMs: cpuMsOfTrees([process.pid]) }
}

/** How busy the cores were since the mark, and how much of that was not the bench: figures of a shared machine say little. */
export function sinceMark(mark: CpuMark): string {
  const now = cpuMark()
  const capacity = (now.at - mark.at) * availableParallelism()
  const share = (ms: number) => `${Math.max(0, Math.round((ms / capacity) * 100))}%`
  const own = now.ownMs - mark.ownMs
  return `of all cores the bench used ${share(own)}, others ${share(now.allMs - mark.allMs - own)}`
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
  return treesOf(pids).reduce((sum, { cpuMs }) => sum + cpuMs, 0)
}

/**
 * Resident bytes of these processes and all they started. What several share (Postgres its buffers) counts once.
 * @throws Error where there is no /proc, or it is not ours to read
 */
export function residentBytesOfTrees(pids: readonly number[]): number {
  return treesOf(pids).reduce((sum, { pid }) => {
    const text = readProc(`${pid}/smaps_rollup`)
    // A process without memory of its own is one that has just ended.
    const [, kilobytes = '0'] = /^Pss:\s+(\d+) kB/m.exec(text ?? '') ?? []
    return sum + Number(kilobytes) * 1024
  }, 0)
}

function treesOf(pids: readonly number[]): Array<{ pid: number; cpuMs: number }> {
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
  return [...times].flatMap(([pid, { cpuMs }]) => (isWithin(pid) ? [{ pid, cpuMs }] : []))
}

function processTimes(): Map<number, ProcessTimes> {
  const found = new Map<number, ProcessTimes>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = readProc(`${entry}/stat`)
    if (stat === null) continue
    // The name in brackets may hold anything; the fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
    found.set(Number(entry), { parent: Number(fields[1]), cpuMs: ticks * TICK_MS })
  }
  return found
}

/** null: it ended between the listing and the reading. */
function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}

/**
 * @param pids of an instance, `supervisor` among them
 * @returns what each process has used since, in milliseconds
 */
export function cpuMeter(pids: () => { [name: string]: number }): () => { [name: string]: number } {
  const now = () => Object.entries(pids()).map(([name, pid]) => [name, cpuMsOfTrees([pid])] as const)
  // The supervisor is everybody's parent; its own share is what the others have not used, but for the ticks' rounding.
  const before = new Map(now())
  return () => {
    const used = new Map(now().map(([name, ms]) => [name, ms - (before.get(name) ?? 0)]))
    const all = used.get('supervisor')
    used.delete('supervisor')
    const others = [...used.values()].reduce((total, ms) => total + ms, 0)
    if (all !== undefined) used.set('supervisor', Math.max(0, all - others))
    return Object.fromEntries(used)
  }
}

export const cpuSum = (parts: { [name: string]: number }): number =>
  Object.values(parts).reduce((total, ms) => total + ms, 0)
