import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

const HEARTBEAT_MS = 4000

/** Pages in docs/errors/start that the bootstrap names. */
export const BOOTSTRAP_PAGES = ['NODE_TOO_OLD', 'PACKAGES_NOT_INSTALLED', 'TEMPORAL_MISSING']

/** An error that a person can act on: its message is the whole story, a stack trace would only hide it. */
export class UserError extends Error {
  /** @param {string} message @param {string | null} [page] Name of the page in docs/errors/start that says more. */
  constructor(message, page = null) {
    super(message)
    this.page = page
  }
}

/** The message as a terminal shows it, with the page to read on. */
export const explain = (error) =>
  error.page === null ? error.message : `${error.message}\nMore: docs/errors/start/${error.page}.md`

/** Whole and tenth seconds since `since` (milliseconds of `performance.now()`), as `12.3 s`. */
export const elapsed = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

/** Prints one line of progress to standard error: standard output belongs to what runs after the bootstrap. */
export const say = (text) => {
  process.stderr.write(`${text}\n`)
}

/**
 * Runs `work` under a heading, with a line when it ends and a heartbeat while it is silent.
 * @template T
 * @param {string} title
 * @param {(log: (line: string) => void) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work, log = say) {
  const start = performance.now()
  log(`• ${title} …`)
  const timer = setInterval(() => log(`  … still: ${title} (${elapsed(start)})`), HEARTBEAT_MS)
  try {
    const result = await work((line) => log(`  ${line}`))
    log(`  done in ${elapsed(start)}`)
    return result
  } finally {
    clearInterval(timer)
  }
}

/**
 * Runs a command to its end and collects what it prints. Never throws for a failing command.
 * @param {string} command
 * @param {string[]} args
 * @param {{ timeoutMs?: number, env?: NodeJS.ProcessEnv, cwd?: string, onLine?: (line: string) => void }} [options]
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    })
    const collect = (chunk) => {
      output = (output + chunk).slice(-200_000)
      for (const line of String(chunk).split('\n')) if (line.trim() !== '') options.onLine?.(line.trimEnd())
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code, signal) => {
      const late = signal === 'SIGKILL' && options.timeoutMs !== undefined
      const plain = stripVTControlCharacters(output)
      resolve({ ok: code === 0, output: late ? `${plain}\nstopped after ${options.timeoutMs / 1000} s` : plain })
    })
  })
}

/** The last lines of a command's output that say something, for an error message. */
export const tail = (output, lines = 4) =>
  output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-lines)
    .join(' | ')
