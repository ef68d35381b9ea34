import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One process of one run of a supervisor. The files are also read by watch-orphans.sh: keep the order of the lines. */
export type PidRecord = {
  name: string
  pid: number
  /** Which run of a supervisor started it. */
  run: string
  stopSignal: 'SIGTERM' | 'SIGINT'
  /** The kernel's start time of the process, so that a reused pid is not taken for it; empty where unknown. */
  startTime: string
}

/** Writes `<folder>/<name>.pid`. */
export function writePidFile(folder: string, record: Omit<PidRecord, 'startTime'>): void {
  mkdirSync(folder, { recursive: true })
  const lines = [record.pid, record.run, record.stopSignal.replace('SIG', ''), processStartTime(record.pid)]
  writeFileSync(join(folder, `${record.name}.pid`), `${lines.join('\n')}\n`)
}

/** Removes the pid file of `name` if it is there. */
export function removePidFile(folder: string, name: string): void {
  rmSync(join(folder, `${name}.pid`), { force: true })
}

/** Every readable pid file in `folder`; an unreadable or half written one names no process. */
export function readPidFiles(folder: string): PidRecord[] {
  let entries: string[]
  try {
    entries = readdirSync(folder).filter((entry) => entry.endsWith('.pid'))
  } catch {
    return []
  }
  return entries.flatMap((entry) => {
    const [pid, run, signal, startTime = ''] = readFileSync(join(folder, entry), 'utf8').split('\n')
    if (!Number.isInteger(Number(pid)) || Number(pid) <= 0 || run === undefined) return []
    const stopSignal = signal === 'INT' ? ('SIGINT' as const) : ('SIGTERM' as const)
    return [{ name: entry.slice(0, -'.pid'.length), pid: Number(pid), run, stopSignal, startTime }]
  })
}

/** Whether the very process of `record` still runs (and not another that got its pid later). */
export function isAlive(record: Pick<PidRecord, 'pid' | 'startTime'>): boolean {
  try {
    process.kill(record.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const { startTime, state } = processStat(record.pid)
  if (state === 'Z') return false
  return record.startTime === '' || startTime === '' || startTime === record.startTime
}

/** The kernel's start time of a process in clock ticks since boot, empty where /proc is not there. */
export function processStartTime(pid: number): string {
  return processStat(pid).startTime
}

function processStat(pid: number): { state: string; startTime: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may hold spaces; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTime: fields[19] ?? '' }
  } catch {
    return { state: '', startTime: '' }
  }
}
