import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { freePort } from '../../bin/embedded/free-port.ts'

const execute = promisify(execFile)
const READY = 'Signalbox is ready: '
const LIMIT_MS = 8 * 60_000
const STOP_LIMIT_MS = 20_000
const WARM_STARTS = 3

export interface Starts {
  /** Of a fresh clone in an empty folder, with nothing installed. */
  firstSeconds: number
  /** Of the same folder with its data. The best of a few. */
  warmSeconds: number
}

/**
 * Clones what is committed, and runs `npm start` in it: once with nothing there, then again and again on its data.
 * @throws Error with what it printed, when it is not ready within eight minutes
 */
export async function measureStarts(): Promise<Starts> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-clone-'))
  try {
    const root = join(import.meta.dirname, '../..')
    await execute('git', ['clone', '--quiet', '--no-hardlinks', root, folder])
    const env: NodeJS.ProcessEnv = {
      ...plain(process.env),
      SIGNALBOX_PORT: String(await freePort()),
      SIGNALBOX_SANDBOX_PORT: String(await freePort()),
    }
    const firstSeconds = await timeStart(folder, env)
    const warm: number[] = []
    for (let i = 0; i < WARM_STARTS; i += 1) warm.push(await timeStart(folder, env))
    return { firstSeconds, warmSeconds: Math.min(...warm) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function timeStart(cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now()
  // A group of its own, so that what Ctrl-C does in a terminal can be done to it: npm and all it started.
  const child = spawn('npm', ['start'], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const ready = new Promise<number>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`npm start ${why}. It said:\n${lines.slice(-30).join('\n')}`))
    const timer = setTimeout(() => fail(`was not ready in ${LIMIT_MS / 1000} s`), LIMIT_MS)
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (!line.startsWith(READY)) return
        clearTimeout(timer)
        resolve((performance.now() - began) / 1000)
      })
    child.once('error', (error) => fail(`could not be started (${error.message})`))
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      fail(`ended (${signal ?? code})`)
    })
  })
  try {
    return await ready
  } finally {
    if (child.exitCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGINT')
      const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), STOP_LIMIT_MS)
      await once(child, 'close')
      clearTimeout(timer)
    }
  }
}

/** Neither the product's settings of this shell, nor what npm told the bench's own process, nor this clone's programs. */
function plain(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(SIGNALBOX_|TEMPORAL_|npm_|NODE_COMPILE_CACHE|PATH$)/i
  const kept = Object.entries(variables).filter(([name]) => !ours.test(name))
  const path = (variables.PATH ?? '').split(delimiter).filter((part) => !part.endsWith('node_modules/.bin'))
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) }
}
