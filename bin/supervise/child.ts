import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { removePidFile, writePidFile } from './pid-files.ts'

/** One process to start. */
export type ChildSpec = {
  name: string
  command: string
  args: string[]
  env: Record<string, string | undefined>
  /** For a program that may not run as the present user. */
  as?: { uid?: number; gid?: number }
  /** What it prints, anywhere in a line, once it answers. */
  readyText: string
  stopSignal: 'SIGTERM' | 'SIGINT'
  /** Milliseconds from the stop signal to SIGKILL. */
  graceMs: number
}

/** How a process ended. */
export type Exit = { code: number | null; signal: NodeJS.Signals | null }

/** A started process. */
export type Child = {
  pid: number
  /** Resolves when it says that it answers; never, if it ends before. */
  ready: Promise<void>
  exited: Promise<Exit>
  /** Sends the stop signal, and SIGKILL after the grace. Resolves when it has ended. */
  stop: () => Promise<Exit>
  kill: () => void
}

/** Where a supervisor keeps the pid files, and which of its runs this is. */
export type RunFolder = { pids: string; run: string }

/**
 * Starts a process in its own session, so that Ctrl-C in the terminal reaches the supervisor alone, with a pipe as
 * standard input whose end tells it that the supervisor is gone.
 *
 * @param onLine Called with each line of its standard output and error.
 */
export function startChild(spec: ChildSpec, folder: RunFolder, onLine: (line: string) => void): Child {
  const process = spawn(spec.command, spec.args, {
    env: { ...spec.env, SIGNALBOX_SUPERVISED: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: spec.as?.uid === undefined ? undefined : '/',
    ...spec.as,
  })
  const pid = process.pid
  if (pid !== undefined)
    writePidFile(folder.pids, { name: spec.name, pid, run: folder.run, stopSignal: spec.stopSignal })
  // A child that is gone closes its end; writing is never attempted, but the pipe may still report it.
  process.stdin.on('error', () => undefined)

  const ready = Promise.withResolvers<void>()
  const read = (stream: Readable) => {
    createInterface({ input: stream }).on('line', (line) => {
      if (line.includes(spec.readyText)) ready.resolve()
      onLine(line)
    })
  }
  read(process.stdout)
  read(process.stderr)

  const exited = new Promise<Exit>((resolve) => {
    process.once('error', (error) => {
      onLine(`could not be started: ${error.message}`)
      resolve({ code: null, signal: null })
    })
    process.once('exit', (code, signal) => {
      removePidFile(folder.pids, spec.name)
      resolve({ code, signal })
    })
  })
  return {
    pid: pid ?? 0,
    ready: ready.promise,
    exited,
    stop: () => stop(process, spec, exited),
    kill: () => process.kill('SIGKILL'),
  }
}

async function stop(process: ChildProcess, spec: ChildSpec, exited: Promise<Exit>): Promise<Exit> {
  if (process.exitCode === null && process.signalCode === null) process.kill(spec.stopSignal)
  const timer = setTimeout(() => process.kill('SIGKILL'), spec.graceMs)
  try {
    return await exited
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Starts the watcher that ends every process of this run once this process is gone, even by kill -9.
 * It has to be started before the processes it watches over, so that there is no moment without it.
 */
export function watchOrphans(folder: RunFolder): { stop: () => void } {
  const script = fileURLToPath(new URL('watch-orphans.sh', import.meta.url))
  const watcher = spawn('/bin/sh', [script, folder.pids, folder.run], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  })
  watcher.stdin.on('error', () => undefined)
  watcher.unref()
  return { stop: () => watcher.kill('SIGKILL') }
}
