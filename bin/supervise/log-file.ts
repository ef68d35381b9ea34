import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const ROTATE_AT_BYTES = 10 * 1024 * 1024
const KEPT_LINES = 40

/** One process's log: a file with one older generation, and the last lines at hand for error messages. */
export type LogFile = {
  path: string
  write: (line: string) => void
  /** The last lines written by this run, oldest first. */
  recent: (count: number) => string[]
}

/** Opens `path` for appending, making its folder; at 10 MB the file becomes `<path>.1`. */
export function openLogFile(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true })
  let bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const last: string[] = []
  return {
    path,
    write: (line) => {
      last.push(line)
      if (last.length > KEPT_LINES) last.shift()
      if (bytes > ROTATE_AT_BYTES) {
        renameSync(path, `${path}.1`)
        bytes = 0
      }
      // Synchronous, so that what a process said last is in the file even when the supervisor is killed next.
      appendFileSync(path, `${line}\n`)
      bytes += Buffer.byteLength(line) + 1
    },
    recent: (count) => last.slice(-count),
  }
}
